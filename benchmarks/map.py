"""How soon the pool map answers, in a real browser: `python -m benchmarks.map`.

Zoom: a wheel event is sent to the page; the time runs from the event in the browser until two animation frames after
the picture of the final view has arrived there, so that it has certainly been painted. Lasso and labelling at once are
measured on the real Explore page (`map_selection.py`).
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.map_selection import selection_figures
from benchmarks.report import benchmark_arguments, percentiles, report
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path

BUDGETS = {
    "repaint_1e5_p95_ms": 100.0,
    "repaint_1e6_p95_ms": 120.0,
    "repaint_1e7_p95_ms": 350.0,
    "lasso_1e6_p50_ms": 100.0,
    "lasso_1e7_p50_ms": 400.0,
    "label_10k_s": 2.0,
}
LEAST_FRAMES_PER_S = 55.0
SIZES = {"1e5": 100_000, "1e6": 1_000_000, "1e7": 10_000_000}

_SET_UP_JS = """() => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  window.map_source = models.find((model) => model.data && model.data.number !== undefined)
  window.map_figure = models.find((model) => model.x_range && model.y_range && model.inner_width)
  window.images = 0
  map_source.connect(map_source.properties.data.change, () => { window.images += 1 })
  return Boolean(map_source && map_figure)
}"""

_WAIT_JS = """() => {
  let began = null
  document.addEventListener('wheel', () => { began = performance.now() }, {once: true, capture: true})
  const same = (one, other) => Math.abs(one - other) < 1e-6
  window.repainted = new Promise((resolve) => {
    const look = () => {
      const range = map_figure.x_range, data = map_source.data
      if (began === null || !same(data.x[0], range.start) || !same(data.dw[0], range.end - range.start)) return
      map_source.disconnect(map_source.properties.data.change, look)
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)))
    }
    map_source.connect(map_source.properties.data.change, look)
  })
}"""

_COUNT_FRAMES_JS = """() => {
  window.frames_drawn = 0
  const count = () => { window.frames_drawn += 1; requestAnimationFrame(count) }
  requestAnimationFrame(count)
}"""


@contextmanager
def served(count: int) -> Iterator[str]:
    """Serve the map of so many points in a process of its own and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.map_page", str(port), str(count)])
    try:
        deadline_s = time.monotonic() + 120
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"the page of {count} points was not served on port {port}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/map"
    finally:
        process.terminate()
        process.wait(10)


def repaint_times_ms(page: Page, repeats: int) -> list[float]:
    """Return the time of each of some zooms, in and out by turns, after three that are not counted."""
    box = page.locator(".bk-Figure").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.5 * box["height"])
    times: list[float] = []
    for turn in range(repeats + 3):
        page.evaluate(_WAIT_JS)
        page.mouse.wheel(0, -100 if turn % 2 == 0 else 100)
        times.append(float(page.evaluate("window.repainted")))
        page.wait_for_timeout(150)
    return times[3:]


def drag(page: Page, duration_s: float) -> tuple[float, float]:
    """Drag the map to and fro; return frames and new pictures per second."""
    box = page.locator(".bk-Figure").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(_COUNT_FRAMES_JS)
    page.mouse.move(x, y)
    page.mouse.down()
    began_s = time.monotonic()
    images, frames = (page.evaluate(name) for name in ("window.images", "window.frames_drawn"))
    while (passed_s := time.monotonic() - began_s) < duration_s:
        page.mouse.move(x + 60 * ((4 * passed_s) % 2 - 1), y + 30 * ((3 * passed_s) % 2 - 1))
        page.wait_for_timeout(8)
    images, frames = page.evaluate("window.images") - images, page.evaluate("window.frames_drawn") - frames
    page.mouse.up()
    return frames / passed_s, images / passed_s


def main() -> int:
    """Measure, print and write the figures; exit code 1 when a budget is missed."""
    parser = benchmark_arguments("map", "How soon the map is repainted, and lassos answered.")
    parser.add_argument(
        "--sizes", nargs="+", choices=list(SIZES), help="points; default all, quick without 1e7"
    )
    arguments = parser.parse_args()
    wanted = arguments.sizes or list(SIZES)[: 2 if arguments.quick else None]
    sizes = {name: SIZES[name] for name in wanted}
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS))
        for name, count in sizes.items():
            figures |= repaint_figures(browser, name, count, repeats=12 if arguments.quick else 40)
        sizes.pop("1e5", None)
        figures |= selection_figures(browser, Path(folder), sizes)
        browser.close()
    kept = report("map", figures, json_path=arguments.json, budgets=BUDGETS)
    frames = [value for name, value in figures.items() if name.startswith("drag_fps")]
    return 0 if kept and min(frames) >= LEAST_FRAMES_PER_S else 1


def repaint_figures(browser: Browser, name: str, count: int, *, repeats: int) -> dict[str, float]:
    """Return the figures of zooming, and of dragging, a map of so many points."""
    with served(count) as address:
        page = browser.new_page(viewport={"width": 800, "height": 680})
        page.goto(address)
        page.locator(".bk-Figure").first.wait_for(timeout=60_000)
        page.wait_for_timeout(1_500)
        if not page.evaluate(_SET_UP_JS):
            raise RuntimeError("the map was not found on its page")
        figures = percentiles(repaint_times_ms(page, repeats), name=f"repaint_{name}")
        frames, images = drag(page, 2.0)
        page.close()
    return {**figures, f"drag_fps_{name}": round(frames, 1), f"drag_images_per_s_{name}": round(images, 1)}


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
