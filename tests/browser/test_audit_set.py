"""The audit set in a real browser: the card is blind, and the answers reach the figures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.audit_set import draw_audit_set
from app.run_now import run_now
from labeling.annotators import ensure_annotator
from tests.browser.pages import CARD, labels_by_key, open_page, press, wait_for_item
from tests.projects import label_some, let_rounds_wait, make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def drawn() -> list[str]:
    """Filled by the server's fixture: the keys of the audit set, in their order."""
    return []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, drawn: list[str]) -> Iterator[RunningServer]:
    """A server of the clouds with a model and an audit set of twelve."""
    project = make_clouds(tmp_path_factory.mktemp("audit-set"))
    label_some(project)
    run_now(project)
    let_rounds_wait(project)
    with project.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    drawn.extend(draw_audit_set(project, size=12, annotator_id=person).new.item_keys)
    project.close()
    with serving(project.paths.config) as running:
        yield running


def shown_key(page: Page) -> str:
    """Return the key of the item that was painted last."""
    return str(page.evaluate("() => window.painted[window.painted.length - 1].key"))


FOCUSED = """() => {
  let node = document.activeElement
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement
  return node.className
}"""


@pytest.mark.slow
def test_audit_set__the_card_has_the_focus_once_its_items_are_there(
    chromium: Browser, server: RunningServer, drawn: list[str]
) -> None:
    with open_page(chromium, server.url, width_px=375) as page:
        wait_for_item(page)
        page.get_by_role("button", name="Label the audit set (12 left)").click()
        wait_for(lambda: shown_key(page) == drawn[0], what="the first item of the audit set")
        wait_for(lambda: page.evaluate(FOCUSED) == "card", what="the focus on the card")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)

        # Nothing is suggested of an item of the audit set, so that Enter confirms nothing, and presses no button again.
        expect(page.get_by_text("you chose come next")).to_have_count(1)
        assert shown_key(page) == drawn[0]
        assert labels_by_key(server).keys().isdisjoint(drawn)
        expect(page.locator(CARD).get_by_text("From the audit set: judge it by itself.")).to_be_in_viewport()


def test_audit_set__the_card_is_blind_and_the_answer_is_stored_so(
    chromium: Browser, server: RunningServer, drawn: list[str]
) -> None:
    with open_page(chromium, server.url) as page:
        wait_for_item(page)
        # Of an item of the queue the card says what the model thinks.
        card = page.locator(CARD)
        expect(card.locator("button.suggestion")).to_be_visible()
        expect(card.locator("button.suggested")).to_have_count(1)

        page.get_by_role("button", name="Label the audit set (12 left)").click()
        wait_for(lambda: shown_key(page) == drawn[0], what="the first item of the audit set")
        for key in drawn[:3]:
            assert shown_key(page) == key
            expect(card.locator("button.suggestion")).to_be_hidden()
            expect(card.locator("button.suggested")).to_have_count(0)
            expect(card.locator("section.near")).to_be_hidden()
            words = card.inner_text()
            assert "From the audit set: judge it by itself." in words
            for told in ("probability", "round 1", "unsure of it", "likely", "discover", "refine", "balance"):
                assert told not in words.lower()
            press(page, "1")
        wait_for(lambda: set(drawn[:3]) <= set(labels_by_key(server)), what="three stored answers")
        expect(page.get_by_role("button", name="Label the audit set (9 left)")).to_be_visible()
    with open_page(chromium, server.url, page="Model") as page:
        expect(page.get_by_text("3 of 12 items of the audit set are labelled")).to_be_visible()
        figures = page.locator(
            ".gp-panel", has=page.get_by_role("heading", name="Figures for unequal classes")
        )
        expect(figures.get_by_text("audit set: 3 items")).to_be_visible()
        expect(figures.get_by_text("cross-validation: 12 items")).to_be_visible()


def test_audit_set__drawn_by_a_criterion_and_told_apart(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Model") as page:
        card = page.locator(".gp-panel", has=page.get_by_role("heading", name="What the audit set says"))
        expect(card.get_by_text("items of the audit set are labelled")).to_be_visible()
        chosen = card.get_by_role("combobox", name="Figures of", exact=True)
        expect(chosen).to_have_count(0)
        card.get_by_label("Only items where").fill("aa > 3")
        expect(card.get_by_text("there is no column 'aa'")).to_be_visible()
        card.get_by_label("Only items where").fill("a>3")
        expect(card.get_by_text("40 items match")).to_be_visible()
        card.get_by_label("Items", exact=True).fill("9")
        card.get_by_label("Items", exact=True).press("Tab")
        card.get_by_role("button", name="Draw more").click()
        expect(card.get_by_text("0 of 9 items of the audit set where a > 3 are labelled")).to_be_visible()
        expect(chosen).to_have_text("Items where a > 3")
        figures = page.locator(
            ".gp-panel", has=page.get_by_role("heading", name="Figures for unequal classes")
        )
        expect(figures.get_by_text("The audit set where a > 3 says nothing yet")).to_be_visible()
        chosen.click()
        page.get_by_role("menuitem", name="The whole pool", exact=True).click()
        expect(card.get_by_text("of 12 items of the audit set are labelled")).to_be_visible()
