"""The time series on the card in a real Chromium: drawn with gaps, zoomed, read at the pointer."""

from __future__ import annotations

import io
import re

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.app.components.card_checks import shows
from tests.app.components.card_server import STORE, Opener

pytestmark = pytest.mark.browser


def ink(page: Page) -> npt.NDArray[np.bool_]:
    """Return which pixels of the canvas are painted."""
    with Image.open(io.BytesIO(page.locator(".plot").screenshot())) as image:
        grey = np.asarray(image.convert("RGB")).astype(int)
    return np.asarray(np.abs(grey - grey[0, grey.shape[1] // 4]).sum(axis=2) > 60)


def says_below(page: Page, words: str | re.Pattern[str]) -> None:
    """Check what is said below the series, which comes a moment after the item."""
    expect(page.locator(".reading:has(.plot) .matches")).to_have_text(words)


def test_series__is_drawn_with_its_gap(open_card: Opener) -> None:
    page = open_card(view="series")
    expect(page.locator(".plot canvas")).to_have_attribute(
        "aria-label", "Time series of 400 points: <b>level</b> from 0 to 50, wave from -1 to 0.9999"
    )
    says_below(page, "400 points")

    painted = ink(page)
    height, width = painted.shape
    lane = painted[20 : height // 2 - 5]
    assert lane[:, int(width * 0.5) : int(width * 0.6)].any()
    assert not lane[:, int(width * 0.27) : int(width * 0.30)].any()
    assert lane[:, int(width * 0.31) : int(width * 0.32)].any()
    assert painted[height // 2 :, int(width * 0.27) : int(width * 0.30)].any()


def test_series__dragging_zooms_and_a_double_click_shows_all(open_card: Opener) -> None:
    page = open_card(view="series")
    says_below(page, "400 points")
    box = page.locator(".plot").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.up()
    page.mouse.move(5, 5)

    says_below(page, re.compile(r"^points 10[01] to 20[0-2] of 400$"))
    page.locator(".plot").dblclick()
    page.mouse.move(5, 5)
    says_below(page, "400 points")


def test_series__wheel_and_keys_zoom_and_move(open_card: Opener) -> None:
    page = open_card(view="series")
    says_below(page, "400 points")
    page.keyboard.press("PageUp")
    says_below(page, "points 68 to 334 of 400")
    page.keyboard.press("ArrowRight")
    says_below(page, "points 101 to 367 of 400")
    page.keyboard.press("Home")
    says_below(page, "400 points")
    page.locator(".plot").hover()
    page.mouse.wheel(0, -300)
    page.mouse.move(5, 5)

    expect(page.locator(".reading:has(.plot) .matches")).to_contain_text(" of 400")


def test_series__values_at_the_pointer_are_said(open_card: Opener) -> None:
    page = open_card(view="series")
    says_below(page, "400 points")
    box = page.locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20)

    says_below(page, "point 300: <b>level</b> 0, wave -0.3185")
    page.mouse.move(box["x"] + box["width"] * 0.27, box["y"] + 20)
    expect(page.locator(".reading:has(.plot) .matches")).to_contain_text("<b>level</b> gap")


def test_series__the_next_item_is_drawn_whole(open_card: Opener) -> None:
    page = open_card(view="series")
    says_below(page, "400 points")
    page.keyboard.press("PageUp")
    page.keyboard.press("3")

    shows(page, "item-1")
    words = "Time series of 400 points: <b>level</b> from 1 to 51, wave from -1 to 0.9999"
    expect(page.locator(".plot canvas")).to_have_attribute("aria-label", words)
    says_below(page, "400 points")


def test_series__that_cannot_be_fetched_offers_to_try_again(open_card: Opener) -> None:
    page = open_card(view="series", broken_media=True)
    expect(page.locator(".note")).to_contain_text("The series could not be loaded")
    STORE.broken_media = False

    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".plot canvas")).to_be_visible()
