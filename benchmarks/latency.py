"""How long a person waits: key pressed → next item painted, → shown as saved; idle, during rounds, over a slow network.

`python -m benchmarks.latency [--quick] [--json FILE]` makes the demo project in a temporary folder, serves copies of it
by processes of their own, and presses keys in headless Chromium. Times are taken in the page: `event.timeStamp` of the
key, a message right after the frame that holds the next item, the arrival of the server's acknowledgement (the
browser's own resource timing), and the moment the page reads it. Beside it, in the same run, the same images in Label
Studio, where it is installed (`make peers-ui`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.demo import POOL_NAME, make_demo
from app.run_now import run_first
from benchmarks.latency_keys import CONSTANTLY, Scene, key_figures, measure
from benchmarks.latency_pages import make_big_project, page_ready_s
from benchmarks.peers.label_studio import label_studio_figures
from benchmarks.report import benchmark_arguments, report
from models.arranging import write_arrangement
from models.vectors import open_vectors
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path

BUDGETS = {
    "key_to_next_idle_p95_ms": 20.0,
    "key_to_next_round_p95_ms": 30.0,
    "key_to_next_delay150_p95_ms": 25.0,
    "ack_p95_ms": 20.0,
    "ack_fast_p95_ms": 20.0,
    "page_ready_1e6_s": 3.0,
}
SCENES = (
    Scene("idle"),
    Scene("round", retrain_after=CONSTANTLY),
    Scene("delay150", delay_ms=150.0),
    Scene("fast", pace_ms=30.0),
)


def main() -> int:
    """Measure and print; returns 1 where a budget is missed."""
    parser = benchmark_arguments("latency", "Key to next item, key to saved, page ready; peers beside it.")
    parser.add_argument("--no-peers", action="store_true", help="leave Label Studio out")
    arguments = parser.parse_args()
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS))
        figures = key_times(browser, Path(folder), keys=60 if arguments.quick else 300)
        if not arguments.quick:
            figures |= while_arranging(browser, Path(folder))
            figures |= million_items(browser, Path(folder))
        if not arguments.no_peers:
            pool = Path(folder) / "demo" / POOL_NAME
            place = Path(folder) / "label-studio"
            found, said = label_studio_figures(browser, pool, place, keys=20 if arguments.quick else 60)
            figures |= found
            notes += said
            if "label_studio_key_to_next_p50_ms" in found:
                ours, theirs = figures["key_to_next_idle_p50_ms"], found["label_studio_key_to_next_p50_ms"]
                figures["label_studio_ratio"] = theirs / ours
        browser.close()
    kept = report("latency", figures, json_path=arguments.json, budgets=BUDGETS, notes=notes)
    return 0 if kept else 1


def key_times(browser: Browser, folder: Path, *, keys: int) -> dict[str, float]:
    """Return the figures of all scenes on the demo project."""
    project = make_demo(folder / "demo")
    run_first(project, lambda share, what: None)
    path, vectors = project.paths.config, project.paths.vectors
    seed = project.config.project.seed
    project.close()
    # Made here, so that no copy makes it while its keys are timed.
    write_arrangement(open_vectors(vectors), seed=seed, folder=vectors, progress=lambda *_: None)
    figures: dict[str, float] = {}
    for scene in SCENES:
        times = measure(browser, path, scene, keys=keys)
        figures.setdefault("start_to_first_item_s", times.start_s)
        figures |= key_figures(scene, times)
    return figures


def while_arranging(browser: Browser, folder: Path, *, keys: int = 200) -> dict[str, float]:
    """Return the figures of keys pressed while the map of 100,000 items is being arranged, which takes minutes."""
    (folder / "medium").mkdir()
    path = make_big_project(folder / "medium", items=100_000)
    scene = Scene("arranging", keys="123")
    return key_figures(scene, measure(browser, path, scene, keys=keys))


def million_items(browser: Browser, folder: Path) -> dict[str, float]:
    """Return how soon the page is ready on a project of 10⁶ items."""
    (folder / "big").mkdir()
    times_s = page_ready_s(browser, make_big_project(folder / "big", items=1_000_000))
    return {"page_ready_1e6_s": times_s[0], "page_ready_again_1e6_s": sorted(times_s[1:])[len(times_s) // 2]}


if __name__ == "__main__":
    sys.exit(main())
