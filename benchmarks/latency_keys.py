"""Keys pressed in headless Chromium against the real server, and the times that the page itself takes of them."""

from __future__ import annotations

import shutil
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.report import percentiles
from config.files import load_config, save_config
from tests.browser.pages import open_page, outbox, wait_for_item
from tests.servers import RunningServer, serving, wait_for

WARM_UP_KEYS = 10
NEVER = 100_000
CONSTANTLY = 1
SETTLE_MS = 4000
LAST_SAVED_S = 120.0

_WATCH_ANSWERS_JS = """() => {
  window.answered = []
  performance.setResourceTimingBufferSize(5000)
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name.endsWith('/api/annotations')) answered.push(entry.responseEnd)
  }).observe({type: 'resource'})
}"""


@dataclass(frozen=True)
class Scene:
    """Under what conditions keys are pressed.

    Attributes:
        name: what the figures are called after.
        retrain_after: labels after which a round starts: NEVER for none, CONSTANTLY for one after the other.
        pace_ms: time from one key to the next.
        delay_ms: what the network adds to each request.
        keys: the keys of the project's classes, pressed in turn.
    """

    name: str
    retrain_after: int = NEVER
    pace_ms: float = 130.0
    delay_ms: float = 0.0
    keys: str = "1234567890"


@dataclass(frozen=True)
class Times:
    """What was measured in one scene.

    Attributes:
        painted_ms: from a key to the frame that shows the next item decoded; one a key.
        acknowledged_ms: from a key to the arrival of the answer that its annotation is on disk; one a key.
        saved_ms: from a key to the page's reading that answer, which waits while the next item is painted; one a key.
        start_s: from the start of the server's process to the first item on the screen.
        rounds_s: how long the rounds took that ran meanwhile.
    """

    painted_ms: Sequence[float]
    acknowledged_ms: Sequence[float]
    saved_ms: Sequence[float]
    start_s: float
    rounds_s: Sequence[float]


def measure(browser: Browser, config_path: Path, scene: Scene, *, keys: int) -> Times:
    """Press keys on a fresh copy of a project, served by a process of its own.

    Args:
        browser: the browser.
        config_path: a project with a finished round and no labels; it stays as it is.
        scene: the conditions.
        keys: how many keys count.
    """
    copy = config_path.parent.with_name(f"{config_path.parent.name}-{scene.name}") / config_path.name
    shutil.copytree(config_path.parent, copy.parent)
    config = load_config(copy)
    rounds = config.rounds.model_copy(update={"retrain_after": scene.retrain_after})
    save_config(config.model_copy(update={"rounds": rounds}), copy)
    began = time.perf_counter()
    with serving(copy) as server, open_page(browser, server.url) as page:
        wait_for_item(page)
        start_s = time.perf_counter() - began
        # The page's charts arrive after the first item; a person has not read it by then.
        page.wait_for_timeout(SETTLE_MS)
        delay(page, scene.delay_ms)
        painted_ms, acknowledged_ms, saved_ms = press_keys(page, scene, keys)
        return Times(painted_ms, acknowledged_ms, saved_ms, start_s, round_seconds(server))


def press_keys(page: Page, scene: Scene, count: int) -> tuple[list[float], list[float], list[float]]:
    """Press class keys at a scene's pace and return the page's own times, in ms: painted, acknowledged, saved."""
    page.evaluate(_WATCH_ANSWERS_JS)
    due_s = time.perf_counter()
    for number in range(count + WARM_UP_KEYS):
        if number == WARM_UP_KEYS:
            page.evaluate("() => { window.painted = []; window.saved = []; window.answered = []; }")
        page.keyboard.press(scene.keys[number % len(scene.keys)])
        due_s += scene.pace_ms / 1000
        page.wait_for_timeout(max(0.0, 1000 * (due_s - time.perf_counter())))
    wait_for(lambda: not outbox(page), seconds=LAST_SAVED_S, what="everything saved")
    page.wait_for_timeout(500)
    painted: list[dict[str, Any]] = page.evaluate("() => window.painted")
    saved: list[dict[str, Any]] = page.evaluate("() => window.saved")
    answered: list[float] = page.evaluate("() => window.answered")
    return (
        [entry["painted_at"] - entry["pressed_at"] for entry in painted if entry["pressed_at"]],
        acknowledged(saved, answered),
        [entry["saved_at"] - entry["pressed_at"] for entry in saved if entry["pressed_at"]],
    )


def acknowledged(saved: Sequence[dict[str, Any]], answered: Sequence[float]) -> list[float]:
    """Return, for each annotation, the time from its key to the arrival of the answer that told of it.

    Args:
        saved: `pressed_at` and `saved_at` of each, in ms; the second is when the page read the answer.
        answered: when answers arrived, ascending. One request is under way at a time, and one may hold several
            annotations, so what the page reads at a moment came with the last answer before it.
    """
    times: list[float] = []
    for entry in saved:
        place = bisect_right(answered, entry["saved_at"])
        if entry["pressed_at"] and place:
            times.append(answered[place - 1] - entry["pressed_at"])
    return times


def delay(page: Page, delay_ms: float) -> None:
    """Let every request of the page take so much longer; nothing for 0."""
    if not delay_ms:
        return
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": delay_ms, "downloadThroughput": -1, "uploadThroughput": -1},
    )


def round_seconds(server: RunningServer) -> list[float]:
    """Return how long the finished rounds of a served project took; the first two, with a cold worker, left out."""
    from app.project import open_project
    from labeling.round_log import list_rounds

    project = open_project(server.config_path)
    with project.database.reading() as session:
        seconds = [
            row.seconds for row in list_rounds(session) if row.state == "done" and row.seconds is not None
        ]
    project.close()
    return seconds[2:]


def key_figures(scene: Scene, times: Times) -> dict[str, float]:
    """Return the percentiles of a scene's times, named after it; what is acknowledged when idle is plainly `ack`."""
    after = "" if scene.name == "idle" else f"_{scene.name}"
    figures = percentiles(times.painted_ms, name=f"key_to_next_{scene.name}")
    figures |= percentiles(times.acknowledged_ms, name=f"ack{after}")
    figures |= percentiles(times.saved_ms, name=f"saved_shown{after}")
    # A key on an empty queue does nothing: fewer than all where the queue ran dry.
    figures[f"labelled_{scene.name}"] = float(len(times.saved_ms))
    if scene.retrain_after == CONSTANTLY and times.rounds_s:
        figures |= {
            "rounds": float(len(times.rounds_s)),
            **percentiles(times.rounds_s, name="round", unit="s"),
        }
    return figures
