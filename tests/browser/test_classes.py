"""Classes changed in mid-session in a real browser: one person labels, another renames, merges and archives."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import (
    CARD,
    current_key,
    labels_by_key,
    open_page,
    press,
    saved_uids,
    serious_violations,
    wait_for_item,
)
from tests.servers import RunningServer, serving_trained, wait_for

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.hurt = 1"> “שלום\u200f” 👩\u200d🚀'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server with a trained model for all tests of this module."""
    with serving_trained(tmp_path_factory.mktemp("classes"), {}) as running:
        yield running


def classes(server: RunningServer) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in server.get("/api/classes")[1]["classes"]}


def add(server: RunningServer, name: str, **values: Any) -> int:
    status, answer = server.post("/api/classes", {"name": name, **values})
    assert status == 200, answer
    return int(next(entry["id"] for entry in answer["classes"] if entry["name"] == name))


def change(server: RunningServer, class_id: int, body: str) -> None:
    request = urllib.request.Request(
        f"{server.url.rstrip('/')}/api/classes/{class_id}",
        data=body.encode(),
        headers={"Content-Type": "application/json", "Origin": server.url.rstrip("/")},
        method="PATCH",
    )
    assert server._ask(request)[0] == 200


def label_open_items(server: RunningServer, class_id: int, count: int) -> list[str]:
    """Label items that nobody has on a screen; return their keys."""
    keys = [item["key"] for item in server.get("/api/queue?count=60")[1]["items"]][-count:]
    for key in keys:
        body = {"uid": uuid.uuid4().hex, "item_key": key, "act": "label", "class_id": class_id}
        assert server.post("/api/annotations", body)[0] == 200
    return keys


def row(page: Page, name: str) -> Locator:
    """Return the row of a class on the Balance page."""
    found = page.locator(f"section.rows tr:has(input.name[aria-label='Name of {name}'])")
    expect(found).to_be_visible(timeout=20_000)
    return found


def buttons(page: Page) -> Locator:
    return page.locator(f"{CARD} .class .name")


def test_rename__the_card_follows_and_its_item_stays(chromium: Browser, server: RunningServer) -> None:
    add(server, "first name")
    with open_page(chromium, server.url) as card, open_page(chromium, server.url, page="Balance") as balance:
        key = wait_for_item(card)
        expect(buttons(card).last).to_have_text("first name")
        painted = card.evaluate("() => window.painted.length")

        field = row(balance, "first name").locator("input.name")
        field.fill(HOSTILE)
        field.press("Enter")

        expect(buttons(card).last).to_have_text(HOSTILE.strip())
        assert current_key(card) == key
        assert card.evaluate("() => window.painted.length") == painted
        assert card.evaluate("() => window.hurt") is None
        assert balance.evaluate("() => window.hurt") is None
        before = len(saved_uids(card))
        card.locator(f"{CARD} .class").last.click()
        wait_for(lambda: len(saved_uids(card)) > before, what="the label saved")
        assert labels_by_key(server)[key] == HOSTILE


@pytest.mark.slow
def test_rename__somebody_else_was_first(chromium: Browser, server: RunningServer) -> None:
    number = add(server, "shared")
    with open_page(chromium, server.url, page="Balance") as page:
        row(page, "shared")
        field = page.locator(f"section.rows tr[data-class='{number}'] input.name")
        field.click()
        change(server, number, '{"name": "theirs"}')
        page.wait_for_timeout(1_000)
        field.fill("mine")
        field.press("Enter")

        expect(page.locator("section.rows .notice.bad")).to_contain_text("renamed to 'theirs' meanwhile")
        expect(field).to_have_value("theirs")
    assert "theirs" in classes(server)


