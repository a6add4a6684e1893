"""What a reader does in the browser in docs/tutorials/banking77.md."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.pages import CARD, current_key, saved_uids, wait_for_item, wait_for_round
from tests.docs.steps_common import (
    PACE_MS,
    READY_MS,
    choose_for_class,
    go_to,
    stop_server,
    wait_until_learned,
)
from tests.docs.walk import Walk
from tests.servers import wait_for

__all__ = [
    "label_thirty",
    "look_at_the_balance",
    "open_the_page",
    "seek_by_words",
    "stop_server",
]

WORDS = "the cash machine kept my card"


def open_the_page(walk: Walk) -> None:
    """Wait for the first proposals."""
    wait_for_item(walk.open())


def seek_by_words(walk: Walk) -> None:
    """Type the words for the class, and wait for proposals that follow them."""
    page = walk.page
    choose_for_class(walk, "card_swallowed")
    field = page.get_by_role("textbox", name="What you look for, in words")
    field.press_sequentially(WORDS)
    field.press("Enter")
    expect(page.locator(".gp-seek")).to_contain_text(WORDS)
    wait_for_round(page, 2)
    page.evaluate("() => document.activeElement.blur()")
    _label(walk, walk.truth())  # the item on the screen stays until it is answered
    expect(page.locator(f"{CARD} p.small").filter(has_text="round 2")).to_be_visible(timeout=READY_MS)


def label_thirty(walk: Walk) -> None:
    """Accept what is right, and name the others by their class's name."""
    page, truth = walk.page, walk.truth()
    for number in range(29):
        if number == 27:
            wait_until_learned(walk)
        _label(walk, truth)
    wait_for(lambda: len(saved_uids(page)) >= 30, what="30 saved labels")


def _label(walk: Walk, truth: dict[str, str]) -> None:
    """Give the item on the screen its class, and wait for the next one."""
    page = walk.page
    before = page.evaluate("() => window.painted.length")
    _find_class(page, truth[current_key(page)])
    wait_for(lambda: page.evaluate("() => window.painted.length") > before, what="the next item")
    page.wait_for_timeout(PACE_MS)


def _find_class(page: Page, name: str) -> None:
    """Type a class's name and go down to it: other names may contain it."""
    page.keyboard.press("/")
    page.keyboard.type(name)
    shown = page.locator(".class:visible .name").all_inner_texts()
    for _ in range(shown.index(name)):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def look_at_the_balance(walk: Walk) -> None:
    """Choose the Balance page."""
    go_to(walk, "Balance")
