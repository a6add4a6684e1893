"""The card in a real Chromium against a real server: labels, keys, classes, views, timing."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from app.components.label_card import PARTS, LabelCard
from tests.app.components.card_checks import acts, says, shows, wait_for
from tests.app.components.card_server import STORE, Opener, make_classes, tell_card
from tests.browser.pages import draw_anew, lasting_violations

pytestmark = pytest.mark.browser
PAGE_RULES = ("region", "landmark-one-main", "page-has-heading-one", "html-has-lang", "document-title")
"""Rules of axe about the page around the card, which this page of a test has not got."""


def test_label__a_key_stores_the_class_and_shows_the_next_item(open_card: Opener) -> None:
    page = open_card()

    page.keyboard.press("3")

    shows(page, "item-1")
    says(page, "Saved")
    stored = STORE.history[0]
    assert (stored["item_key"], stored["act"], stored["class_id"], stored["round"]) == (
        "item-0",
        "label",
        3,
        1,
    )
    assert (stored["kind"], stored["strategy"], stored["suggested_class_id"]) == ("discover", "prospect", 1)
    expect(page.locator("[data-class='3'] .count")).to_have_text("1")


def test_label__python_hears_of_the_item_and_the_revision(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("3")

    wait_for(lambda: STORE.cards[0].revision == 1, what="revision 1")
    wait_for(lambda: STORE.cards[0].current_key == "item-1", what="current item")
    wait_for(lambda: STORE.cards[0].current_row == 1, what="its row")
    wait_for(lambda: STORE.cards[0].unsaved_count == 0, what="nothing unsaved")


def test_label__a_burst_of_keys_arrives_in_order_and_once(open_card: Opener) -> None:
    page = open_card()

    page.keyboard.type("1234567890" * 2)  # as many as the browser holds ahead

    wait_for(lambda: len(STORE.history) == 20, what="twenty labels")
    assert acts() == [("label", f"item-{index}") for index in range(20)]
    assert [entry["class_id"] for entry in STORE.history] == [*range(1, 11)] * 2
    assert len({entry["uid"] for entry in STORE.history}) == 20


def test_label__a_click_labels_and_leaves_enter_to_the_suggestion(open_card: Opener) -> None:
    page = open_card()
    page.locator("[data-class='5']").click()
    shows(page, "item-1")

    page.keyboard.press("Enter")

    shows(page, "item-2")
    wait_for(lambda: len(STORE.history) == 2, what="two labels")
    assert [entry["class_id"] for entry in STORE.history] == [5, 2]


def test_keys__skip_unsure_and_letters_of_classes(open_card: Opener) -> None:
    classes = make_classes(["star", "galaxy", "quasar"])
    classes[0]["key"], classes[2]["key"] = "s", "q"  # s is taken by skip
    page = open_card(classes=classes)

    for key in ("s", "u", "q", "1", "3"):
        page.keyboard.press(key)

    wait_for(lambda: len(STORE.history) == 4, what="four annotations")
    assert [entry["act"] for entry in STORE.history] == ["skip", "unsure", "label", "label"]
    assert [entry["class_id"] for entry in STORE.history] == [None, None, 3, 1]


def test_keys__repeats_modifiers_and_typing_do_nothing(open_card: Opener) -> None:
    page = open_card()
    page.evaluate(
        "document.dispatchEvent(new KeyboardEvent('keydown', {key: '1', code: 'Digit1', repeat: true}))"
    )
    page.keyboard.press("Control+1")
    page.keyboard.press("Alt+2")
    page.get_by_role("button", name="+ class").click()
    page.keyboard.type("1s")
    page.keyboard.press("Escape")

    shows(page, "item-0")
    assert STORE.posts == []


def test_keys__flag_asks_for_a_comment_and_stores_both(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("f")
    expect(page.get_by_role("dialog", name="Flag this item")).to_be_visible()
    page.keyboard.type("1 star, 2 cores")
    page.keyboard.press("Enter")

    shows(page, "item-1")
    wait_for(lambda: len(STORE.history) == 1, what="the flag")
    flagged = STORE.history[0]
    assert (flagged["act"], flagged["item_key"], flagged["class_id"]) == ("flag", "item-0", None)
    assert flagged["comment"] == "1 star, 2 cores"


def test_keys__a_flag_that_is_cancelled_stores_nothing(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("f")
    page.keyboard.type("no")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Flag this item")).to_be_hidden()
    shows(page, "item-0")
    page.keyboard.press("1")
    wait_for(lambda: len(STORE.history) == 1, what="the label")
    assert acts() == [("label", "item-0")]


@pytest.mark.parametrize("keys", ["Control+Shift+Z", "Control+y"])
def test_keys__what_was_undone_is_done_again(open_card: Opener, keys: str) -> None:
    page = open_card()
    page.keyboard.press("3")
    page.keyboard.press("u")
    shows(page, "item-2")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    shows(page, "item-0")

    page.keyboard.press(keys)
    shows(page, "item-1")
    page.keyboard.press(keys)
    shows(page, "item-2")

    page.keyboard.press(keys)
    wait_for(lambda: len(STORE.history) == 6, what="two acts, two undos, the acts again")
    assert [(entry["act"], entry["class_id"]) for entry in STORE.history[-2:]] == [
        ("label", 3),
        ("unsure", None),
    ]
    assert len({entry["uid"] for entry in STORE.history}) == 6


def test_keys__a_flag_from_before_the_reload_keeps_its_comment(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("f")
    page.keyboard.type("blurred")
    page.keyboard.press("Enter")
    shows(page, "item-1")
    wait_for(lambda: len(STORE.history) == 1, what="the flag")
    page.reload()
    shows(page, "item-1")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    page.keyboard.press("Control+z")
    shows(page, "item-0")
    page.keyboard.press("Control+Shift+Z")

    wait_for(lambda: len(STORE.history) == 3, what="the flag again")
    again = STORE.history[-1]
    assert (again["act"], again["item_key"], again["comment"]) == ("flag", "item-0", "blurred")


def test_keys__after_another_answer_nothing_is_done_again(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("3")
    shows(page, "item-1")
    page.keyboard.press("Control+z")
    shows(page, "item-0")
    page.keyboard.press("4")
    shows(page, "item-1")
    page.keyboard.press("Control+Shift+Z")

    wait_for(lambda: len(STORE.history) == 3, what="label, undo, label")
    shows(page, "item-1")
    assert [entry["class_id"] for entry in STORE.history if entry["act"] == "label"] == [3, 4]


def test_keys__are_dead_while_another_page_is_shown(open_card: Opener) -> None:
    page = open_card()
    tell_card(active=False)
    page.wait_for_timeout(300)
    page.keyboard.press("1")
    shows(page, "item-0")

    tell_card(active=True)
    page.wait_for_timeout(300)
    page.keyboard.press("1")

    shows(page, "item-1")
    wait_for(lambda: len(acts()) > 0, what="the label")
    assert acts() == [("label", "item-0")]


def test_keys__the_overlay_opens_and_swallows_labels(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    shows(page, "item-0")
    assert STORE.posts == []


def test_classes__the_first_ones_are_typed_in(open_card: Opener) -> None:
    page = open_card(classes=[])
    expect(page.get_by_text("What classes are you looking for?")).to_be_visible()
    page.get_by_label("Names of the classes").fill("star, wrong\ngalaxy")
    page.get_by_role("button", name="Start labelling").click()
    expect(page.locator(".inline .error")).to_contain_text("is reserved")
    expect(page.get_by_label("Name of the new class")).to_have_value("wrong, galaxy")

    page.get_by_label("Name of the new class").fill("galaxy")
    page.keyboard.press("Enter")

    expect(page.locator(".class .name")).to_have_text(["star", "galaxy"])
    page.keyboard.press("2")
    wait_for(lambda: len(STORE.history) == 1, what="a label of the new class")
    assert STORE.history[0]["class_id"] == 2


def test_classes__come_with_the_queue_where_params_never_arrive(open_card: Opener) -> None:
    page = open_card(params=False)
    expect(page.locator(".class")).to_have_count(10)

    page.keyboard.press("1")

    says(page, "Saved")


def test_classes__many_are_filtered_and_picked_by_enter(open_card: Opener) -> None:
    page = open_card(view="text", classes=make_classes([f"intent {n:02}" for n in range(77)]))
    page.keyboard.press("/")
    page.keyboard.type("t 6")
    expect(page.locator(".class:visible")).to_have_count(10)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    shows(page, "item-1")
    wait_for(lambda: len(STORE.history) == 1, what="a label")
    assert STORE.history[0]["class_id"] == 62
    expect(page.locator(".class:visible")).to_have_count(77)


def test_text__markup_in_names_and_items_stays_text(open_card: Opener) -> None:
    page = open_card(view="text", classes=make_classes(["<img src=x onerror=window.hit=1>", "ham"]))

    expect(page.locator(".class .name").first).to_have_text("<img src=x onerror=window.hit=1>")
    expect(page.locator(".text")).to_contain_text("<b>why</b>")
    assert page.evaluate("window.hit") is None


def test_image__that_cannot_be_fetched_offers_to_try_again(open_card: Opener) -> None:
    page = open_card(broken_media=True)
    expect(page.locator(".note")).to_contain_text("The image could not be loaded")
    STORE.broken_media = False

    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".figure img")).to_be_visible()


@pytest.mark.parametrize(
    ("view", "words"), [("table", "u_0"), ("vector", "no picture or text"), ("unreadable", "truncated")]
)
def test_views__are_shown(open_card: Opener, view: str, words: str) -> None:
    page = open_card(view=view)

    expect(page.locator(".area")).to_contain_text(words)


@pytest.mark.parametrize(
    ("view", "fold"),
    [
        pytest.param("image", "", marks=pytest.mark.slow),
        ("picture", "Adjust"),
        pytest.param("text", "", marks=pytest.mark.slow),
        ("table", "Columns"),
        pytest.param("series", "", marks=pytest.mark.slow),
    ],
)
def test_page__has_no_accessibility_violations(open_card: Opener, view: str, fold: str) -> None:
    page = open_card(view=view)
    if fold:
        page.get_by_role("button", name=fold).click()
    if view == "text":
        page.get_by_label("Words to highlight").fill("card")

    for theme in ("light", "dark"):
        page.evaluate(
            f"document.documentElement.dataset.theme = '{theme}';"
            "document.body.style.background = 'var(--gp-bg)'"
        )
        rules = {rule: {"enabled": False} for rule in PAGE_RULES}
        assert lasting_violations(page, {"rules": rules}) == [], theme


def test_page__asks_nobody_but_our_server(open_card: Opener, address: str) -> None:
    page = open_card()
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url))
    page.reload()
    shows(page, "item-0")
    page.keyboard.press("1")
    says(page, "Saved")

    assert [url for url in strangers if not url.startswith((address, "blob:", "data:"))] == []


def test_links__lead_elsewhere_in_a_tab_of_their_own_and_are_never_fetched(
    open_card: Opener, address: str
) -> None:
    links = [
        {"name": "<b>SIMBAD</b>", "url": "https://simbad.example/id?q=a%26b"},
        {"name": "bad", "url": "javascript:window.hit=1"},
    ]
    page = open_card(links=links)
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url))
    page.keyboard.press("1")
    shows(page, "item-1")

    link = page.locator(".links a")
    expect(link).to_have_text("Look up in <b>SIMBAD</b> ↗")
    expect(link).to_have_attribute("href", links[0]["url"])
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")
    assert not [url for url in strangers if not url.startswith((address, "blob:", "data:"))]


def test_extra__is_shown_when_it_is_opened(open_card: Opener) -> None:
    page = open_card()
    page.get_by_text("More about this item").click()
    expect(page.locator(".more")).to_contain_text("ballpoint")
    page.keyboard.press("1")

    shows(page, "item-1")
    expect(page.locator(".more dd")).to_have_count(2)


def test_near__labelled_items_like_it_are_shown_once_a_person_dwells(open_card: Opener) -> None:
    page = open_card()
    near = page.get_by_role("region", name="Labelled items most like it")
    for passed in range(1, 20, 2):
        began = time.monotonic()
        page.keyboard.press("3")
        page.keyboard.press("4")
        dwelt_s = time.monotonic() - began
        expect(near).to_contain_text(f"like item-{passed + 1}")
        expect(near.locator(".smalltile")).to_have_count(2)
        expect(near.locator(".under").last).to_have_text("<b>quasar</b>")
        # On a busy machine the two keys may lie so far apart that the person dwelt.
        if dwelt_s < 0.3:
            break
    assert dwelt_s < 0.3, "no two keys in quick succession"
    assert STORE.compared[-1] == f"item-{passed + 1}"
    assert f"item-{passed}" not in STORE.compared


def test_timing__painted_and_saved_are_announced(open_card: Opener) -> None:
    page = open_card()
    page.evaluate(
        "window.seen = {}; for (const name of ['painted', 'saved'])"
        " addEventListener(`goldpan:${name}`, (event) => { window.seen[name] = event.detail })"
    )
    page.keyboard.press("1")
    says(page, "Saved")
    page.wait_for_function("window.seen.painted && window.seen.saved")
    seen = page.evaluate("window.seen")

    assert seen["painted"]["key"] == "item-1"
    assert 0 < seen["painted"]["painted_at"] - seen["painted"]["pressed_at"] < 1000
    assert seen["saved"]["uid"] == STORE.history[0]["uid"]
    assert seen["saved"]["saved_at"] > seen["saved"]["pressed_at"]


def test_card__script_joins_every_part_and_imports_nothing() -> None:
    source = str(LabelCard._esm)

    assert len(set(PARTS)) == len(PARTS)
    assert "export function render" in source
    assert "\nimport " not in source
    assert "https://" not in source


def test_classes__counts_come_with_the_queue_and_the_buttons_stay(open_card: Opener) -> None:
    page = open_card(params=False)
    button = page.locator("[data-class='2']")
    button.evaluate("(node) => { node.kept = true }")
    STORE.others = 7
    tell_card(round_number=2)

    expect(page.locator("[data-class='2'] .count")).to_have_text("7")
    assert button.evaluate("(node) => node.kept")


def test_render__drawn_anew_it_is_the_same_card_and_hears_of_rounds(open_card: Opener) -> None:
    page = open_card(params=False)
    button = page.locator("[data-class='2']")
    button.evaluate("(node) => { node.kept = true }")
    draw_anew(page)
    STORE.others = 7
    tell_card(round_number=2)

    expect(page.locator("[data-class='2'] .count")).to_have_text("7")
    assert button.evaluate("(node) => node.kept")
