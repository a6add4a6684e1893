"""Steps that several tutorials share: label by keys as somebody would who knows the truth."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.pages import current_key, press, saved_uids, status_line, wait_for_item
from tests.docs.walk import Walk
from tests.servers import wait_for

READY_MS = 60_000
PACE_MS = 60
SHOWS = {
    "Balance": "text=Add class",
    "Confirm": "section.confirm .tile",
    "Explore": "text=Pick an item",
    "Export": "text=Write to the project's folder",
    "Model": "h2",
}
"""What is there once a page is drawn."""
TILES = "section.confirm .tile"


def go_to(walk: Walk, name: str) -> None:
    """Choose a page in the header, as a person does."""
    button = walk.page.locator("header").get_by_role("button", name=name, exact=True)
    expect(button).to_be_visible(timeout=READY_MS)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(walk.page.get_by_role("heading", name=name, level=1)).to_be_attached(timeout=READY_MS)
    shown = walk.page.locator(SHOWS[name]).filter(visible=True).first
    expect(shown).to_be_visible(timeout=READY_MS)


def label_by_keys(walk: Walk, keys: dict[str, str], count: int) -> None:
    """Label items with their true class, at a pace that lets rounds answer.

    Args:
        walk: with the Label page open.
        keys: class name → key.
        count: how many.
    """
    page, truth = walk.page, walk.truth()
    wait_for_item(page)
    before = len(saved_uids(page))
    for _ in range(count):
        press(page, keys[truth[current_key(page)]])
        page.wait_for_timeout(PACE_MS)
    wait_for(lambda: len(saved_uids(page)) >= before + count, what=f"{count} saved labels")


def wait_until_learned(walk: Walk) -> None:
    """Wait for a round that has looked at all labels, so that the next item is one that it proposes."""
    wait_for(
        lambda: "finished in" in status_line(walk.page) and " since" not in status_line(walk.page),
        seconds=READY_MS / 1000,
        what="a round with all labels",
    )
    walk.page.wait_for_timeout(500)


def stop_server(walk: Walk) -> None:
    """End the server, as Ctrl-C does."""
    walk.stop()


def write_export(walk: Walk) -> None:
    """Write all the labels from the Export page."""
    go_to(walk, "Export")
    walk.page.get_by_role("button", name="Write to the project's folder").click()
    expect(walk.page.get_by_text("labels are written to", exact=False)).to_be_visible(timeout=READY_MS)


def choose_for_class(walk: Walk, name: str) -> None:
    """Say for which class something is sought."""
    walk.page.get_by_role("combobox", name="For class").click()
    walk.page.get_by_role("menuitem", name=name, exact=True).click()


def choose_to_confirm(walk: Walk, name: str) -> None:
    """Choose a class on the Confirm page, and take out the items that are none of it.

    Args:
        walk: with the Confirm page open.
        name: the class.
    """
    page, truth = walk.page, walk.truth()
    tiles = page.locator(TILES)
    expect(tiles.first).to_be_visible(timeout=READY_MS)
    select = page.get_by_label("Class to confirm")
    select.select_option(value=select.locator("option").filter(has_text=f"{name} –").get_attribute("value"))
    expect(page.locator("section.confirm .go")).to_contain_text(f"as {name}", timeout=READY_MS)
    page.wait_for_timeout(1000)
    for place, title in enumerate(tiles.evaluate_all("nodes => nodes.map((node) => node.title)")):
        if truth[title.split("\n")[0].removeprefix("Item ")] != name:
            tiles.nth(place).click()


def confirm_page(walk: Walk) -> None:
    """Confirm the page by its button, and wait until it is stored."""
    walk.page.locator("section.confirm .go").click()
    expect(walk.page.locator("section.confirm .status")).to_contain_text("saved", timeout=READY_MS)
