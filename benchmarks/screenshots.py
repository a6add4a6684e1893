"""Draws docs/images: every page of the demo, light and dark, 1440 and 900 px wide.

`python -m benchmarks.screenshots [--to FOLDER]` makes the demo in a temporary folder, labels some items as a person who
knows the digits would, waits for the rounds, and takes the pictures in headless Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.demo import make_demo
from app.run_now import run_first
from labeling.pools.truth import read_truth
from tests.browser.pages import current_key, open_page, press, saved_uids, wait_for_item
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.servers import serving, wait_for

PAGES = ("Label", "Confirm", "Explore", "Balance", "Model", "Export")
WIDTHS_PX = (1440, 900)
LABELS = 46
SETTLE_MS = 2500


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screenshots", description="Draw docs/images anew."
    )
    parser.add_argument("--to", type=Path, default=Path("docs/images"), help="folder for the pictures")
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        project = make_demo(Path(place) / "demo")
        run_first(project, lambda share, what: None)
        values = read_truth(project.paths.pool) or []
        truth = dict(zip(project.pool.keys(range(project.pool.n)), values, strict=True))
        project.close()
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS))
        with serving(project.paths.config) as server:
            with open_page(browser, server.url) as page:
                label(page, truth)
            for width_px in WIDTHS_PX:
                for dark in (False, True):
                    take(browser, server.url, folder, width_px=width_px, dark=dark)
        browser.close()


def label(page: Page, truth: dict[str, str]) -> None:
    """Label items with their true digit, at a pace that lets rounds answer."""
    wait_for_item(page)
    for _ in range(LABELS):
        press(page, truth[current_key(page)])
        page.wait_for_timeout(250)
    wait_for(lambda: len(saved_uids(page)) == LABELS, what="all labels saved")
    page.wait_for_timeout(4000)


def take(browser: Browser, url: str, folder: Path, *, width_px: int, dark: bool) -> None:
    """Take the pictures of all pages in one theme and width."""
    theme = "dark" if dark else "light"
    for name in PAGES:
        with open_page(browser, url, width_px=width_px, page=name) as page:
            ready = page.locator("section.confirm img" if name == "Confirm" else "h2").first
            expect(ready).to_be_visible(timeout=40_000)
            if dark:
                page.locator("header").get_by_role("button", name="theme", exact=False).last.click()
            if name == "Explore":
                page.wait_for_timeout(SETTLE_MS)
                pick_a_point(page)
                draw_a_lasso(page)
            if name == "Model":
                page.get_by_role("button", name="Reveal how it went").click()
                # The click scrolled down to the button; over a map this wheel would zoom.
                page.mouse.move(width_px / 2, 600)
                page.mouse.wheel(0, -5000)
            page.wait_for_timeout(SETTLE_MS)
            page.mouse.move(5, 895)
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{name.lower()}-{theme}-{width_px}.png", full_page=False)


def pick_a_point(page: Page) -> None:
    """Click on the map until an item is shown beside it."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    for x, y in ((0.45, 0.4), (0.3, 0.3), (0.6, 0.5), (0.2, 0.7), (0.5, 0.6), (0.8, 0.5), (0.15, 0.4)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(500)
        if page.get_by_role("button", name="Label this item").is_visible():
            return


def draw_a_lasso(page: Page) -> None:
    """Choose the items in the middle of the map, so that the selection is in the picture."""
    page.get_by_role("button", name="Lasso", exact=True).click()
    page.wait_for_timeout(300)
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    places = [(0.35, 0.35), (0.5, 0.25), (0.68, 0.35), (0.65, 0.6), (0.45, 0.68), (0.35, 0.35)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


if __name__ == "__main__":
    main()
