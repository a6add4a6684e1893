"""Draws docs/images/team: what is seen only where several people work, or with a plug-in.

Of the demo's digits, which three people labelled: signing in, the Review page, the Team card. Of SDSS, where it is
there: the plot by the plug-in of docs/plots.md. `python -m benchmarks.screenshots --only team` calls it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.screenshot_parts import HEIGHT_PX, WIDTHS_PX, picture, wait_for_map
from benchmarks.screenshot_people import REVIEWER, label_as_team, make_team_digits
from benchmarks.screenshot_projects import make_sdss
from tests.people import password_of
from tests.servers import serving

DOCS = Path(__file__).resolve().parents[1] / "docs" / "plots.md"
PLOT = "Colour colour"
"""The plot of docs/plots.md, as the page names it."""
SLOW_MS = 60_000


def draw_team(browser: Browser, place: Path, folder: Path, data: Path | None) -> None:
    """Take the pictures.

    Args:
        browser: the browser.
        place: an empty folder for the projects.
        folder: for the pictures.
        data: folder of real data; without it there is no picture of a plug-in's plot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _draw_people(browser, place / "team", folder)
    if data is not None:
        _draw_plug_in(browser, place / "team-sdss", folder, data)


def _draw_people(browser: Browser, place: Path, folder: Path) -> None:
    place.mkdir()
    project = make_team_digits(place)
    passwords = label_as_team(project)
    project.close()
    with serving(project.paths.config, options=("--login", str(passwords))) as server:
        wait_for_map(project)
        for look, page in _looks(browser, server.url):
            _type_name(page)
            picture(page, folder / f"sign-in-{look}.png")
            _sign_in(page)
            page.goto(f"{server.url}?page=Review")
            expect(page.locator("section.review .votes li").first).to_be_visible(timeout=SLOW_MS)
            expect(page.get_by_role("group", name="People")).to_be_visible(timeout=SLOW_MS)
            picture(page, folder / f"review-{look}.png")
            page.goto(f"{server.url}?page=Model")
            _to_the_top(page, "Team")
            picture(page, folder / f"team-card-{look}.png")


def _draw_plug_in(browser: Browser, place: Path, folder: Path, data: Path) -> None:
    place.mkdir()
    project = make_sdss(data, place)
    passwords = label_as_team(project)
    project.close()
    options = ("--login", str(passwords), "--plugin", str(_plug_in(place)))
    with serving(project.paths.config, options=options) as server:
        wait_for_map(project)
        for look, page in _looks(browser, server.url):
            _type_name(page)
            _sign_in(page)
            page.goto(f"{server.url}?page=Explore")
            page.get_by_role("combobox", name="Add a plot of your field").click(timeout=SLOW_MS)
            page.get_by_role("menuitem", name=PLOT, exact=True).click()
            expect(page.get_by_role("heading", name=PLOT)).to_be_visible(timeout=SLOW_MS)
            _to_the_top(page, "Plots")
            picture(page, folder / f"plot-{look}.png")


def _looks(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    """Open the project as a stranger in each theme and width; the page follows the system's theme."""
    for width_px in WIDTHS_PX:
        for dark in (False, True):
            with _stranger(browser, url, width_px=width_px, dark=dark) as page:
                yield f"{'dark' if dark else 'light'}-{width_px}", page


@contextmanager
def _stranger(browser: Browser, url: str, *, width_px: int, dark: bool) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width_px, "height": HEIGHT_PX}, color_scheme="dark" if dark else "light"
    )
    try:
        page = context.new_page()
        page.goto(url)
        yield page
    finally:
        context.close()


def _type_name(page: Page) -> None:
    page.get_by_label("Name").fill(REVIEWER)
    page.get_by_label("Password").fill(password_of(REVIEWER))


def _sign_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".gp-who:visible")).to_contain_text(REVIEWER, timeout=SLOW_MS)


def _to_the_top(page: Page, heading: str) -> None:
    """Scroll until a heading stands below the page's header; a wheel over a map would zoom."""
    found = page.get_by_role("heading", name=heading, exact=True, level=2)
    expect(found).to_be_visible(timeout=SLOW_MS)
    page.wait_for_timeout(1000)
    found.evaluate("(node) => { node.style.scrollMarginTop = '48px'; node.scrollIntoView({block: 'start'}) }")


def _plug_in(place: Path) -> Path:
    """Write the plug-in that docs/plots.md shows, and return its file."""
    found = re.search(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found is not None
    path = place / "diagrams.py"
    path.write_text(found[1], "utf-8")
    return path
