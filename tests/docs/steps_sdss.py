"""What a reader does in the browser in docs/tutorials/sdss-quasars.md."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.pages import wait_for_item, wait_for_round
from tests.docs.steps_common import (
    READY_MS,
    choose_for_class,
    choose_to_confirm,
    confirm_page,
    go_to,
    label_by_keys,
    stop_server,
    wait_until_learned,
)
from tests.docs.walk import Walk

__all__ = [
    "choose_stars",
    "confirm_page",
    "label_sixty",
    "look_at_the_balance",
    "look_at_the_map",
    "seek_by_criteria",
    "stop_server",
]

CRITERIA = "u - g < 0.6 and -0.1 < g - r < 0.6"
KEYS = {"GALAXY": "1", "STAR": "2", "QSO": "3"}


def seek_by_criteria(walk: Walk) -> None:
    """Type the criteria for the class, and wait for proposals that follow them."""
    page = walk.open()
    wait_for_item(page)
    page.get_by_role("button", name="Criteria", exact=True).click()
    choose_for_class(walk, "QSO")
    field = page.get_by_role("textbox", name="Criteria on columns")
    field.press_sequentially(CRITERIA)
    expect(page.get_by_text("of 9,350 items match", exact=False)).to_be_visible(timeout=READY_MS)
    field.press("Enter")
    expect(page.locator(".gp-seek")).to_contain_text(CRITERIA)
    wait_for_round(page, 2)
    page.evaluate("() => document.activeElement.blur()")
    label_by_keys(walk, KEYS, 1)  # the item on the screen stays until it is answered


def label_sixty(walk: Walk) -> None:
    """Label by the keys 1 to 3."""
    label_by_keys(walk, KEYS, 58)
    wait_until_learned(walk)
    label_by_keys(walk, KEYS, 1)
    expect(walk.page.get_by_role("link", name="the SDSS image", exact=False)).to_be_attached()


def choose_stars(walk: Walk) -> None:
    """Choose the class on the Confirm page, and take out what is none."""
    go_to(walk, "Confirm")
    choose_to_confirm(walk, "STAR")


def look_at_the_balance(walk: Walk) -> None:
    """Choose the Balance page."""
    go_to(walk, "Balance")


def look_at_the_map(walk: Walk) -> None:
    """Choose the Explore page, and wait for its map."""
    go_to(walk, "Explore")
    expect(walk.page.get_by_text("Pick an item")).to_be_visible(timeout=READY_MS)
    walk.page.wait_for_timeout(2500)
