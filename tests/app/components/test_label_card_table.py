"""The row of a table on the card in a real Chromium: where values lie, units, the choice of columns."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app.components.card_checks import shows, wait_for
from tests.app.components.card_server import STORE, Opener

pytestmark = pytest.mark.browser

NUMERIC = {
    "kind": "numeric",
    "low": 0.0,
    "high": 100.0,
    "counts": [1, 9, 100, 4] * 6,
    "percentiles": list(range(101)),
    "missing": 0.25,
    "date": False,
}
CATEGORICAL = {"kind": "categorical", "shares": [["red", 0.75], ["blue", 0.25]], "missing": 0.0}
FACTS: dict[str, Any] = {"views": {"deep": False, "pool": "abc", "units": {"g": "mag", "toString": "x"}}}


def row(page: Page, name: str) -> Locator:
    return page.locator(".table > div").filter(has=page.get_by_text(name, exact=True))


def test_strip__shows_and_says_where_a_value_lies(open_card: Opener) -> None:
    fields = [["g", "72.5"], ["colour", "blue"], ["free", "words"]]
    page = open_card(view="table", fields=fields, columns={"g": NUMERIC, "colour": CATEGORICAL}, **FACTS)

    expect(row(page, "g").locator(".unseen")).to_have_text(", above 73 % of the pool")
    expect(row(page, "g").locator(".unit")).to_have_text("mag")
    assert float(row(page, "g").locator(".mark").get_attribute("x") or 0) == pytest.approx(0.725 * 70)
    expect(row(page, "colour").locator(".unseen")).to_have_text(", 25 % of the pool")
    assert float(row(page, "colour").locator(".mark").get_attribute("width") or 0) == pytest.approx(18)
    expect(row(page, "free").locator(".strip")).to_be_hidden()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("—", ", missing, as in 25 % of the pool"),
        (None, ", missing, as in 25 % of the pool"),
        ("-5", ", at the low end of the pool"),
        ("1e+09", ", at the high end of the pool"),
        ("nonsense", ", missing, as in 25 % of the pool"),
    ],
)
def test_strip__values_beyond_and_missing(open_card: Opener, value: str | None, words: str) -> None:
    page = open_card(view="table", fields=[["g", value]], columns={"g": NUMERIC}, **FACTS)

    expect(row(page, "g").locator(".unseen")).to_have_text(words)


def test_strip__dates(open_card: Opener) -> None:
    start = 1767225600.0  # 2026-01-01
    dates = {**NUMERIC, "date": True, "low": start, "high": start + 864e3}
    dates["percentiles"] = [start + 8640.0 * step for step in range(101)]
    fields = [["day", "2026-01-06"], ["hour", "2026-01-06 12:00:00"]]
    page = open_card(view="table", fields=fields, columns={"day": dates, "hour": dates}, **FACTS)

    expect(row(page, "day").locator(".unseen")).to_have_text(", above 50 % of the pool")
    expect(row(page, "hour").locator(".unseen")).to_have_text(", above 55 % of the pool")


def test_columns__are_asked_for_once(open_card: Opener) -> None:
    page = open_card(view="table", fields=[["g", "50"]], columns={"g": NUMERIC}, **FACTS)
    expect(page.locator(".unseen")).to_have_text(", above 50 % of the pool")
    for number in range(1, 4):
        page.keyboard.press("1")
        shows(page, f"item-{number}")

    assert STORE.column_reads == 1


def test_columns__a_person_chooses_which_are_shown(open_card: Opener) -> None:
    page = open_card(view="table")
    expect(page.locator(".reading:has(dl) .matches")).to_have_text("20 columns")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill("u_")
    expect(page.locator(".choices label:visible")).to_have_count(4)
    page.get_by_role("checkbox", name="u_1").click()
    page.keyboard.press("1")
    shows(page, "item-1")

    expect(page.locator(".table > div")).to_have_count(19)
    page.reload()
    shows(page, "item-1")
    expect(page.locator(".table > div")).to_have_count(19)
    expect(page.locator(".area")).not_to_contain_text("u_1")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator(".table > div")).to_have_count(20)


def test_columns__names_and_values_with_markup_stay_text(open_card: Opener) -> None:
    attack = "<img src=x onerror=window.hit=1>"
    units = {"deep": False, "pool": "abc", "units": {attack: attack}}
    fact = {**CATEGORICAL, "shares": [[attack, 0.5]]}
    page = open_card(view="table", fields=[[attack, attack]], columns={attack: fact}, views=units)
    expect(page.locator(".table .unseen")).to_have_text(", 50 % of the pool")
    page.get_by_role("button", name="Columns").click()

    expect(page.locator(".choices span")).to_have_text(attack)
    expect(page.locator(".table dt")).to_have_text(attack)
    assert page.evaluate("window.hit") is None


def test_table__three_hundred_columns_scroll_and_change_quickly(open_card: Opener) -> None:
    names = [f"column {number}" for number in range(300)]
    fields = [[name, str(number)] for number, name in enumerate(names)]
    page = open_card(view="table", fields=fields, columns=dict.fromkeys(names, NUMERIC), **FACTS)
    wait_for(lambda: STORE.column_reads == 1, what="the columns")
    expect(page.locator(".table > div").last.locator(".unseen")).to_have_text(", at the high end of the pool")
    page.keyboard.press("End")
    expect(page.locator(".table > div").last).to_be_in_viewport()
    page.evaluate(
        "window.seen = []; addEventListener('goldpan:painted', ({detail}) =>"
        " window.seen.push(detail.painted_at - detail.pressed_at))"
    )
    for number in range(1, 6):
        page.keyboard.press("1")
        shows(page, f"item-{number}")
        page.wait_for_function("(count) => window.seen.length >= count", arg=number)

    assert sorted(page.evaluate("window.seen"))[2] < 150
