"""How long a person waits: key pressed → next item painted, → shown as saved; idle and while rounds run.

`python -m benchmarks.latency [--quick] [--json FILE]` makes the demo project in a temporary folder, serves it as a
process of its own, and presses keys in headless Chromium. Times are taken in the page: `event.timeStamp` of the key, a
message right after the frame that holds the next item, and the moment the server's acknowledgement is read.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from app.demo import make_demo
from app.run_now import run_first
from benchmarks.report import benchmark_arguments, percentiles, report
from config.files import load_config, save_config
from tests.browser.pages import open_page, wait_for_item
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.servers import RunningServer, serving, wait_for

BUDGETS = {"key_to_next_idle_p95_ms": 20.0, "key_to_next_round_p95_ms": 30.0, "ack_p95_ms": 20.0}
PACE_MS = 130
WARM_UP_KEYS = 10
NEVER = 100_000
CONSTANTLY = 1


def main() -> int:
    """Measure and print; returns 1 where a budget is missed."""
    arguments = benchmark_arguments(
        "latency", "Key to next item, key to saved, idle and during rounds."
    ).parse_args()
    keys = 60 if arguments.quick else 300
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        began = time.perf_counter()
        project = make_demo(Path(folder) / "demo")
        run_first(project, lambda share, what: None)
        config_path = project.paths.config
        project.close()
        figures["make_project_s"] = time.perf_counter() - began
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS))
        idle = measure(browser, config_path, keys=keys, retrain_after=NEVER, figures=figures)
        busy = measure(browser, config_path, keys=keys, retrain_after=CONSTANTLY, figures=figures)
        browser.close()
    figures.update(percentiles(idle["painted"], name="key_to_next_idle"))
    figures.update(percentiles(busy["painted"], name="key_to_next_round"))
    figures.update(percentiles(idle["saved"], name="ack"))
    figures.update(percentiles(busy["saved"], name="ack_round"))
    report("latency", figures, json_path=arguments.json, budgets=BUDGETS)
    return int(any(figures[name] > most for name, most in BUDGETS.items()))


def measure(
    browser: Browser, config_path: Path, *, keys: int, retrain_after: int, figures: dict[str, float]
) -> dict[str, list[float]]:
    """Press keys on a freshly started server; returns the times in ms.

    Args:
        browser: the browser.
        config_path: the demo project.
        keys: how many keys count.
        retrain_after: NEVER for no rounds, CONSTANTLY for one after the other.
        figures: gets start-up and round times too.
    """
    config = load_config(config_path)
    rounds = config.rounds.model_copy(update={"retrain_after": retrain_after})
    save_config(config.model_copy(update={"rounds": rounds}), config_path)
    began = time.perf_counter()
    with serving(config_path) as server:
        figures["server_ready_s"] = time.perf_counter() - began
        with open_page(browser, server.url) as page:
            wait_for_item(page)
            figures.setdefault("start_to_first_item_s", time.perf_counter() - began)
            # The page's charts arrive after the first item; a person has not read it by then.
            page.wait_for_timeout(4000)
            times = press_keys(page, keys)
            if retrain_after == CONSTANTLY:
                figures.update(round_seconds(server, config_path))
    return times


def press_keys(page: Page, count: int) -> dict[str, list[float]]:
    """Press class keys at a person's pace and gather the page's own times."""
    for number in range(count + WARM_UP_KEYS):
        if number == WARM_UP_KEYS:
            page.evaluate("() => { window.painted = []; window.saved = []; }")
        page.keyboard.press(str(number % 10))
        page.wait_for_timeout(PACE_MS)
    wait_for(
        lambda: page.evaluate("() => window.saved.length") >= count, seconds=60, what="the last key saved"
    )
    painted: list[dict[str, Any]] = page.evaluate("() => window.painted")
    saved: list[dict[str, Any]] = page.evaluate("() => window.saved")
    return {
        "painted": [entry["painted_at"] - entry["pressed_at"] for entry in painted if entry["pressed_at"]],
        "saved": [entry["saved_at"] - entry["pressed_at"] for entry in saved],
    }


def round_seconds(server: RunningServer, config_path: Path) -> dict[str, float]:
    """Return how long the rounds took while keys were pressed, from the round log."""
    from app.project import open_project
    from labeling.round_log import list_rounds

    del server
    project = open_project(config_path)
    with project.database.reading() as session:
        seconds = [
            row.seconds for row in list_rounds(session) if row.state == "done" and row.seconds is not None
        ]
    project.close()
    return {"rounds": float(len(seconds)), **percentiles(seconds[2:] or seconds, name="round", unit="s")}


if __name__ == "__main__":
    sys.exit(main())
