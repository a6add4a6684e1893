"""The Confirm page in a real browser: by keys, by mouse, undone, without a server, with somebody else at work."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.pages import labels_by_key, open_page, serious_violations
from tests.projects import make_clouds
from tests.servers import RunningServer, serving, serving_trained, wait_for

pytestmark = pytest.mark.browser

TILES = "section.confirm .tile"
STATUS = "section.confirm .status"


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    """Filled by the server's fixture: the true class of each item."""
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, truth: dict[str, str]) -> Iterator[RunningServer]:
    """One server with a trained model for all tests of this module."""
    with serving_trained(tmp_path_factory.mktemp("confirm"), truth) as running:
        yield running


def tile_keys(page: Page) -> list[str]:
    """Return the keys of the items on the page, once there are some."""
    expect(page.locator(TILES).first).to_be_visible()
    titles: list[str] = page.locator(TILES).evaluate_all("nodes => nodes.map((node) => node.title)")
    return [title.split("\n")[0].removeprefix("Item ") for title in titles]


def choose(page: Page, name: str) -> list[str]:
    """Choose a class and return the keys of its page."""
    before = tile_keys(page)
    select = page.get_by_label("Class to confirm")
    option = select.locator("option").filter(has_text=f"{name} –")
    chosen = select.evaluate("node => node.selectedOptions[0].textContent")
    select.select_option(value=option.get_attribute("value"))
    if not str(chosen).startswith(f"{name} –"):
        wait_for(lambda: tile_keys(page) != before, what=f"the page of {name}")
    expect(page.locator("section.confirm .go")).to_contain_text(f"as {name}")
    # A page that somebody has begun to mark stays, also when a round ends meanwhile.
    page.locator(TILES).first.click()
    page.locator(TILES).first.click()
    return tile_keys(page)


def test_confirm__a_page_begun_stays_when_the_next_one_comes(
    chromium: Browser, server: RunningServer
) -> None:
    held: list[Route] = []
    with open_page(chromium, server.url, page="Confirm") as page:
        keys = tile_keys(page)
        page.route("**/api/confirm/page", lambda route: held.append(route))
        page.locator("header").get_by_role("button", name="Balance", exact=True).click()
        expect(page.locator("section.confirm")).to_be_hidden()
        page.locator("header").get_by_role("button", name="Confirm", exact=True).click()
        expect(page.locator("section.confirm")).to_be_visible()
        wait_for(lambda: page.evaluate("() => 1") and held, what="a request for another page")
        page.locator(TILES).nth(1).click()
        other = {"state": "none_likely", "classes": [], "items": []}
        with page.expect_response("**/api/confirm/page"):
            held[0].fulfill(json=other)
        page.wait_for_timeout(300)
        assert tile_keys(page) == keys
        expect(page.locator(TILES).nth(1)).to_have_attribute("aria-checked", "false")


def test_confirm__by_keys_and_back(chromium: Browser, server: RunningServer, truth: dict[str, str]) -> None:
    with open_page(chromium, server.url, page="Confirm") as page:
        keys = choose(page, "other")
        before = labels_by_key(server)
        page.locator(TILES).first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("1")
        expect(page.locator(TILES).nth(1)).to_have_attribute("aria-checked", "false")
        expect(page.locator(TILES).nth(2)).to_contain_text("common")
        expect(page.locator("section.confirm .go")).to_contain_text(
            f"Confirm {len(keys) - 2} as other and label 1 other"
        )
        page.keyboard.press("Enter")
        expect(page.locator(STATUS)).to_contain_text(f"{len(keys) - 1} labels saved")
        wanted = {key: "other" for key in keys} | {keys[2]: "common"}
        del wanted[keys[1]]
        assert labels_by_key(server) == before | wanted
        assert not set(keys) & set(tile_keys(page))

        page.keyboard.press("Control+z")
        expect(page.locator(STATUS)).to_contain_text(f"{len(keys) - 1} labels taken back")
        assert labels_by_key(server) == before
        assert tile_keys(page) == keys
        expect(page.locator(f"{TILES}.out")).to_have_count(2)


