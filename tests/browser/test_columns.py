"""Columns given other parts on the page: the pool is read anew, and every page comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from config.files import load_config
from tests.browser.pages import labels_by_key, open_page, wait_for_item
from tests.projects import label_some, make_clouds
from tests.servers import RunningServer, serving

pytestmark = pytest.mark.browser

AWAY = "The pool is being read anew. This page comes back by itself"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server over a project with some labels."""
    project = make_clouds(tmp_path_factory.mktemp("columns"))
    label_some(project)
    project.close()
    with serving(project.paths.config) as running:
        yield running


def columns_card(page: Page) -> Locator:
    card = page.locator(".gp-panel", has=page.get_by_role("heading", name="Columns", exact=True))
    card.get_by_role("button", name="Show the columns").click()
    expect(card.get_by_role("combobox", name="Is for")).to_be_visible()
    return card


def choose(page: Page, card: Locator, field: str, option: str) -> None:
    card.get_by_role("combobox", name=field).click()
    page.get_by_role("menuitem", name=option, exact=True).click()
    expect(card.get_by_role("combobox", name=field)).to_have_text(option)


def test_columns__another_part_counts_once_the_pool_is_read_anew(
    chromium: Browser, server: RunningServer
) -> None:
    before = labels_by_key(server)
    with open_page(chromium, server.url) as other, open_page(chromium, server.url, page="Explore") as page:
        wait_for_item(other)
        card = columns_card(page)
        choose(page, card, "Column", "d")
        choose(page, card, "Is for", "extra: shown, never used by the model")
        card.get_by_role("button", name="Choose").click()
        card.get_by_role("button", name="Write it into the project's file").click()
        card.get_by_role("button", name="Yes, read it anew").click()
        expect(page.get_by_text(AWAY)).to_be_visible()
        expect(other.get_by_text(AWAY)).to_be_visible()

        wait_for_item(other)
        row = columns_card(page).locator("tr", has=page.get_by_role("rowheader", name="d", exact=True))
        expect(row).to_contain_text("extra")
    assert load_config(server.config_path).pool.extra == ("d",)
    assert labels_by_key(server) == before


@pytest.mark.slow
def test_columns__a_source_that_is_gone_leaves_the_pool_and_is_told(
    chromium: Browser, server: RunningServer
) -> None:
    source = server.config_path.parent / str(load_config(server.config_path).pool.path)
    with open_page(chromium, server.url, page="Explore") as page:
        card = columns_card(page)
        source.unlink()
        card.get_by_role("button", name="Read the pool anew").click()
        card.get_by_role("button", name="Yes, read it anew").click()
        expect(page.get_by_text(AWAY)).to_be_visible()
        expect(card.get_by_text("The pool could not be read anew, so it is as it was")).to_be_visible()
        expect(card.get_by_text(source.name).first).to_be_visible()
