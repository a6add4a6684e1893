"""A project over a table is opened for the first time: the page asks whether its columns are read as they should be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from config.files import load_config
from tests.browser.pages import open_page, serious_violations, too_wide_px, wait_for_item
from tests.projects import make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser

QUESTION = "Is every column read as you mean it? 4 as numbers"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server over a new project."""
    project = make_clouds(tmp_path_factory.mktemp("asked"))
    project.close()
    with serving(project.paths.config) as running:
        yield running


def expect_no_question(page: Page) -> None:
    wait_for_item(page)
    expect(page.get_by_role("button", name="They are right")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["light", "dark"])
def test_columns_asked__is_answered_once(chromium: Browser, server: RunningServer, dark: bool) -> None:
    with open_page(chromium, server.url, width_px=375, page="", dark=dark) as page:
        expect(page.get_by_text(QUESTION)).to_be_visible()
        assert too_wide_px(page) == 0
        page.get_by_role("button", name="Ask me later").click()
        expect(page.get_by_text(QUESTION)).to_be_hidden()
    with open_page(chromium, server.url, page="", dark=dark) as page:
        expect(page.get_by_text(QUESTION)).to_be_visible()
        assert serious_violations(page, dark=dark) == []
        page.get_by_role("button", name="They are right").click()
        expect(page.get_by_text(QUESTION)).to_be_hidden()
        page.reload()
        expect_no_question(page)
    assert load_config(server.config_path).views.columns_confirmed


@pytest.mark.slow
def test_columns_asked__leads_to_the_columns(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="") as page:
        page.get_by_role("button", name="Look at the columns").click()
        card = page.locator(".gp-panel", has=page.get_by_role("heading", name="Columns", exact=True))

        expect(card.get_by_role("combobox", name="Is for")).to_be_visible()
        expect(card.get_by_role("heading", name="Columns", exact=True)).to_be_in_viewport()
        expect(page.get_by_text(QUESTION)).to_be_hidden()
    wait_for(lambda: load_config(server.config_path).views.columns_confirmed, what="the answer in the file")
    with open_page(chromium, server.url, page="") as page:
        expect_no_question(page)
