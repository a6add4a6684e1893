"""What a reader does in the browser in docs/tutorials/three-annotators.md."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.pages import saved_uids
from tests.docs.steps_common import READY_MS, go_to, stop_server
from tests.docs.walk import Walk
from tests.servers import wait_for

__all__ = ["decide_ten", "look_at_the_team", "open_the_review", "stop_server"]

ITEM = "section.review p.small"


def open_the_review(walk: Walk) -> None:
    """Wait for the first contested image and its votes."""
    page = walk.open("Review")
    expect(page.locator("section.review .votes li").first).to_be_visible(timeout=READY_MS)


def decide_ten(walk: Walk) -> None:
    """Decide by keys: the classes are numbered in their order."""
    page, truth = walk.page, walk.truth()
    keys = {name: str((place + 1) % 10) for place, name in enumerate(sorted(set(truth.values())))}
    for _ in range(10):
        shown = re.search(r"Item (\S+)", page.locator(ITEM).first.inner_text())
        assert shown is not None
        page.keyboard.press(keys[truth[shown[1]]])
        expect(page.locator(ITEM).first).not_to_contain_text(f"Item {shown[1]} ")
    wait_for(lambda: len(saved_uids(page)) >= 10, what="ten saved decisions")


def look_at_the_team(walk: Walk) -> None:
    """Scroll to the Team card on the Model page."""
    go_to(walk, "Model")
    page = walk.page
    expect(page.get_by_text("Agreement beyond chance is")).to_be_visible(timeout=READY_MS)
    page.wait_for_timeout(1000)
    heading = page.get_by_role("heading", name="Team", exact=True, level=2)
    heading.evaluate(
        "(node) => { node.style.scrollMarginTop = '48px'; node.scrollIntoView({block: 'start'}) }"
    )