@pytest.mark.slow
def test_confirm__by_mouse_and_undone_after_a_reload(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Confirm", width_px=900) as page:
        keys = choose(page, "common")
        before = labels_by_key(server)
        page.locator(TILES).nth(3).click()
        page.locator(TILES).nth(4).click()
        page.locator(TILES).nth(4).click()
        page.locator("section.confirm .go").click()
        expect(page.locator(STATUS)).to_contain_text("labels saved")
        assert set(labels_by_key(server)) - set(before) == set(keys) - {keys[3]}
        assert keys[3] not in tile_keys(page)

        page.reload()
        tile_keys(page)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(STATUS)).to_contain_text("labels taken back")
        assert labels_by_key(server) == before


def test_confirm__a_server_that_cannot_store_gets_it_again(chromium: Browser, server: RunningServer) -> None:
    refusals = 3
    sent: list[Any] = []

    def answer(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}"))
        if len(sent) <= refusals:
            busy = json.dumps({"error": "the disk is full", "retry": True})
            route.fulfill(status=503, content_type="application/json", body=busy)
        else:
            route.continue_()

    with open_page(chromium, server.url, page="Confirm") as page:
        keys = choose(page, "other")
        before = labels_by_key(server)
        page.route("**/api/confirm", answer)
        page.locator(TILES).first.focus()
        page.keyboard.press("Enter")
        expect(page.locator(STATUS)).to_contain_text("not saved yet")
        expect(page.get_by_role("heading", name="The last page is not saved yet")).to_be_visible()
        assert labels_by_key(server) == before
        expect(page.locator(STATUS)).to_contain_text("labels saved")
        assert set(labels_by_key(server)) - set(before) == set(keys)
        assert len({body["group"] for body in sent}) == 1
        page.keyboard.press("Control+z")
        expect(page.locator(STATUS)).to_contain_text("taken back")


@pytest.mark.slow
def test_confirm__somebody_elses_answer_stays(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Confirm") as page:
        keys = choose(page, "other")
        server.post("/api/annotations", {"uid": uuid.uuid4().hex, "item_key": keys[1], "act": "skip"})
        page.locator(TILES).first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("section.confirm .notice")).to_contain_text(
            "1 item had been answered by somebody else meanwhile"
        )
        assert keys[1] not in labels_by_key(server)
        page.keyboard.press("Control+z")
        expect(page.locator(STATUS)).to_contain_text("taken back")


@pytest.mark.slow
def test_confirm__nothing_happens_to_pages_out_of_sight(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Confirm") as page:
        tile_keys(page)
        before = labels_by_key(server)
        page.locator("header").get_by_role("button", name="Balance", exact=True).click()
        expect(page.get_by_role("button", name="Add class")).to_be_visible()
        expect(page.locator("section.confirm")).to_be_hidden()
        page.locator("h1").first.evaluate("node => document.activeElement.blur()")
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        assert labels_by_key(server) == before


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_confirm__has_no_serious_accessibility_violations(
    chromium: Browser, server: RunningServer, theme: str
) -> None:
    with open_page(chromium, server.url, page="Confirm") as page:
        tile_keys(page)
        if theme == "dark":
            page.get_by_role("button", name="Toggle theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.locator(TILES).nth(1).click()
        assert serious_violations(page, dark=False) == []


@pytest.mark.slow
def test_confirm__says_why_there_is_no_page(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = make_clouds(tmp_path_factory.mktemp("empty"))
    project.close()
    with serving(project.paths.config) as fresh, open_page(chromium, fresh.url, page="Confirm") as page:
        expect(page.get_by_role("heading", name="No model yet")).to_be_visible()
        expect(page.locator("section.confirm .go")).to_be_hidden()