def test_merge__labels_and_card_say_the_other_and_undo_brings_it_back(
    chromium: Browser, server: RunningServer
) -> None:
    number = add(server, "twin")
    keys = label_open_items(server, number, 2)
    with open_page(chromium, server.url) as card, open_page(chromium, server.url, page="Balance") as balance:
        key = wait_for_item(card)
        expect(buttons(card).filter(has_text="twin")).to_be_visible()

        row(balance, "twin").get_by_role("button", name="Merge twin").click()
        dialog = balance.get_by_role("dialog", name="Merge a class")
        expect(dialog).to_contain_text("2 labels become labels of the other class")
        into = dialog.get_by_label("Merge into")
        into.fill("twin")
        dialog.get_by_role("button", name="Merge", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text("into itself")
        into.fill("rare")
        into.press("Enter")
        expect(dialog).to_be_hidden()

        expect(buttons(card).filter(has_text="twin")).to_have_count(0)
        assert current_key(card) == key
        assert {labels_by_key(server)[key] for key in keys} == {"rare"}

        balance.locator("section.rows .notice").get_by_role("button", name="Undo").click()
        expect(buttons(card).filter(has_text="twin")).to_be_visible()
        assert {labels_by_key(server)[key] for key in keys} == {"twin"}
        assert current_key(card) == key


@pytest.mark.slow
def test_archive__the_class_that_is_suggested_on_screen(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url) as card, open_page(chromium, server.url, page="Balance") as balance:
        key = wait_for_item(card)
        suggested = card.locator(f"{CARD} .suggestion strong")
        while not suggested.is_visible():
            press(card, "s")
            key = current_key(card)
        name = suggested.inner_text()

        row(balance, name).get_by_role("button", name=f"Archive {name}").click()
        dialog = balance.get_by_role("dialog", name="Archive a class")
        expect(dialog).to_contain_text("keep the label")
        dialog.get_by_role("button", name="Archive", exact=True).click()

        expect(suggested).to_be_hidden()
        saved = len(saved_uids(card))
        card.keyboard.press("Enter")
        card.wait_for_timeout(300)
        assert (current_key(card), len(saved_uids(card))) == (key, saved)

        balance.get_by_text("Archived (1)").click()
        balance.get_by_role("button", name=f"Restore {name}").click()
        expect(suggested).to_be_visible()
        assert current_key(card) == key


@pytest.mark.slow
def test_row__a_key_that_is_taken_stays_with_its_class(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Balance") as page:
        field = row(page, "rare").locator("input.key")
        before = field.input_value()
        field.fill("1")
        field.press("Enter")
        expect(page.locator("section.rows .notice.bad")).to_contain_text("belongs to the class 'common'")
        expect(field).to_have_value(before)

        field.fill("R")
        field.press("Enter")
        wait_for(lambda: classes(server)["rare"]["key"] == "r", what="the new key")


@pytest.mark.slow
def test_row__a_parent_makes_a_tree_on_the_card(chromium: Browser, server: RunningServer) -> None:
    number = add(server, "under it")
    with open_page(chromium, server.url) as card, open_page(chromium, server.url, page="Balance") as balance:
        wait_for_item(card)
        field = row(balance, "under it").locator("input.parent")
        field.fill("other")
        field.press("Enter")

        expect(card.locator(f"{CARD} .classes")).to_have_attribute("data-tree", "")
        expect(card.locator(f"{CARD} .class[data-class='{number}']")).to_have_attribute(
            "title", "other / under it"
        )
        moved = row(balance, "other / under it")
        expect(moved.get_by_role("button", name="Move up other / under it")).to_be_disabled()
        moved.locator("input.parent").fill("")
        moved.locator("input.parent").press("Enter")
        expect(card.locator(f"{CARD} .classes")).not_to_have_attribute("data-tree", "")


@pytest.mark.slow
def test_row__moved_down_and_up(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Balance") as page:
        row(page, "common").get_by_role("button", name="Move down common").click()
        expect(page.locator("section.rows tbody input.name").first).to_have_value("other")
        row(page, "common").get_by_role("button", name="Move up common").click()
        expect(page.locator("section.rows tbody input.name").first).to_have_value("common")


@pytest.mark.slow
def test_work__from_a_class_to_the_pages_where_it_is_done(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Balance") as page:
        confirm = page.get_by_role("button", name="Confirm a page")
        expect(confirm).to_be_disabled()
        row(page, "rare").get_by_role("button", name="Work on rare").click()
        expect(page.get_by_role("heading", name="rare", exact=True)).to_be_visible()

        page.get_by_role("button", name="Seek it").click()
        expect(page.get_by_text("The next round seeks 'rare'")).to_be_visible()
        assert server.get("/api/seeks")[1]["seeks"][-1]["class_name"] == "rare"

        page.get_by_role("button", name="Show on the map").click()
        expect(page.get_by_text("labelled or predicted rare")).to_be_visible(timeout=20_000)

        page.locator("header").get_by_role("button", name="Balance", exact=True).click()
        confirm.click()
        select = page.get_by_label("Class to confirm")
        expect(select).to_be_visible(timeout=20_000)
        wait_for(
            lambda: "rare" in select.evaluate("node => node.selectedOptions[0]?.textContent ?? ''"),
            what="a page of rare",
        )


@pytest.mark.slow
def test_work__a_click_in_the_chart_chooses_the_class(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Balance") as page:
        row(page, "common")
        chart = page.locator("canvas").first
        expect(chart).to_be_visible(timeout=20_000)
        page.wait_for_timeout(500)
        box = chart.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

        expect(page.locator("section.rows tr.chosen")).to_have_count(1)
        expect(page.get_by_role("button", name="Confirm a page")).to_be_enabled()


@pytest.mark.slow
def test_progress__beside_the_card_and_of_one_height(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        line = page.locator(".gp-progress")
        expect(line).to_contain_text("at their target")
        height = line.evaluate("node => node.offsetHeight")
        count = len(labels_by_key(server))

        press(page, "1")

        expect(line.locator("b").first).to_have_text(str(count + 1))
        assert line.evaluate("node => node.offsetHeight") == height


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_balance__has_no_serious_accessibility_violations(
    chromium: Browser, server: RunningServer, theme: str
) -> None:
    with open_page(chromium, server.url, page="Balance") as page:
        row(page, "rare").get_by_role("button", name="Work on rare").click()
        if theme == "dark":
            page.get_by_role("button", name="Toggle theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.wait_for_timeout(800)
        assert serious_violations(page, dark=False) == []


@pytest.mark.slow
def test_rows__many_classes_are_filtered_and_paged(chromium: Browser, server: RunningServer) -> None:
    """The last of the module: it leaves 150 classes behind."""
    top = add(server, "planets")
    for number in range(150 - len(classes(server))):
        add(server, f"moon {number:03d}", parent_id=top)
    with open_page(chromium, server.url, page="Balance") as page:
        expect(page.locator("section.rows .pages")).to_contain_text("1 to 50 of 150")
        expect(page.locator("section.rows tbody tr")).to_have_count(50)
        page.get_by_role("button", name="Later").click()
        expect(page.locator("section.rows .pages")).to_contain_text("51 to 100 of 150")

        page.get_by_label("Find a class in the list").fill("planets / moon 00")
        expect(page.locator("section.rows tbody tr")).to_have_count(10)
        page.get_by_label("Find a class in the list").fill("no such class")
        expect(page.locator("section.rows .message")).to_have_text("No class of that name.")

        page.locator("header").get_by_role("button", name="Label", exact=True).click()
        wait_for_item(page)
        page.keyboard.press("/")
        page.keyboard.type("planets / moon 012")
        expect(page.locator(f"{CARD} .class:visible")).to_have_count(1)
        before = len(saved_uids(page))
        page.keyboard.press("Enter")
        wait_for(lambda: len(saved_uids(page)) > before, what="the label saved")
        assert "moon 012" in labels_by_key(server).values()
