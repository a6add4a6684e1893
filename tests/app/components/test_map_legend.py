"""The legend in a real browser: hiding, showing one alone, searching, the slider; by mouse and by keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.components.map_filter import WITHOUT, MapFilter
from app.components.pool_map import PoolMap
from app.components.theme import class_colour
from tests.app.components.test_pool_map import (
    HOSTILE,
    cloud,
    frame_centre,
    keys,
    open_page,
    serving,
    wait_for,
)

pytestmark = pytest.mark.browser

COUNT = 600
MANY = 150


@contextmanager
def legend_of(chromium: Browser, paint: Callable[[PoolMap], None]) -> Iterator[tuple[Page, PoolMap]]:
    """Open a page with a map and give both."""
    maps: list[PoolMap] = []

    def page_of() -> Any:
        pool_map = PoolMap(cloud(COUNT), keys=keys)
        paint(pool_map)
        pool_map.view.param.update(width=640, height=520, sizing_mode="fixed")
        maps.append(pool_map)
        return pool_map.view

    with serving(page_of) as address:
        page = chromium.new_page(viewport={"width": 660, "height": 560})
        page.goto(address)
        expect(page.get_by_role("group", name="Legend")).to_be_attached(timeout=20_000)
        yield page, maps[-1]
        page.close()


def three(pool_map: PoolMap) -> None:
    codes = (np.arange(COUNT) % 4 - 1).astype(np.int16)
    pool_map.paint(codes, [class_colour(place) for place in range(3)], ["star", HOSTILE, "quasar"])


def entry(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"{name}, {COUNT // 4} items")


def test_legend__hides_and_shows_by_mouse_and_keys(chromium: Browser) -> None:
    with legend_of(chromium, three) as (page, pool_map):
        star, other = entry(page, "star"), entry(page, HOSTILE)
        expect(star).to_have_attribute("aria-pressed", "true")
        star.click()
        expect(star).to_have_attribute("aria-pressed", "false")
        wait_for(lambda: pool_map._legend.chosen() == MapFilter(frozenset({"star"})), page)
        wait_for(lambda: len(pool_map._figure.points.data["x"]) == COUNT * 3 // 4, page)
        other.focus()
        page.keyboard.press("Space")
        wait_for(lambda: len(pool_map._figure.points.data["x"]) == COUNT // 2, page)
        page.keyboard.press("Shift+Enter")
        wait_for(lambda: pool_map._legend.chosen().hidden == {"star", "quasar", WITHOUT}, page)
        other.click(modifiers=["Shift"])
        wait_for(lambda: pool_map._legend.chosen() == MapFilter(), page)
        star.click()
        page.get_by_role("button", name="Show all").click()
        wait_for(lambda: np.isfinite(pool_map.shown).all(), page)
        expect(page.get_by_role("button", name="Show all")).to_be_hidden()
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("window.pwned") is None


def test_legend__many_classes_can_be_searched(chromium: Browser) -> None:
    def many(pool_map: PoolMap) -> None:
        codes = (np.arange(COUNT) % MANY).astype(np.int16)
        pool_map.paint(
            codes, [class_colour(place) for place in range(MANY)], [f"class {place}" for place in range(MANY)]
        )

    with legend_of(chromium, many) as (page, pool_map):
        field = page.get_by_role("searchbox", name="Find in the legend")
        field.fill("CLASS 14")
        expect(page.locator("button.entry:visible")).to_have_count(11)
        page.locator("button.entry:visible").first.click()
        wait_for(lambda: pool_map._legend.chosen().hidden == {"class 14"}, page)
        field.fill("")
        expect(page.locator("button.entry:visible")).to_have_count(MANY)
        box = page.locator(".list").bounding_box()
        assert box is not None
        assert box["height"] < 120


def test_legend__a_part_of_the_ramp(chromium: Browser) -> None:
    def values(pool_map: PoolMap) -> None:
        pool_map.paint_values(np.linspace(0, 1, COUNT), "u", ends=(14.0, 24.0))

    with legend_of(chromium, values) as (page, pool_map):
        least = page.get_by_role("slider", name="Least value shown of u")
        expect(least).to_have_attribute("aria-valuetext", "14")
        least.focus()
        for _ in range(50):
            page.keyboard.press("ArrowRight")
        expect(least).to_have_attribute("aria-valuetext", "19")
        wait_for(lambda: pool_map._legend.chosen().low == 0.5, page)
        wait_for(lambda: abs(len(pool_map._figure.points.data["x"]) - COUNT // 2) <= 2, page)
        page.get_by_role("button", name="Show all").click()
        wait_for(lambda: pool_map._legend.chosen() == MapFilter(), page)


def test_hover__shows_the_item_once_the_pointer_rests_and_goes_with_it(chromium: Browser) -> None:
    looked: list[int] = []

    def describe(row: int) -> dict[str, Any]:
        looked.append(row)
        return {"view": {"type": "text", "text": f"words of {row} {HOSTILE}"}, "extra": []}

    def page_of() -> Any:
        places = np.array([[0, 0], [10, 0], [5, 5], [0, 10], [10, 10]], np.float32)
        pool_map = PoolMap(places, keys=keys, describe=describe)
        pool_map.paint(np.zeros(5, np.int16), ["#0077b6"], [HOSTILE])
        pool_map.view.param.update(width=640, height=520, sizing_mode="fixed")
        return pool_map.view

    with serving(page_of) as address:
        page = open_page(chromium, address)
        page.wait_for_timeout(400)
        x, y = frame_centre(page)
        page.mouse.move(x + 10, y)
        page.mouse.move(x, y, steps=40)
        card = page.locator(".goldpan-hover .hover")
        expect(card).to_contain_text(f"words of 2 {HOSTILE}")
        expect(card).to_contain_text("item-2")
        assert set(looked) == {2}
        assert len(looked) < 10  # of forty moves
        page.mouse.move(x + 120, y + 120)
        expect(card).to_be_hidden()
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("window.pwned") is None
        page.close()
