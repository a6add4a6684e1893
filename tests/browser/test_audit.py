"""From a confusion on the Model page to its items, the map and the check of labels, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.run_now import run_now
from tests.browser.pages import labels_by_key, open_page, serious_violations
from tests.projects import let_rounds_wait, make_clouds, mislabel
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser

OF_A_CLASS = re.compile(r"AUROC [01]\.\d\d \(")
"""In the words under a class's curves; other cards have AUROC in theirs."""
TILES = "section.audit .tile"
STATUS = "section.audit .status"
GO = "section.audit .go"


@pytest.fixture(scope="module")
def wrong() -> list[str]:
    """Filled by the server's fixture: the key of the mislabelled item."""
    return []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, wrong: list[str]) -> Iterator[RunningServer]:
    """One server for all tests of this module: a common item labelled other, and a round that doubts it."""
    project = make_clouds(tmp_path_factory.mktemp("audit"))
    wrong.append(mislabel(project))
    run_now(project)
    let_rounds_wait(project)
    project.close()
    with serving(project.paths.config) as running:
        yield running


def tile_of(page: Page, key: str) -> Locator:
    """Return the tile of an item, once the page is there."""
    expect(page.locator(TILES).first).to_be_visible()
    return page.locator(f"{TILES}[title^='Item {key}']")


def check_labels(page: Page) -> None:
    """Choose the check of labels on the Confirm page."""
    button = page.get_by_role("button", name="Check labels", exact=True)
    expect(button).to_be_visible()
    button.click()
    expect(page.locator(TILES).first).to_be_visible()
    expect(page.locator("section.confirm")).to_be_hidden()


def open_confusion(page: Page) -> None:
    """Show the items of the one confusion."""
    button = page.get_by_role("button", name="1 × other taken for common")
    expect(button).to_be_visible()
    button.click()
    expect(page.locator(".gp-count strong")).to_have_text("1 item")


# First the tests that only look: some seconds after a label, an undone one too, another round runs.


