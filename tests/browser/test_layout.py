"""The map takes the better layout while the page is open, and the person goes back and forth between the two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.arranging import SETTLE_VARIABLE
from tests.browser.pages import FIRST_ROUND_S, open_page
from tests.projects import make_clouds
from tests.servers import RunningServer, serving

pytestmark = pytest.mark.browser

MOVED = "The map was rearranged"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server over a fresh project: the map is arranged once the first round is over."""
    project = make_clouds(tmp_path_factory.mktemp("layout"))
    project.close()
    with serving(project.paths.config, environment={SETTLE_VARIABLE: "1"}) as running:
        yield running


def picture(page: Page) -> bytes:
    """Return what the map shows, once it has settled."""
    page.wait_for_timeout(1_500)
    return page.locator("canvas").first.screenshot()


def choose_layout(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Layout").click()
    page.get_by_role("option", name=name, exact=True).or_(
        page.get_by_role("menuitem", name=name, exact=True)
    ).click()
    expect(page.get_by_role("combobox", name="Layout")).to_have_text(name)


@pytest.mark.slow
def test_layout__arranged_while_the_page_is_open(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        expect(page.locator("canvas").first).to_be_visible()
        principal = picture(page)
        expect(page.get_by_text(MOVED)).to_be_visible(timeout=2 * FIRST_ROUND_S * 1000)
        expect(page.get_by_role("combobox", name="Layout")).to_have_text("Arranged")
        arranged = picture(page)
        assert arranged != principal
        choose_layout(page, "Principal axes")
        assert picture(page) != arranged


def test_layout__a_page_opened_later_shows_it_and_says_nothing(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        expect(page.get_by_role("combobox", name="Layout")).to_have_text(
            "Arranged", timeout=2 * FIRST_ROUND_S * 1000
        )
        page.wait_for_timeout(500)
        expect(page.get_by_text(MOVED)).to_have_count(0)


@pytest.mark.slow
def test_layout__one_that_cannot_be_made_is_one_notice_and_the_map_stays(
    chromium: Browser, tmp_path: Path
) -> None:
    project = make_clouds(tmp_path)
    project.close()
    (project.paths.vectors / "arranged.npy").mkdir()
    with (
        serving(project.paths.config, environment={SETTLE_VARIABLE: "1"}) as running,
        open_page(chromium, running.url, page="Explore") as page,
    ):
        expect(page.get_by_text("The map could not be arranged: the map cannot be written")).to_be_visible(
            timeout=2 * FIRST_ROUND_S * 1000
        )
        expect(page.locator("canvas").first).to_be_visible()
        expect(page.get_by_role("combobox", name="Layout")).to_have_count(0)
