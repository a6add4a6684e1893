"""Choosing many items on the Explore page in a real browser: lasso, box, words, likeness; labelled and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import (
    SERIOUS,
    current_key,
    draw_anew,
    labels_by_key,
    lasting_violations,
    open_page,
    press,
    wait_for_item,
)
from tests.servers import RunningServer, serving_trained, wait_for

pytestmark = pytest.mark.browser

COUNT = ".gp-count strong"


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    """Filled by the server's fixture: the true class of each item."""
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, truth: dict[str, str]) -> Iterator[RunningServer]:
    """One server with a trained model for all tests of this module."""
    with serving_trained(tmp_path_factory.mktemp("selection"), truth) as running:
        yield running


def drag(page: Page, mode: str, *places: tuple[float, float]) -> None:
    """Choose a way of dragging and drag over the map; places are shares of its width and height."""
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_role("button", name=mode, exact=True).click()
    page.wait_for_timeout(500)
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def chosen(page: Page) -> int:
    """Return how many items are chosen, once the page says so."""
    expect(page.locator(COUNT)).to_be_visible()
    return int(page.locator(COUNT).inner_text().split()[0].replace(",", ""))


def find(page: Page, text: str, count: int) -> None:
    """Choose the items that match criteria."""
    field = page.get_by_role("textbox", name="Find items where")
    expect(field).to_be_visible()
    field.fill(text)
    field.press("Enter")
    expect(page.locator(COUNT)).to_have_text(f"{count} items")


def choose_class(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Class").click()
    page.get_by_role("menuitem", name=name, exact=True).click()
    expect(page.get_by_role("combobox", name="Class")).to_have_text(name)


def label_button(page: Page, count: int) -> Locator:
    return page.get_by_role("button", name=f"Label {count} items", exact=True)


def test_selection__lasso_and_box_around_everything(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        drag(page, "Box", (0.01, 0.01), (0.99, 0.99))
        everything = chosen(page)
        assert everything == 108
        page.get_by_role("button", name="Clear", exact=True).click()
        expect(page.get_by_text("Choose many at once")).to_be_visible()
        drag(page, "Lasso", (0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99))
        assert chosen(page) == everything
        expect(page.locator("button.smalltile")).to_have_count(24)


def test_selection__labelled_at_once_and_undone_on_the_label_page(
    chromium: Browser, server: RunningServer, truth: dict[str, str]
) -> None:
    before = labels_by_key(server)
    rare = {key for key, name in truth.items() if name == "rare"}
    fresh = {key: "rare" for key in rare - set(before)}
    with open_page(chromium, server.url, page="Explore") as page:
        find(page, "b > 3 and a < 3", len(rare))
        choose_class(page, "rare")
        label_button(page, len(fresh)).click()
        wait_for(lambda: labels_by_key(server) == before | fresh, what="the labels of the selection")
        expect(page.get_by_text(f"{len(fresh)} items labelled rare")).to_be_visible()

        page.get_by_role("button", name="Label", exact=True).first.click()
        wait_for_item(page)
        page.keyboard.press("Control+z")
        expect(page.get_by_text(f"Taken back: {len(fresh)} labels of rare")).to_be_visible()
        wait_for(lambda: labels_by_key(server) == before, what="the labels taken back as one step")


@pytest.mark.slow
def test_selection__many_are_asked_about_first(chromium: Browser, server: RunningServer) -> None:
    before = labels_by_key(server)
    with open_page(chromium, server.url, page="Explore") as page:
        find(page, "a > -99", 108)
        choose_class(page, "other")
        count = 108 - len(before)
        label_button(page, count).click()
        expect(page.get_by_text(f"Give {count} items the label other?")).to_be_visible()
        assert labels_by_key(server) == before
        page.get_by_role("button", name="No", exact=True).click()
        expect(page.get_by_role("button", name="Yes, label them")).to_be_hidden()

        label_button(page, count).click()
        page.get_by_role("button", name="Yes, label them").click()
        wait_for(lambda: len(labels_by_key(server)) == 108, what="all labels")
        page.get_by_role("button", name="Undo", exact=True).click()
        wait_for(lambda: labels_by_key(server) == before, what="the labels taken back")


def test_selection__one_by_one_on_the_label_card(
    chromium: Browser, server: RunningServer, truth: dict[str, str]
) -> None:
    rare = {key for key, name in truth.items() if name == "rare"} - set(labels_by_key(server))
    with open_page(chromium, server.url, page="Explore") as page:
        find(page, "b > 3 and a < 3", 8)
        page.get_by_role("button", name="Label one by one").click()
        expect(page.get_by_text(f"The {len(rare)} items you chose come next.")).to_be_visible()
        shown = []
        for _ in rare:
            wait_for(lambda: current_key(page) in rare, what="a chosen item on the card")
            shown.append(current_key(page))
            press(page, "s")
        assert set(shown) == rare
        for _ in rare:
            page.keyboard.press("Control+z")


@pytest.mark.slow
def test_selection__most_like_an_item(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        find(page, "b > 3 and a < 3", 8)
        page.locator("button.smalltile").first.click()
        page.get_by_role("button", name="Find similar").click()
        expect(page.locator(COUNT)).to_have_text("24 items")
        expect(page.locator(".gp-count")).to_contain_text("most like item-")


@pytest.mark.slow
def test_selection__shows_what_is_chosen_after_the_page_was_drawn_anew(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        expect(page.get_by_role("textbox", name="Find items where")).to_be_visible()
        expect(page.locator(".legend button.entry").first).to_be_visible()
        draw_anew(page)
        find(page, "b > 3 and a < 3", 8)
        expect(page.locator("button.smalltile")).to_have_count(8)
        page.locator(".legend button.entry").first.click()
        expect(page.locator(".legend button.entry").first).to_have_attribute("aria-pressed", "false")


def test_selection__criteria_that_cannot_be_read(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        field = page.get_by_role("textbox", name="Find items where")
        expect(field).to_be_visible()
        field.fill("zz > 1")
        page.get_by_role("button", name="Find", exact=True).click()
        expect(page.get_by_text("there is no column 'zz'")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_selection__can_be_read_and_used_by_all(chromium: Browser, server: RunningServer, dark: bool) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        if dark:
            page.locator("header").get_by_role("button", name="theme", exact=False).last.click()
        find(page, "b > 3 and a < 3", 8)
        page.locator("button.smalltile").first.click()
        expect(page.get_by_role("button", name="Find similar")).to_be_visible()
        expect(page.locator("button.smalltile")).to_have_count(8)
        assert lasting_violations(page, {}, impacts=SERIOUS) == []