@pytest.mark.slow
def test_model__a_click_on_a_cell_and_its_items_on_the_map(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Model") as page:
        expect(page.get_by_role("heading", name="What is confused with what")).to_be_visible()
        expect(page.get_by_role("button", name="1 × other taken for common")).to_be_visible()
        chart = page.locator(".gp-panel", has=page.get_by_role("heading", name="What is confused with what"))
        canvas = chart.locator("canvas").first
        expect(canvas).to_be_visible()

        def clicked() -> bool:
            box = canvas.bounding_box()
            assert box is not None
            page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
            page.wait_for_timeout(500)
            return page.locator(".gp-count strong").is_visible()

        wait_for(clicked, what="the items of a cell")
        text = page.locator(".gp-count").inner_text()
        assert re.match(r"\d+ items? labelled", text)
        page.get_by_role("button", name="Show on the map", exact=True).click()
        expect(page.get_by_role("heading", name="Explore", level=1)).to_be_attached()
        expect(page.locator(".gp-count").locator("visible=true")).to_contain_text(text.split(" labelled")[0])


@pytest.mark.slow
def test_model__curves_of_a_class_and_rounds(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Model") as page:
        expect(page.get_by_text(OF_A_CLASS)).to_be_visible()
        page.get_by_role("combobox", name="Class").click()
        page.get_by_role("menuitem", name="rare", exact=True).click()
        expect(page.get_by_text("an item of “rare”")).to_be_visible()
        expect(page.get_by_text("Two rounds with figures are needed")).to_be_visible()


@pytest.mark.slow
def test_model__a_confusion_leads_to_the_check_of_its_items(
    chromium: Browser, server: RunningServer, wrong: list[str]
) -> None:
    before = labels_by_key(server)
    with open_page(chromium, server.url, page="Model") as page:
        open_confusion(page)
        expect(page.locator("button.smalltile")).to_have_count(1)
        page.get_by_role("button", name="Check them", exact=True).click()
        tile = tile_of(page, wrong[0])
        expect(page.locator(TILES)).to_have_count(1)
        expect(page.get_by_text("1 item chosen on the Model page")).to_be_visible()
        tile.click()
        expect(tile).to_contain_text("→ common")
        expect(page.locator(GO)).to_contain_text("Change 1")
        page.locator(GO).click()
        expect(page.locator(STATUS)).to_contain_text("0 labels kept, 1 changed, saved")
        assert labels_by_key(server) == before | {wrong[0]: "common"}
        expect(page.get_by_role("heading", name="Nothing is left to check of these")).to_be_visible()
        page.get_by_role("button", name="Undo").last.click()
        expect(page.locator(STATUS)).to_contain_text("1 label taken back")
        assert labels_by_key(server) == before


def test_audit__by_keys_and_back_after_a_reload(
    chromium: Browser, server: RunningServer, wrong: list[str]
) -> None:
    before = labels_by_key(server)
    with open_page(chromium, server.url, page="Confirm", width_px=900) as page:
        check_labels(page)
        tile = tile_of(page, wrong[0])
        count = page.locator(TILES).count()
        tile.focus()
        page.keyboard.press("Space")
        expect(tile).to_have_attribute("aria-checked", "false")
        page.keyboard.press("Space")
        expect(tile).to_have_attribute("aria-checked", "true")
        page.keyboard.press("x")
        expect(tile).to_have_attribute("aria-checked", "mixed")
        page.keyboard.press("3")
        expect(tile).to_contain_text("→ rare")
        page.keyboard.press("Enter")
        expect(page.locator(STATUS)).to_contain_text(
            f"{count - 1} labels kept, 1 changed" if count != 2 else "1 label kept, 1 changed"
        )
        assert labels_by_key(server) == before | {wrong[0]: "rare"}

        page.reload()
        button = page.get_by_role("button", name="Check labels", exact=True)
        expect(button).to_be_visible()
        button.click()
        undo = page.locator("section.audit").get_by_role("button", name="Undo")
        expect(undo).to_be_enabled(timeout=20_000)
        undo.click()
        expect(page.locator(STATUS)).to_contain_text("taken back")
        assert labels_by_key(server) == before


@pytest.mark.slow
def test_audit__what_is_left_open_is_stored_as_nothing(
    chromium: Browser, server: RunningServer, wrong: list[str]
) -> None:
    before = server.get("/api/history?limit=50")[1]["items"]
    with open_page(chromium, server.url, page="Confirm") as page:
        check_labels(page)
        for tile in page.locator(TILES).all():
            tile.focus()
            page.keyboard.press("Delete")
        expect(page.locator(GO)).to_contain_text("Leave all open: next page")
        page.keyboard.press("Enter")
        expect(page.locator(STATUS)).to_contain_text("Nothing stored")
        expect(page.get_by_role("heading", name="No label looks wrong")).to_be_visible(timeout=20_000)
        assert server.get("/api/history?limit=50")[1]["items"] == before


@pytest.mark.slow
def test_audit__a_server_that_cannot_store_gets_it_after_a_reload(
    chromium: Browser, server: RunningServer, wrong: list[str]
) -> None:
    before = labels_by_key(server)
    sent: list[Any] = []

    def refuse(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}"))
        busy = json.dumps({"error": "the disk is full", "retry": True})
        route.fulfill(status=503, content_type="application/json", body=busy)

    with open_page(chromium, server.url, page="Confirm") as page:
        check_labels(page)
        page.route("**/api/audit", refuse)
        tile_of(page, wrong[0]).focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.locator(STATUS)).to_contain_text("not saved yet")
        expect(page.locator("section.audit").get_by_role("heading")).to_have_text(
            "The last page is not saved yet"
        )
        assert labels_by_key(server) == before
        page.unroute("**/api/audit")
        # After the reload the page opens to confirm, and sends what waits.
        page.reload()
        wait_for(lambda: labels_by_key(server) == before | {wrong[0]: "common"}, what="the decision")
        assert len({body["group"] for body in sent}) == 1
        undo = {"group": sent[0]["group"], "undo": "undo-0123456789abcdef"}
        assert server.post("/api/groups/undo", undo)[0] == 200
        assert labels_by_key(server) == before


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_audit_and_model__have_no_serious_accessibility_violations(
    chromium: Browser, server: RunningServer, theme: str
) -> None:
    found: list[str] = []
    with open_page(chromium, server.url, page="Model") as page:
        open_confusion(page)
        expect(page.get_by_text(OF_A_CLASS)).to_be_visible()
        if theme == "dark":
            page.get_by_role("button", name="Toggle theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.wait_for_timeout(1200)
        for name in ("Model", "Confirm"):
            if name == "Confirm":
                page.get_by_role("button", name="Check them", exact=True).click()
                expect(page.locator(TILES).first).to_be_visible()
                page.locator(TILES).first.click()
            found += [f"{name}: {each}" for each in serious_violations(page, dark=False)]
    assert found == []


@pytest.mark.slow
def test_audit__says_why_there_is_nothing_to_check(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = make_clouds(tmp_path_factory.mktemp("empty"))
    project.close()
    with serving(project.paths.config) as fresh, open_page(chromium, fresh.url, page="Confirm") as page:
        button = page.get_by_role("button", name="Check labels", exact=True)
        expect(button).to_be_visible()
        button.click()
        expect(page.get_by_role("heading", name="Nothing to check by yet")).to_be_visible()
        expect(page.locator(GO)).to_be_hidden()
