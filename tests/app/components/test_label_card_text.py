"""The text on the card in a real Chromium: highlighted words, long texts, markup, right to left."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.app.components.card_checks import shows
from tests.app.components.card_server import STORE, Opener

pytestmark = pytest.mark.browser


def highlight(page: Page, words: str) -> None:
    field = page.get_by_label("Words to highlight")
    field.fill(words)
    field.press("Enter")


def test_highlight__several_words_and_a_phrase_are_marked_and_counted(open_card: Opener) -> None:
    page = open_card(view="text", text="A lost card. My CARD was lost; lost card! Cardinal c.rd")
    highlight(page, '"lost card", card c.rd')

    expect(page.locator(".text mark")).to_have_text(["lost card", "CARD", "lost card", "Card", "c.rd"])
    expect(page.locator(".reading:has(.text) .matches")).to_have_text("5 matches")
    expect(page.locator(".text")).to_have_text(STORE.text)


def test_highlight__stays_for_the_next_items_and_leaves_the_keys(open_card: Opener) -> None:
    page = open_card(view="text")
    highlight(page, "card")
    expect(page.locator(".text mark")).to_have_count(6)
    page.keyboard.press("1")
    shows(page, "item-1")
    expect(page.locator(".text mark")).to_have_count(6)

    page.reload()

    shows(page, "item-1")
    expect(page.locator(".text mark")).to_have_count(6)
    highlight(page, "")
    expect(page.locator(".text mark")).to_have_count(0)


def test_highlight__markup_stays_text(open_card: Opener) -> None:
    attack = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
    page = open_card(view="text", text=f"see {attack} here")
    highlight(page, f'"{attack[:31]}" script')

    expect(page.locator(".text mark").first).to_have_text(attack[:31])
    expect(page.locator(".text")).to_have_text(STORE.text)
    assert page.locator(".text img, .text script").count() == 0
    assert page.evaluate("window.hit") is None


def test_highlight__goes_from_match_to_match(open_card: Opener) -> None:
    page = open_card(view="text", text="needle " + "hay\n" * 400 + "needle\n" + "hay\n" * 400)
    highlight(page, "needle")
    page.get_by_role("button", name="Next match").click()
    expect(page.locator(".reading:has(.text) .matches")).to_have_text("1 of 2")
    page.get_by_role("button", name="Next match").click()

    expect(page.locator(".reading:has(.text) .matches")).to_have_text("2 of 2")
    expect(page.locator("mark.at")).to_be_in_viewport()
    page.get_by_role("button", name="Next match").click()
    expect(page.locator(".reading:has(.text) .matches")).to_have_text("1 of 2")


def test_highlight__offers_the_words_that_are_sought(open_card: Opener) -> None:
    page = open_card(view="text")
    page.get_by_label("Words to highlight").focus()

    expect(page.locator("datalist option")).to_have_count(1)
    expect(page.locator("datalist option")).to_have_attribute("value", "lost card")


def test_text__scrolls_by_keys_without_focus(open_card: Opener) -> None:
    page = open_card(view="text", text="hay\n" * 400)
    top = "(node) => node.scrollTop"
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowDown")
    assert page.locator(".text").evaluate(top) > 200
    page.keyboard.press("Home")
    assert page.locator(".text").evaluate(top) == 0
    page.keyboard.press("End")
    assert page.locator(".text").evaluate(top) > 5000

    page.keyboard.press("1")

    shows(page, "item-1")
    assert page.locator(".text").evaluate(top) == 0


def test_text__of_a_megabyte_comes_when_it_is_asked_for(open_card: Opener) -> None:
    page = open_card(view="text", text="<b>needle</b> in <script>hay</script>\n" * 28_000)
    assert len(page.locator(".text").inner_text()) < 21_000
    highlight(page, "needle")
    page.get_by_role("button", name="Show all 1,064,000 characters").click()

    expect(page.locator(".reading:has(.text) .matches")).to_have_text("28000 matches")
    assert page.locator(".text mark").count() == 2000
    expect(page.locator(".whole")).to_be_hidden()
    assert page.locator(".text").evaluate("(node) => node.textContent.length") == 1_064_000
    page.keyboard.press("1")
    shows(page, "item-1")
    expect(page.locator(".whole")).to_be_visible()


def test_text__right_to_left_is_read_from_the_right(open_card: Opener) -> None:
    page = open_card(view="text", text="مرحبا بالعالم\n\nhello world")
    sides = page.locator(".text").evaluate(
        "(node) => { const range = document.createRange(); const text = node.firstChild;"
        " const at = (from, to) => { range.setStart(text, from); range.setEnd(text, to);"
        " return range.getBoundingClientRect() };"
        " const box = node.getBoundingClientRect(); const [one, two] = [at(0, 13), at(15, 26)];"
        " return [box.right - one.right, two.left - box.left] }"
    )
    assert sides[0] < 260 and sides[1] < 260
    expect(page.locator(".text")).to_have_css("direction", "rtl")
