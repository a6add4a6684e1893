"""People disagree, a reviewer decides: the Review page in a real browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.project import open_project
from app.run_now import run_now
from app.session import PAGES, REVIEW
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.gold import gold_labels
from tests.browser.pages import (
    expect_in_header,
    labels_by_key,
    open_page,
    serious_violations,
    too_wide_px,
)
from tests.projects import MOMENT, label, label_some, let_rounds_wait, make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser

CARD = "section.review"
HOSTILE = '<img src=x onerror="window.hurt = 1"> cut off'


@pytest.fixture(scope="module")
def contested() -> list[str]:
    """Filled by the server's fixture: three keys, the last one flagged."""
    return []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, contested: list[str]) -> Iterator[RunningServer]:
    """One server for all tests of this module: two people agree on twelve items and not on two; one is flagged."""
    project = make_clouds(tmp_path_factory.mktemp("review"))
    known = label_some(project)
    contested += [key for key in project.pool.keys(range(project.pool.n)) if key not in known][:3]
    label(project, known, annotator="bob")
    label(project, {contested[0]: "common", contested[1]: "common"}, annotator="ann")
    label(project, {contested[0]: "rare", contested[1]: "other"}, annotator="bob")
    with project.database.transaction() as session:
        new = NewAnnotation(uuid.uuid4().hex, contested[2], Act.FLAG, comment=HOSTILE)
        record(session, new=new, annotator_id=ensure_annotator(session, name="<b>bob"), now=MOMENT)
    run_now(project)
    let_rounds_wait(project)
    project.close()
    with serving(project.paths.config) as running:
        yield running


def shows(page: Page, key: str) -> None:
    expect(page.locator(f"{CARD} p.small")).to_contain_text(f"Item {key}")


def saved(page: Page, count: int) -> None:
    wait_for(lambda: page.evaluate("() => window.saved.length") >= count, what=f"{count} saved")


def adjudicated(server: RunningServer) -> dict[str, str]:
    """Return the acts that count on items, of those adjudicated."""
    return {
        item["item_key"]: item["class_name"]
        for item in server.get("/api/history?limit=50")[1]["items"]
        if item["act"] == "adjudicate" and not item["undone"]
    }


def reviews(server: RunningServer) -> list[dict[str, object]]:
    status, body = server.post("/api/review/page", {})
    assert status == 200
    return list(body["items"])


def shows_team(page: Page) -> Locator:
    """Return the Team card on the Model page, once its figures are there."""
    card = page.locator(".gp-panel", has=page.get_by_role("heading", name="Team", exact=True))
    expect(card.get_by_text("Agreement beyond chance is")).to_be_visible()
    return card


