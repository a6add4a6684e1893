"""Say what you seek, on the real page: words, an example, criteria; proposals follow, and nothing typed labels."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.project import open_project
from labeling.classes import list_classes
from labeling.queue import proposals_of
from tests.browser.pages import labels_by_key, open_page, wait_for_item, wait_for_round
from tests.projects import make_clouds, make_texts, truth_of
from tests.servers import serving

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"


def choose_class(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="For class").click()
    page.get_by_role("menuitem", name=name, exact=True).click()


@pytest.mark.slow
def test_seek__words_for_a_class_come_first(chromium: Browser, tmp_path: Path) -> None:
    project = make_texts(tmp_path, classes=("thing", "other"))
    truth = truth_of(project)
    project.close()
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        wait_for_item(page)
        field = page.get_by_role("textbox", name="What you look for, in words")
        expect(field).to_be_visible()
        choose_class(page, "thing")

        field.press_sequentially("1 u s: a stolen bank card")
        field.press("Enter")

        expect(field).to_have_value("")
        expect(page.locator(".gp-seek")).to_contain_text("1 u s: a stolen bank card")
        wait_for_round(page, 2)
        with closing(open_project(server.config_path)) as project, project.database.reading() as session:
            first = proposals_of(session, round_number=2)[0]
            names = {entry.id: entry.name for entry in list_classes(session)}
        assert "'thing'" in first.reason
        assert truth[first.item_key] == "lost_card"
        assert names[first.class_id or 0] == "thing"
        # What was typed, and the keys in the list of classes, gave no label.
        assert labels_by_key(server) == {}


@pytest.mark.slow
def test_seek__criteria_count_and_are_withdrawn(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        wait_for_item(page)
        page.get_by_role("button", name="Criteria", exact=True).click()
        field = page.get_by_role("textbox", name="Criteria on columns")
        field.press_sequentially("b > 4 and d >")
        expect(page.get_by_text("the criteria cannot be read at its end")).to_be_visible()
        field.press_sequentially(" 4")
        expect(page.get_by_text("8 of 108 items match")).to_be_visible()
        field.press_sequentially(f" or '{EVIL}' == 'x'")
        field.press("Enter")
        expect(page.locator(".gp-seek")).to_contain_text(EVIL)
        expect(page.locator(".gp-seek")).to_contain_text("None of the 8 items that match is answered yet")

        page.get_by_role("button", name="Withdraw").click()

        expect(page.get_by_text("Nothing more is sought yet.")).to_be_visible()
        assert server.get("/api/seeks")[1]["seeks"] == []
        assert labels_by_key(server) == {}


@pytest.mark.slow
def test_seek__like_the_item_on_the_card(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    with serving(project.paths.config) as server, open_page(chromium, server.url, width_px=900) as page:
        key = wait_for_item(page)
        expect(page.get_by_placeholder(f"{key}, the item on the card")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Seek more like this").click()
        expect(page.locator(".gp-seek")).to_contain_text(f"like {key}")
        page.get_by_role("textbox", name="Key of the item").fill("gone")
        page.get_by_role("button", name="Seek more like this").click()
        expect(page.get_by_text("the pool has no item 'gone'")).to_be_visible()
        page.reload()
        wait_for_item(page)
        # Something is sought by now: the card is folded until it is asked for.
        expect(page.get_by_role("textbox", name="Key of the item")).to_be_hidden()
        page.get_by_role("button", name="Show (1 thing is sought)").press("Enter")
        expect(page.locator(".gp-seek")).to_contain_text(f"like {key}")
        assert labels_by_key(server) == {}
