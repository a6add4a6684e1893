"""What the browser tests ask of the real page, through its shadow roots (Playwright's locators pierce them)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.project import open_project
from labeling.annotations import Act, current_labels
from labeling.classes import list_classes
from tests.conftest import PATIENCE_MS
from tests.servers import RunningServer, wait_for

CARD = "section.card"
POLICY = "Content Security Policy"
"""What Chromium's messages about one say."""
FIRST_ROUND_S = 120.0
"""The worker has the lowest priority: on a busy machine its start alone can take a minute."""
SERIOUS = {"serious", "critical"}
SETTLED_S = 8.0
"""How long a page may take to be drawn before what axe-core finds there counts."""
ITEM_LINE = re.compile(r"^Item .+ · round \d+")


@contextmanager
def open_page(
    browser: Browser, url: str, *, width_px: int = 1440, page: str = "Label", dark: bool = False
) -> Iterator[Page]:
    """Open the dashboard in a context of its own.

    Afterwards nothing must have asked a foreign host, nor have been stopped by the page's content security policy.

    Args:
        browser: the browser.
        url: of the server.
        width_px: of the window.
        page: by its address; empty for the one that the project opens with.
        dark: whether the system's theme is dark.
    """
    context = browser.new_context(
        viewport={"width": width_px, "height": 900}, color_scheme="dark" if dark else "light"
    )
    context.add_init_script(
        "window.saved = []; window.painted = [];"
        "window.addEventListener('goldpan:saved', (event) => window.saved.push(event.detail));"
        "window.addEventListener('goldpan:painted', (event) => window.painted.push(event.detail));"
    )
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    foreign: list[str] = []
    tab.on("request", lambda request: _note_foreign(request.url, foreign))
    stopped: list[str] = []
    tab.on("console", lambda said: stopped.append(said.text) if POLICY in said.text else None)
    tab.goto(f"{url}?page={page}" if page else url)
    try:
        yield tab
        assert foreign == [], f"the page asked strangers: {foreign}"
        assert stopped == [], f"the policy stopped: {stopped}"
    finally:
        context.close()


def draw_anew(page: Page) -> None:
    """Let Panel draw every component of ours again, as it does when what surrounds one changes."""
    drawn = page.evaluate(
        """async () => {
          let count = 0
          const walk = (view) => {
            if (view.goldpan) {
              view.render_esm()
              count += 1
            }
            for (const child of view.child_views ?? []) walk(child)
          }
          for (const view of Bokeh.index.roots) walk(view)
          await new Promise((done) => setTimeout(done, 100))
          return count
        }"""
    )
    assert drawn > 0


def expect_in_header(page: Page, name: str) -> None:
    """Look that a page can be chosen by finger: its button scrolls into sight, and stands apart; the switch stays."""
    button = page.locator("header").get_by_role("button", name=name, exact=True)
    expect(button).to_be_visible(timeout=FIRST_ROUND_S * 1000)
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)
    room_px = button.evaluate("(node) => parseFloat(getComputedStyle(node).paddingLeft)")
    assert room_px >= 6
    box = button.bounding_box()
    assert box is not None
    assert box["width"] < 120
    expect(page.get_by_role("button", name="Toggle theme").last).to_be_in_viewport(ratio=1)


def serious_violations(page: Page, *, dark: bool) -> list[str]:
    """Return what axe-core finds serious or critical on the page as it is; in the dark of contrast alone.

    Args:
        page: the page.
        dark: whether the dark theme is on; only its colours are others, so contrast is what can differ.
    """
    only = ["color-contrast"] if dark else {"type": "tag", "values": ["wcag2a", "wcag2aa"]}
    return lasting_violations(page, {"runOnly": only}, impacts=SERIOUS)


def lasting_violations(page: Page, options: dict[str, Any], *, impacts: set[str] | None = None) -> list[str]:
    """Return what axe-core finds, with where.

    What it finds while a page is still being drawn (a button that has its name a moment later) is looked at again.

    Args:
        page: the page.
        options: of axe-core.
        impacts: those that count; None for all.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    deadline = time.monotonic() + SETTLED_S
    while True:
        violations = axe.run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
        counted = [each for each in violations if impacts is None or each["impact"] in impacts]
        if not counted or time.monotonic() > deadline:
            return [f"{each['id']} {each['nodes'][0]['target']}" for each in counted]
        page.wait_for_timeout(500)


def too_wide_px(page: Page) -> int:
    """Return by how many px the shown page is wider than its room."""
    found = page.locator(".main-content").evaluate("(node) => node.scrollWidth - node.clientWidth")
    return max(int(found), 0)


def wait_for_item(page: Page) -> str:
    """Return the key of the item on the card, once there is one."""
    found = page.locator(f"{CARD} p.small").filter(has_text=ITEM_LINE)
    expect(found).to_be_visible(timeout=FIRST_ROUND_S * 1000)
    return current_key(page)


def current_key(page: Page) -> str:
    """Return the key of the item on the card."""
    key: str = page.evaluate(
        "() => window.painted.length ? window.painted[window.painted.length - 1].key : ''"
    )
    if key:
        return key
    wait_for(lambda: page.evaluate("() => window.painted.length"), what="a painted item")
    return str(page.evaluate("() => window.painted[window.painted.length - 1].key"))


def saved_uids(page: Page) -> list[str]:
    """Return the uids of all annotations that the page has shown as saved since it was loaded."""
    return [entry["uid"] for entry in page.evaluate("() => window.saved")]


def press(page: Page, key: str) -> None:
    """Press a key and wait until another item is painted."""
    before = page.evaluate("() => window.painted.length")
    page.keyboard.press(key)
    wait_for(lambda: page.evaluate("() => window.painted.length") > before, what=f"the next item after {key}")


def outbox(page: Page) -> list[Any]:
    """Return what waits in the browser."""
    stored = page.evaluate("() => Object.entries(localStorage).map(([name, text]) => [name, text])")
    return [json.loads(text) for name, text in stored if "outbox" in name]


def status_line(page: Page) -> str:
    """Return the line about the worker."""
    return page.locator(".gp-line").first.inner_text()


def wait_for_round(page: Page, number: int, seconds: float = FIRST_ROUND_S) -> None:
    """Wait until the page says that a round has finished."""

    def done() -> bool:
        words = status_line(page).split()
        found = [word for word in words if word.isdigit() or word.rstrip(":").isdigit()]
        return bool(found) and (
            int(found[0].rstrip(":")) > number
            or (int(found[0].rstrip(":")) == number and "finished" in words)
        )

    wait_for(done, seconds=seconds, what=f"round {number} on the page")


def labels_by_key(server: RunningServer) -> dict[str, str]:
    """Return the labels that stand in the server's database, by item key."""
    project = open_project(server.config_path)
    try:
        with project.database.reading() as session:
            table = current_labels(session)
            names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
    finally:
        project.close()
    given = zip(table.item_keys, table.acts, table.class_ids.tolist(), strict=True)
    return {key: names[class_id] for key, act, class_id in given if act == Act.LABEL}


def _note_foreign(url: str, foreign: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")):
        foreign.append(url)
