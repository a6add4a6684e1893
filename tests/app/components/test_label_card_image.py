"""The image on the card in a real Chromium: zoom, pan, how it looks, and that both are kept as they should be."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.app.components.card_checks import says, shows, wait_for
from tests.app.components.card_server import STORE, Opener, make_classes

pytestmark = pytest.mark.browser


def ready(page: Page) -> None:
    """Wait until the picture is decoded, as it is where a person sees it."""
    page.locator(".figure img").evaluate("(node) => node.decode()")


def zoom(page: Page) -> float:
    """Return the scale of the picture, 1 while it fits."""
    return float(
        page.locator(".lens").evaluate("(node) => new DOMMatrix(getComputedStyle(node).transform).a")
    )


def place(page: Page) -> tuple[float, float]:
    """Return how far the picture is moved, in pixels."""
    x, y = page.locator(".lens").evaluate(
        "(node) => { const m = new DOMMatrix(getComputedStyle(node).transform); return [m.e, m.f] }"
    )
    return float(x), float(y)


def greys(page: Page) -> npt.NDArray[np.float64]:
    """Return the middle of the picture as it is painted, as grey numbers."""
    ready(page)
    with Image.open(io.BytesIO(page.locator(".figure img").screenshot())) as image:
        painted: npt.NDArray[np.float64] = np.asarray(image.convert("L")).astype(np.float64)
    height, width = painted.shape
    half = min(height, width) // 2 - 10
    rows, columns = slice(height // 2 - half, height // 2 + half), slice(width // 2 - half, width // 2 + half)
    return painted[rows, columns]


def slide(page: Page, name: str, value: float) -> None:
    """Set a slider of the Adjust panel."""
    page.get_by_role("slider", name=name).fill(str(value))


def test_zoom__the_wheel_keeps_the_point_under_the_pointer(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    box = page.locator(".port").bounding_box()
    assert box is not None
    x, y = box["width"] * 0.75, box["height"] * 0.25
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.wheel(0, -500)

    expect(page.locator(".port")).to_have_class("port zoomed")
    scale, (left, top) = zoom(page), place(page)
    assert scale > 1.5
    assert (x - left) / scale == pytest.approx(x, abs=1.5)
    assert (y - top) / scale == pytest.approx(y, abs=1.5)


def test_zoom__double_click_shows_pixel_for_pixel_and_fits_again(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    page.locator(".port").dblclick()
    expect(page.locator(".figure .tools")).to_contain_text("100 %")

    page.locator(".port").dblclick()

    expect(page.locator(".figure .tools")).to_contain_text("Fit")
    assert zoom(page) == 1


def test_zoom__lasts_for_one_item_unless_locked(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    page.get_by_role("button", name="Zoom in").click()
    assert zoom(page) == pytest.approx(1.5)
    page.keyboard.press("1")
    shows(page, "item-1")
    assert zoom(page) == 1

    page.get_by_role("button", name="Lock").click()
    page.get_by_role("button", name="Zoom in").click()
    page.keyboard.press("1")

    shows(page, "item-2")
    assert zoom(page) == pytest.approx(1.5)


def test_zoom__dragging_moves_the_picture_and_never_beyond_its_edge(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    box = page.locator(".port").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -600)
    expect(page.locator(".port")).to_have_class("port zoomed")
    before = place(page)
    page.mouse.down()
    page.mouse.move(middle[0] + 40, middle[1] - 30)
    assert place(page) == pytest.approx((before[0] + 40, before[1] - 30), abs=1)
    page.mouse.move(middle[0] + 5000, middle[1] + 5000)
    page.mouse.up()

    assert place(page) == (0, 0)
    page.mouse.move(middle[0], middle[1])
    assert place(page) == (0, 0)


def test_keys__zoom_move_and_fit_without_focus_while_letters_label(open_card: Opener) -> None:
    classes = make_classes(["plus", "minus", "inverse"])
    for each, key in zip(classes, "+-i", strict=True):
        each["key"] = key
    page = open_card(view="picture", classes=classes)
    ready(page)

    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    assert zoom(page) == pytest.approx(2.25)
    before = place(page)
    page.keyboard.press("ArrowRight")
    assert place(page)[0] < before[0]
    page.keyboard.press("Home")
    assert zoom(page) == 1
    for key in "+-i":
        page.keyboard.press(key)

    wait_for(lambda: len(STORE.history) == 3, what="three labels")
    assert [entry["class_id"] for entry in STORE.history] == [1, 2, 3]


def test_look__invert_is_painted_and_kept_for_the_next_items_and_visits(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    plain = greys(page)
    page.get_by_role("button", name="Invert").click()

    assert np.abs(255 - plain - greys(page)).mean() < 3
    page.keyboard.press("1")
    shows(page, "item-1")
    assert greys(page).mean() > 150
    says(page, "Saved")
    page.reload()
    shows(page, "item-1")
    expect(page.get_by_role("button", name="Invert")).to_have_attribute("aria-pressed", "true")
    assert greys(page).mean() > 150


def test_look__stretch_and_range_lift_what_is_faint(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    plain = greys(page)
    page.get_by_role("button", name="Adjust").click()
    page.get_by_label("Stretch").select_option("log")
    page.get_by_role("button", name="Adjust").click()
    bent = greys(page)
    dark = plain == 20
    assert bent[dark].mean() == pytest.approx(255 * np.log1p(1000 * 20 / 255) / np.log1p(1000), abs=4)

    page.get_by_role("button", name="Adjust").click()
    slide(page, "Black at percentile", 20)
    page.get_by_role("button", name="Adjust").click()

    assert greys(page)[dark].mean() < 3


def test_look__reset_takes_the_filter_away(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    page.get_by_role("button", name="Adjust").click()
    slide(page, "Contrast", 60)
    slide(page, "Brightness", -20)
    assert page.locator(".lens").evaluate("(node) => node.style.filter") != ""
    page.get_by_role("button", name="Reset").click()

    assert page.locator(".lens").evaluate("(node) => node.style.filter") == ""


def test_look__a_slider_that_was_dragged_leaves_the_keys_to_the_classes(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    page.get_by_role("button", name="Adjust").click()
    page.get_by_role("slider", name="Contrast").click()
    page.keyboard.press("3")

    shows(page, "item-1")


def test_look__deep_images_are_asked_for_as_they_shall_look(open_card: Opener) -> None:
    page = open_card(view="picture", views={"deep": True})
    ready(page)
    assert not any("stretch" in address for address in STORE.media)
    page.get_by_role("button", name="Adjust").click()
    expect(page.get_by_role("slider", name="White at percentile")).to_have_value("99.5")
    page.get_by_label("Stretch").select_option("asinh")

    wait_for(lambda: any("stretch=asinh" in address for address in STORE.media), what="asinh")
    expect(page.locator(".figure img")).to_have_attribute("src", "/media/0?stretch=asinh&low=0.5&high=99.5")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    shows(page, "item-1")
    expect(page.locator(".figure img")).to_have_attribute("src", "/media/1?stretch=asinh&low=0.5&high=99.5")


def test_look__damaged_storage_is_as_good_as_empty(open_card: Opener) -> None:
    page = open_card(view="picture", project="damaged")
    ready(page)
    page.evaluate(
        "localStorage.setItem('goldpan:kept:damaged',"
        " JSON.stringify({look: {curve: 'constructor', low: 90, high: 10, contrast: 'x', invert: 1}}))"
    )
    page.reload()
    shows(page, "item-0")

    expect(page.locator(".figure img")).to_be_visible()
    assert page.locator(".lens").evaluate("(node) => node.style.filter") == ""


def test_touch__two_fingers_zoom(open_card: Opener) -> None:
    page = open_card(view="picture")
    ready(page)
    box = page.locator(".port").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        told = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

    send("touchStart", (x - 40, y))
    send("touchStart", (x - 40, y), (x + 40, y))
    send("touchMove", (x - 80, y), (x + 80, y))
    send("touchEnd")

    assert zoom(page) == pytest.approx(2, abs=0.2)
