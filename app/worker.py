"""The worker process: where rounds run, so that the web server never trains and never scores."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from app.round_failure import failure_of
from app.shift import ShiftReport, work_shift

NICENESS = 10
"""The page goes first: the worker takes the processor time that the web server leaves."""
PARENT_CHECK_S = 1.0


class Worker:
    """One spawned process that runs rounds, started anew after it died or was stopped."""

    def __init__(self) -> None:
        """Make a worker; its process starts with the first round or with `warm`."""
        self._executor: ProcessPoolExecutor | None = None

    def submit(self, config_path: Path, *, number: int, revision: int, seed: int) -> Future[int]:
        """Hand a round to the process; the future holds the number of proposals."""
        executor = self._ready()
        return executor.submit(work_round, str(config_path), number, revision, seed)

    def shift(self, config_path: Path) -> Future[ShiftReport]:
        """Hand the comparison of labels, audit set and pool to the process; it waits for a round that runs."""
        return self._ready().submit(work_shift, str(config_path))

    def warm(self) -> Future[float]:
        """Start the process and let it import torch, so that the first round does not wait for that."""
        return self._ready().submit(warm_up)

    def kill(self) -> None:
        """End the process at once: after a round that hangs, or when the server stops."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        for process in list((getattr(executor, "_processes", None) or {}).values()):
            with contextlib.suppress(OSError, ValueError):
                process.kill()
        executor.shutdown(wait=False, cancel_futures=True)

    def _ready(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Spawned, not forked: a fork of a process with threads and open databases is not safe.
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                1, mp_context=context, initializer=begin, initargs=(os.getpid(),)
            )
        return self._executor


def begin(parent_pid: int, niceness: int = NICENESS) -> None:
    """Prepare the process: step back behind the page, and end when the server is gone."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(niceness)
    # Ctrl-C goes to the whole group; the server decides when its worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent_pid,), daemon=True).start()


def warm_up() -> float:
    """Import what a round needs; returns the seconds that took."""
    began = time.perf_counter()
    import app.rounds  # noqa: F401

    return time.perf_counter() - began


def work_round(config_path: str, number: int, revision: int, seed: int) -> int:
    """Run one round in this process; returns the number of proposals.

    Raises:
        RoundFailedError: in place of whatever went wrong: to read an error of torch, the web server would have to
            import torch.
    """
    from app.rounds import run_round

    try:
        return run_round(Path(config_path), number=number, revision=revision, seed=seed)
    except Exception as problem:
        raise failure_of(problem) from problem


def _end_with(parent_pid: int) -> None:
    """End this process when its parent is gone: a killed server must leave no worker behind."""
    while os.getppid() == parent_pid:
        time.sleep(PARENT_CHECK_S)
    os._exit(3)