@pytest.mark.slow
def test_team__tells_who_labelled_and_how_far_they_agree(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Model") as page:
        card = shows_team(page)
        agreement = (
            r"Agreement beyond chance is 0\.\d\d \(-?\d\.\d\d to \d\.\d\d\).* from 14 items that two or more"
        )
        expect(card).to_contain_text(re.compile(agreement))
        people, pairs = card.locator("table").nth(0), card.locator("table").nth(1)
        for name in ("ann", "bob"):
            row = people.locator("tr", has=page.locator(f"th:text-is('{name}')"))
            # Twelve alike for certain, two that the consensus decides one way or the other.
            expect(row).to_have_text(re.compile(rf"{name}14\d+% \(\d\d% to \d+%\)"))
        expect(pairs.locator("tr", has=page.locator("th:text-is('ann')"))).to_have_text("ann–0.79 (86%)")
        # Whoever only flagged has no vote, and is no row.
        expect(people).not_to_contain_text("<b>bob")
        card.get_by_role("button", name="2 × ann and bob").click()
        expect(page.locator(".gp-count strong")).to_have_text("2 items")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_review__and_the_team_card_have_no_serious_accessibility_violations(
    chromium: Browser, server: RunningServer, contested: list[str], theme: str
) -> None:
    with open_page(chromium, server.url, page="Review", dark=theme == "dark") as page:
        shows(page, contested[0])
        expect(page.get_by_role("group", name="People")).to_be_visible()
        # The page follows the system.
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.wait_for_timeout(300)
        found = serious_violations(page, dark=theme == "dark")
        page.locator("header").get_by_role("button", name="Model", exact=True).click()
        shows_team(page)
        found += serious_violations(page, dark=theme == "dark")
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("width_px", [360, 900])
def test_review__is_no_wider_than_the_window(
    chromium: Browser, server: RunningServer, contested: list[str], width_px: int
) -> None:
    with open_page(chromium, server.url, page="Review", width_px=width_px) as page:
        shows(page, contested[0])
        expect(page.get_by_role("group", name="People")).to_be_visible()
        assert too_wide_px(page) == 0


@pytest.mark.slow
def test_team__is_no_wider_than_a_narrow_window(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Model", width_px=900) as page:
        shows_team(page)
        page.wait_for_timeout(300)
        assert too_wide_px(page) == 0


def test_review__decides_by_keys_skips_and_takes_back(
    chromium: Browser, server: RunningServer, contested: list[str]
) -> None:
    first, second, flagged = contested
    with open_page(chromium, server.url, page="Review") as page:
        shows(page, first)
        expect(page.locator(".waits")).to_have_text("3 items to decide: 2 with different classes, 1 flagged")
        expect(page.locator(".votes li")).to_have_count(2)
        expect(page.get_by_role("group", name="People")).to_contain_text("ann")
        page.keyboard.press("3")
        shows(page, second)
        saved(page, 1)
        assert adjudicated(server) == {first: "rare"}
        page.keyboard.press("s")
        shows(page, flagged)
        expect(page.locator(".votes")).to_contain_text("<b>bob")
        expect(page.locator(".votes q")).to_contain_text(HOSTILE)
        assert page.evaluate("() => window.hurt") is None
        page.keyboard.press("1")
        expect(page.get_by_role("heading", name="Nothing else waits for review")).to_be_visible()
        saved(page, 2)
        assert adjudicated(server) == {first: "rare", flagged: "common"}

        page.keyboard.press("Control+z")
        shows(page, flagged)
        saved(page, 3)
        page.reload()
        shows(page, second)
        page.keyboard.press("Control+z")
        shows(page, first)
        wait_for(lambda: adjudicated(server) == {}, what="both taken back")


@pytest.mark.slow
def test_review__hidden_votes_show_once_a_class_is_chosen(
    chromium: Browser, server: RunningServer, contested: list[str]
) -> None:
    first, second, _ = contested
    with open_page(chromium, server.url, page="Review", width_px=900) as page:
        shows(page, first)
        page.get_by_label("Hide the votes until I choose").check()
        expect(page.locator(".votes")).to_be_hidden()
        expect(page.locator(f"{CARD} .suggestion")).to_be_hidden()
        expect(page.locator(f"{CARD} p.reason")).to_have_text(
            "The votes are hidden until you choose a class."
        )
        page.keyboard.press("Enter")
        page.keyboard.press("1")
        expect(page.locator(".votes li")).to_have_count(2)
        expect(page.locator(f"{CARD} p.reason")).to_contain_text("You chose common")
        assert adjudicated(server) == {}
        page.keyboard.press("Enter")
        shows(page, second)
        saved(page, 1)
        assert adjudicated(server) == {first: "common"}
        expect(page.locator(".votes")).to_be_hidden()
        page.keyboard.press("Control+z")
        shows(page, first)
        saved(page, 2)


def test_review__a_decision_makes_a_gold_item(
    chromium: Browser, server: RunningServer, contested: list[str]
) -> None:
    with open_page(chromium, server.url, page="Review") as page:
        shows(page, contested[0])
        page.keyboard.press("Shift+G")
        button = page.get_by_role("button", name="Gold item")
        expect(button).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("3")
        shows(page, contested[1])
        expect(button).to_have_attribute("aria-pressed", "false")
        saved(page, 2)
        project = open_project(server.config_path)
        with project.database.reading() as session:
            assert list(gold_labels(session)) == [contested[0]]
        project.close()
        page.keyboard.press("Control+z")
        shows(page, contested[0])
        saved(page, 4)
        expect(button).to_have_attribute("aria-pressed", "false")
    assert contested[0] in labels_by_key(server)
    assert {item["key"]: item["is_gold"] for item in reviews(server)}[contested[0]] is False


@pytest.mark.slow
def test_review__is_within_reach_on_a_phone(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, width_px=360) as page:
        for name in (*PAGES, REVIEW):
            expect_in_header(page, name)


def test_label__two_tabs_of_a_person_have_items_of_their_own(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url) as one, open_page(chromium, server.url) as other:
        keys = []
        for page in (one, other):
            expect(page.locator("section.card p.small").first).to_contain_text("round")
            keys.append(page.evaluate("() => window.painted.map((each) => each.key)"))
        assert not set(keys[0]) & set(keys[1])
