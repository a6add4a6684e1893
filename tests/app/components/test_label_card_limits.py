"""The card at its limits: many classes, deep undo, keys faster than anyone, names as nobody wishes for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.app.components.card_checks import acts, says, shows, wait_for
from tests.app.components.card_server import STORE, Opener, make_classes

pytestmark = pytest.mark.browser

LONG = "x" * 10_000
STRANGE_NAMES = (
    "🦊 fox",
    "\"quoted\" & 'single'",
    "שלום עולם",
    "</button><script>window.hit = 1</script>",
    "a\u202eb",
    LONG,
)


def press_without_pause(page: Page, keys: int, *, apart_ms: float) -> None:
    """Press class keys from within the page, at most this far apart."""
    page.evaluate(
        """async ([count, apart]) => {
          const began = performance.now()
          for (let number = 0; number < count; number++) {
            const key = String(number % 10)
            document.dispatchEvent(new KeyboardEvent('keydown', {key, code: `Digit${key}`, bubbles: true}))
            const due = began + (number + 1) * apart
            if (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 0))
          }
        }""",
        [keys, apart_ms],
    )


def test_classes__type_ahead_among_150(open_card: Opener) -> None:
    page = open_card(view="text", classes=make_classes([f"intent {n:03}" for n in range(150)]))
    expect(page.locator(".class")).to_have_count(150)
    for number, typed in enumerate(("t 149", "INTENT 007", "088")):
        page.keyboard.press("/")
        page.keyboard.type(typed)
        expect(page.locator(".class:visible")).to_have_count(1)
        page.keyboard.press("Enter")
        shows(page, f"item-{number + 1}")

    wait_for(lambda: len(STORE.history) == 3, what="three labels")
    assert [entry["class_id"] for entry in STORE.history] == [150, 8, 89]


def test_classes__type_ahead_that_finds_nothing_stores_nothing(open_card: Opener) -> None:
    page = open_card(view="text", classes=make_classes([f"intent {n:03}" for n in range(150)]))
    page.keyboard.press("/")
    page.keyboard.type("no such class")
    expect(page.get_by_text("No class of that name.")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")

    shows(page, "item-0")
    assert STORE.posts == []
    expect(page.locator(".class:visible")).to_have_count(150)


@pytest.mark.slow
def test_classes__a_thousand_can_be_found_and_used(open_card: Opener) -> None:
    page = open_card(view="text", classes=make_classes([f"species {n:04}" for n in range(1000)]))
    page.keyboard.press("/")
    page.keyboard.type("0999")
    page.keyboard.press("Enter")

    shows(page, "item-1")
    wait_for(lambda: len(STORE.history) == 1, what="a label")
    assert STORE.history[0]["class_id"] == 1000


def test_classes__strange_names_stay_text_and_keep_the_layout(open_card: Opener) -> None:
    page = open_card(view="text", classes=make_classes(STRANGE_NAMES))

    expect(page.locator(".class .name")).to_have_text([name.strip() for name in STRANGE_NAMES])
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("6")
    shows(page, "item-1")
    wait_for(lambda: len(STORE.history) == 1, what="a label of the long name")
    assert STORE.history[0]["class_id"] == 6


def test_keys__the_key_of_flag_is_no_class_key(open_card: Opener) -> None:
    classes = make_classes(["fox", "owl"])
    classes[0]["key"] = "f"
    page = open_card(classes=classes)

    expect(page.locator("[data-class='1'] kbd")).to_have_text("1")
    page.keyboard.press("f")
    expect(page.get_by_role("dialog", name="Flag this item")).to_be_visible()


def test_keys__a_thousand_a_second_label_no_item_twice(open_card: Opener) -> None:
    page = open_card(item_count=2000)
    press_without_pause(page, 1000, apart_ms=1)
    says(page, "Saved", within_ms=60_000)

    keys = [key for act, key in acts() if act == "label"]
    assert len(keys) == len(set(keys))
    assert len(keys) >= 20
    assert keys == [f"item-{number}" for number in range(len(keys))]
    assert len({entry["uid"] for entry in STORE.posts}) == len(keys)


@pytest.mark.slow
def test_undo__fifty_deep_across_a_reload(open_card: Opener) -> None:
    page = open_card()
    for number in range(50):
        page.keyboard.press(str(number % 10))
        shows(page, f"item-{number + 1}")
    wait_for(lambda: len(STORE.history) == 50, what="fifty labels", limit_s=30)
    labelled = [entry["uid"] for entry in STORE.history]
    page.reload()
    shows(page, "item-50")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()

    for number in reversed(range(50)):
        page.keyboard.press("Control+z")
        shows(page, f"item-{number}")

    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    wait_for(lambda: len(STORE.history) == 100, what="fifty undos", limit_s=30)
    assert [entry["undoes_uid"] for entry in STORE.history[50:]] == labelled[::-1]
