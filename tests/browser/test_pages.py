"""The pages as a stranger uses them: one at a time, on a phone, by keyboard, in both themes, after the server died."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.notices import CONNECTION_LOST
from app.session import PAGES
from tests.browser.pages import (
    CARD,
    current_key,
    expect_in_header,
    labels_by_key,
    open_page,
    press,
    saved_uids,
    serious_violations,
    too_wide_px,
    wait_for_item,
)
from tests.projects import COUNTS, make_clouds
from tests.servers import RunningServer, serving, serving_trained, wait_for

pytestmark = pytest.mark.browser

LINES = """(node) => {
  const range = document.createRange()
  range.selectNodeContents(node)
  return range.getClientRects().length
}"""
CLASSES = (*COUNTS, *(f"kind {number:02}" for number in range(21)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server with many classes for all tests of this module; the last one kills it."""
    project = make_clouds(tmp_path_factory.mktemp("pages"), classes=CLASSES)
    path: Path = project.paths.config
    project.close()
    with serving(path) as running:
        yield running


def go(page: Page, name: str) -> None:
    """Choose a page in the header, and wait until it is the one that is marked."""
    button = page.locator("header").get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    # Two dozen plots are drawn in software: on a busy machine that takes more than the usual five seconds.
    expect(page.get_by_role("heading", name=name, level=1)).to_be_attached()


def watch_text(field: Locator) -> None:
    """Note each text that a field shows from now on: one that comes back goes over what a quick person types next."""
    field.evaluate(
        """(node) => {
            window.texts = []
            setInterval(() => { if (window.texts.at(-1) !== node.value) window.texts.push(node.value) }, 1)
        }"""
    )


def test_page__one_is_shown_at_a_time(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)

        go(page, "Balance")
        expect(page.get_by_role("button", name="Add class")).to_be_visible()
        expect(page.locator(CARD)).to_be_hidden()

        go(page, "Label")
        expect(page.locator(CARD)).to_be_visible()
        expect(page.get_by_role("button", name="Add class")).to_be_hidden()


def test_page__all_are_within_reach_on_a_phone(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, width_px=360) as page:
        wait_for_item(page)
        assert serious_violations(page, dark=False) == []

        for name in PAGES:
            expect_in_header(page, name)
        go(page, "Export")
        expect(page.get_by_role("button", name="Download all as ZIP")).to_be_in_viewport()


@pytest.mark.parametrize("name", PAGES)
def test_page__is_no_wider_than_a_phone(chromium: Browser, server: RunningServer, name: str) -> None:
    with open_page(chromium, server.url, width_px=375, page=name) as page:
        expect(page.locator("h2").first).to_be_visible()
        page.wait_for_timeout(500)
        assert too_wide_px(page) == 0


@pytest.mark.slow
def test_page__figures_of_a_model_are_no_wider_than_a_phone(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("figures")
    with (
        serving_trained(folder, {}, audited=24) as trained,
        open_page(chromium, trained.url, width_px=375, page="Model") as page,
    ):
        tables = page.locator(".gp-wide")
        wide = tables.filter(has_text="still unfound")
        expect(wide).to_be_visible()
        expect(tables.filter(has_text="gap between classes")).to_be_visible()
        expect(page.locator(".bk-Legend")).to_have_count(5)
        page.wait_for_timeout(500)

        assert too_wide_px(page) == 0
        # What is too wide scrolls in its box, and the names of its rows do not break.
        assert wide.evaluate("(node) => node.scrollWidth - node.clientWidth") > 0
        assert wide.get_by_role("rowheader", name="common", exact=True).evaluate(LINES) == 1


@pytest.mark.slow
def test_page__shown_is_in_sight_in_the_list_of_a_phone(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, width_px=360, page="Export") as page:
        button = page.locator("header").get_by_role("button", name="Export", exact=True)
        expect(button).to_be_in_viewport(ratio=1)
        page.wait_for_timeout(300)
        expect(button).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_page__has_no_serious_accessibility_violations(
    chromium: Browser, server: RunningServer, theme: str
) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        if theme == "dark":
            page.get_by_role("button", name="Toggle theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        found: list[str] = []
        for name in PAGES:
            go(page, name)
            page.wait_for_timeout(300)
            found += [f"{name}: {each}" for each in serious_violations(page, dark=theme == "dark")]

        assert found == []


@pytest.mark.slow
def test_label__a_long_balance_scrolls_by_keyboard(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        rows = page.locator(".gp-bals")

        rows.focus()
        page.keyboard.press("End")

        wait_for(lambda: rows.evaluate("(node) => node.scrollTop") > 0, what="the balance to scroll")
        assert rows.evaluate("(node) => node.clientHeight") <= 420


@pytest.mark.slow
def test_balance__a_class_added_by_enter_is_on_the_card(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        go(page, "Balance")
        field = page.get_by_role("textbox", name="New class", exact=True)

        watch_text(field)
        field.fill("d'or <b>")
        field.press("Enter")

        expect(field).to_have_value("")
        field.fill("d'or <b>")
        field.press("Enter")
        expect(page.get_by_text('there is a class "d\'or <b>" already; choose another name')).to_be_visible()
        page.wait_for_timeout(300)
        assert page.evaluate("() => window.texts") == ["", "d'or <b>", "", "d'or <b>"]
        go(page, "Label")
        expect(page.locator(".class .name").last).to_have_text("d'or <b>")


def test_picked__a_labelled_item_says_so_and_can_be_labelled_anew(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        key = current_key(page)
        press(page, "1")
        wait_for(lambda: len(saved_uids(page)) == 1, what="a saved label")
        item = server.get(f"/api/queue?count=1&keep={key}")[1]["items"][0]

        assert item["key"] == key
        assert (
            item["reason"] == "You picked this item. It is labelled 'common'; another answer replaces that."
        )
        body = {"uid": "f" * 32, "item_key": key, "act": "label", "class_id": 2}
        assert server.post("/api/annotations", body)[0] == 200
        assert labels_by_key(server)[key] == "other"


@pytest.mark.slow
def test_killed__every_page_says_what_to_do(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        go(page, "Balance")

        server.kill()

        expect(page.get_by_text(CONNECTION_LOST)).to_be_visible(timeout=15_000)
