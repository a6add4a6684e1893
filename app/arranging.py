"""Has the better layout of the pool made in a process of its own, beside the rounds and never in their way.

A second process, not the worker: a round need not wait for minutes of layout, and the layout's memory is given back
when it is done. It has the lowest priority, and it pauses while a round runs. A server that is killed takes it along;
the next one starts again. Of two servers on one project the second takes over what the first has made.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from app.errors import ProjectError
from app.layouts import Layouts, LayoutState
from app.project import Project, project_paths
from app.worker import begin
from config.errors import GoldpanError
from config.files import load_config

log = logging.getLogger("goldpan.arranging")

NICENESS = 15
"""Rounds go before, and the page before them."""

SETTLE_S = 3.0
"""The first page is shown before the process starts."""

SETTLE_VARIABLE = "GOLDPAN_ARRANGE_AFTER_S"
"""Names the environment's word for it, where the machine has better to do than to lay out a map."""

OTHERS_S = 5.0
"""How often to look whether another server has made the layout."""

STEP = 0.05
"""Steps in which the pages are told how far it is."""

DIED = "its process died (killed, or out of memory)"


def settle_s() -> float:
    """Return how long a server waits before it lays the map out: SETTLE_S, or what the environment says.

    Raises:
        ProjectError: it says no number.
    """
    given = os.environ.get(SETTLE_VARIABLE, "")
    try:
        return float(given) if given else SETTLE_S
    except ValueError as problem:
        raise ProjectError(
            f"{SETTLE_VARIABLE} is {given!r}; give the seconds to wait before the map is arranged, such as 3"
        ) from problem


class Arranger:
    """Starts, pauses and watches the process; all methods are called in the supervisor's thread."""

    def __init__(self, project: Project, layouts: Layouts, *, settle_s: float = SETTLE_S) -> None:
        """Make an arranger that has not started anything.

        Args:
            project: the opened project.
            layouts: takes over what was made.
            settle_s: how long to wait before anything starts.
        """
        self._config = project.paths.config
        self._layouts = layouts
        self._begin_at_s = time.monotonic() + settle_s
        self._looked_at_s = time.monotonic()
        self._settled = layouts.version > 0 or not layouts.can_be_arranged
        self._process: BaseProcess | None = None
        self._line: Connection | None = None
        self._paused = False
        self._share: float | None = None
        self._problem = ""

    @property
    def state(self) -> LayoutState:
        """What the pages show."""
        return LayoutState(version=self._layouts.version, share=self._share, problem=self._problem)

    def look(self, *, calm: bool) -> LayoutState:
        """Start the process, let it go on or pause, and take over what it reports.

        Args:
            calm: whether no round runs or is due.
        """
        try:
            if self._process is not None:
                self._watch(pause=not calm)
            elif not self._settled and calm and time.monotonic() >= self._begin_at_s:
                self._begin()
        except Exception as problem:
            # The process's edge: whatever comes from it, rounds and labelling go on.
            log.exception("the map's process cannot be looked after")
            self._fail(f"{type(problem).__name__}: {problem}")
        return self.state

    def stop(self) -> None:
        """End the process at once, and start none any more."""
        self._settled, self._share = True, None
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError, ValueError):
                process.kill()
                process.join(timeout=1)
        if self._line is not None:
            self._line.close()
            self._line = None

    def _begin(self) -> None:
        # Spawned, not forked: a fork of a process with threads and open databases is not safe.
        context = multiprocessing.get_context("spawn")
        # A pipe, not an event: nobody waits for the lock of a process that was killed.
        self._line, its_end = context.Pipe()
        process = context.Process(
            target=arrange_pool,
            args=(str(self._config), its_end, os.getpid()),
            name="goldpan-arranger",
            daemon=True,
        )
        try:
            process.start()
        except (OSError, RuntimeError) as problem:
            self._fail(f"its process could not start: {problem}")
            return
        finally:
            its_end.close()
        self._process, self._share = process, 0.0

    def _watch(self, *, pause: bool) -> None:
        self._pause_or_go_on(pause=pause)
        self._read_reports()
        if not self._settled and time.monotonic() - self._looked_at_s > OTHERS_S:
            self._looked_at_s = time.monotonic()
            if self._layouts.look():
                self.stop()

    def _pause_or_go_on(self, *, pause: bool) -> None:
        if self._line is not None and pause != self._paused:
            self._paused = pause
            # Where the process has died, reading its reports says so.
            with suppress(OSError):
                self._line.send("pause" if pause else "go on")

    def _read_reports(self) -> None:
        try:
            while self._line is not None and self._line.poll():
                self._take(*self._line.recv())
        except (EOFError, OSError):
            self._fail(DIED)

    def _take(self, kind: str, value: object) -> None:
        if kind == "share" and isinstance(value, float):
            self._share = STEP * int(value / STEP + 1e-9)
        elif kind == "done":
            if value and not self._layouts.look():
                self._fail("what it wrote cannot be read")
            else:
                self.stop()
        else:
            self._fail(str(value))

    def _fail(self, problem: str) -> None:
        log.warning("the map could not be arranged: %s", problem)
        self._problem = problem
        self.stop()


def arrange_pool(config_path: str, line: Connection, parent_pid: int) -> None:
    """Make the layout in this process.

    Args:
        config_path: the project's YAML file.
        line: takes ("share", 0 to 1), and last ("done", whether there was anything to arrange) or ("failed", why);
            says "pause" and "go on".
        parent_pid: the server's process; without it this one ends.
    """
    begin(parent_pid, niceness=NICENESS)

    def progress(share: float, what: str) -> None:
        del what
        line.send(("share", float(share)))
        paused = False
        while paused or line.poll():
            paused = line.recv() == "pause"

    try:
        from models.arranging import write_arrangement
        from models.neighbours import search_device
        from models.vectors import open_vectors

        path = Path(config_path)
        folder, config = project_paths(path).vectors, load_config(path)
        made = write_arrangement(
            open_vectors(folder),
            seed=config.project.seed,
            folder=folder,
            progress=progress,
            device=search_device(config.head.device),
        )
        line.send(("done", made is not None))
    except GoldpanError as problem:
        line.send(("failed", str(problem)))
    except MemoryError:
        line.send(("failed", "there is not enough memory for it"))
    except Exception as problem:
        # The process's edge: the person gets words, the log gets the traceback.
        log.exception("the map could not be arranged")
        line.send(("failed", f"{type(problem).__name__}: {problem}"))
