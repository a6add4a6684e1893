"""Draws docs/images: every page of the demo, light and dark, 1440 and 900 px wide; of real data too where it is there.

`python -m benchmarks.screenshots [--to FOLDER] [--data FOLDER]` makes the demo in a temporary folder, labels some items
as a person who knows the digits would, waits for the rounds, and takes the pictures in headless Chromium. A second demo
is labelled by three people, for the pages that only a team sees. With the folder of real data it does the same with
SDSS, BANKING77 and MNIST, into a folder each.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.demo import make_demo
from app.run_now import run_first
from benchmarks.screenshot_parts import SETTLE_MS, WIDTHS_PX, picture, wait_for_map
from benchmarks.screenshot_projects import MAKERS, label_truly
from benchmarks.screenshots_team import draw_team
from labeling.pools.truth import read_truth
from tests.browser.pages import current_key, open_page, press, saved_uids, wait_for_item
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.servers import serving, wait_for

PAGES = ("Label", "Confirm", "Explore", "Balance", "Model", "Export")
LABELS = 46


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screenshots", description="Draw docs/images anew."
    )
    parser.add_argument("--to", type=Path, default=Path("docs/images"), help="folder for the pictures")
    parser.add_argument("--data", type=Path, help="folder of real data; without it the demo alone is drawn")
    parser.add_argument("--only", nargs="*", default=["digits", "team", *MAKERS], help="projects to draw")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS))
        if "digits" in arguments.only:
            draw_demo(browser, Path(place), arguments.to)
        if "team" in arguments.only:
            draw_team(browser, Path(place), arguments.to / "team", arguments.data)
        for name, make in MAKERS.items() if arguments.data else ():
            if name in arguments.only:
                (Path(place) / name).mkdir()
                project = make(arguments.data, Path(place) / name)
                label_truly(project)
                project.close()
                with serving(project.paths.config) as server:
                    wait_for_map(project)
                    take_all(browser, server.url, arguments.to / name)
        browser.close()


def draw_demo(browser: Browser, place: Path, folder: Path) -> None:
    """Take the pictures of the demo, labelled by keys."""
    project = make_demo(place / "demo")
    run_first(project, lambda share, what: None)
    values = read_truth(project.paths.pool) or []
    truth = dict(zip(project.pool.keys(range(project.pool.n)), values, strict=True))
    project.close()
    with serving(project.paths.config) as server:
        with open_page(browser, server.url) as page:
            label(page, truth)
        wait_for_map(project)
        take_all(browser, server.url, folder)


def take_all(browser: Browser, url: str, folder: Path) -> None:
    """Take the pictures of all pages in both themes and widths."""
    folder.mkdir(parents=True, exist_ok=True)
    for width_px in WIDTHS_PX:
        for dark in (False, True):
            take(browser, url, folder, width_px=width_px, dark=dark)


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
            ready = page.locator(
                "section.confirm [role=checkbox], section.confirm .tile" if name == "Confirm" else "h2"
            ).first
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
            picture(page, folder / f"{name.lower()}-{theme}-{width_px}.png")


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
