"""What a person waits for on the real Explore page: a lasso's count and class mix, a label for thousands at once."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.latency_pages import make_big_project
from benchmarks.report import percentiles
from tests.browser.pages import open_page
from tests.servers import serving

SLOW_MS = 120_000
SETTLE_MS = 2_500
LASSOS = 7
MOST_LABELLED = 10_000
AROUND = ((0.3, 0.35), (0.5, 0.2), (0.7, 0.35), (0.68, 0.65), (0.45, 0.7), (0.3, 0.35))
"""A lasso around the middle of the map, as shares of its width and height."""

_WAIT_FOR_COUNT_JS = """() => {
  const find = (root) => {
    const hit = root.querySelector('.gp-count strong')
    if (hit) return hit
    for (const node of root.querySelectorAll('*')) {
      const inside = node.shadowRoot && find(node.shadowRoot)
      if (inside) return inside
    }
    return null
  }
  const before = find(document)
  let began = null
  document.addEventListener('mouseup', () => { began = performance.now() }, {once: true, capture: true})
  window.counted = new Promise((resolve) => {
    const look = () => {
      const node = began !== null && find(document)
      if (node && node !== before) resolve(performance.now() - began)
      else requestAnimationFrame(look)
    }
    look()
  })
}"""


def chosen_ms(browser: Browser, folder: Path, *, items: int) -> tuple[list[float], float]:
    """Return the time of some lassos on a project's Explore page, and of choosing the whole pool.

    From the mouse let go to the frame that shows the count.

    Args:
        browser: the browser.
        folder: an existing folder for the project.
        items: items of its pool.
    """
    path = make_big_project(folder, items=items)
    with serving(path) as server, open_page(browser, server.url, page="Explore") as page:
        _choose_mode(page, "Lasso")
        lassos = [_one_lasso_ms(page) for _ in range(LASSOS + 1)][1:]
        page.evaluate(_WAIT_FOR_COUNT_JS)
        page.get_by_role("button", name="All that is shown", exact=True).click()
        return lassos, float(page.evaluate("window.counted"))


def label_many_s(browser: Browser, folder: Path, *, items: int = MOST_LABELLED) -> tuple[float, float]:
    """Return how long it takes to label all items of a pool by one act, and to take it back."""
    path = make_big_project(folder, items=items)
    with serving(path) as server, open_page(browser, server.url, page="Explore") as page:
        expect(page.locator("canvas").first).to_be_visible(timeout=SLOW_MS)
        page.wait_for_timeout(SETTLE_MS)
        page.get_by_role("button", name="All that is shown", exact=True).click()
        expect(page.locator(".gp-count strong")).to_have_text(f"{items:,} items", timeout=SLOW_MS)
        page.get_by_role("combobox", name="Class").click()
        page.get_by_role("menuitem", name="common", exact=True).click()
        page.get_by_role("button", name=f"Label {items:,} items", exact=True).click()
        stored_s = _clicked_s(page, "Yes, label them", f"{items:,} items labelled common")
        page.wait_for_timeout(SETTLE_MS)
        return stored_s, _clicked_s(page, "Undo", f"{items:,} labels taken back")


def selection_figures(browser: Browser, folder: Path, sizes: dict[str, int]) -> dict[str, float]:
    """Return the figures of lassos on pools of these sizes, and of labelling ten thousand items at once."""
    figures: dict[str, float] = {}
    for name, items in sizes.items():
        (folder / name).mkdir()
        lassos, whole = chosen_ms(browser, folder / name, items=items)
        figures |= {**percentiles(lassos, name=f"lasso_{name}"), f"whole_pool_{name}_ms": whole}
    (folder / "many").mkdir()
    stored_s, undone_s = label_many_s(browser, folder / "many")
    return {**figures, "label_10k_s": stored_s, "undo_10k_s": undone_s}


def _choose_mode(page: Page, mode: str) -> None:
    expect(page.locator("canvas").first).to_be_visible(timeout=SLOW_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.get_by_role("button", name=mode, exact=True).click()
    page.wait_for_timeout(500)


def _one_lasso_ms(page: Page) -> float:
    page.evaluate(_WAIT_FOR_COUNT_JS)
    _drag(page, AROUND)
    taken_ms = float(page.evaluate("window.counted"))
    # The contact sheet and the rings come after the count; the same lasso again would change no word of it.
    page.wait_for_timeout(1_000)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".gp-count strong")).to_be_hidden(timeout=SLOW_MS)
    return taken_ms


def _drag(page: Page, places: tuple[tuple[float, float], ...]) -> None:
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def _clicked_s(page: Page, button: str, answer: str) -> float:
    began = time.perf_counter()
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_text(answer).first.wait_for(timeout=SLOW_MS)
    return time.perf_counter() - began
