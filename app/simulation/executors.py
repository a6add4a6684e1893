"""Where runs are made: in this process, in processes beside it, or on a Dask cluster; the runs are the same."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, ParamSpec, TypeVar

from app.simulation.errors import PlanError, WorkersError

P = ParamSpec("P")
Answer = TypeVar("Answer")

CONNECT_S = 10
"""Seconds to wait for a Dask scheduler."""

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True)
class Workers:
    """Where runs are made.

    Attributes:
        executor: takes them.
        most_pending: how many are handed over before one is waited for; each carries its pool.
    """

    executor: Executor
    most_pending: int


class HereExecutor(Executor):
    """Runs what it is given at once, in this process."""

    def submit(self, fn: Callable[P, Answer], /, *args: P.args, **kwargs: P.kwargs) -> Future[Answer]:
        """Run a function; the future is finished when this returns."""
        future: Future[Answer] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as problem:  # noqa: BLE001 - as in every executor, the future hands it on
            future.set_exception(problem)
        return future


@contextmanager
def open_workers(processes: int = 1, scheduler: str | None = None) -> Iterator[Workers]:
    """Open workers, and end them afterwards.

    Args:
        processes: processes on this machine, each with one thread; 1 runs in this process.
        scheduler: address of a Dask scheduler, such as `tcp://host:8786`; goldpan must be installed on its workers.

    Raises:
        PlanError: fewer than one process.
        WorkersError: Dask is not installed, the scheduler does not answer, or it has no workers.
    """
    if processes < 1:
        raise PlanError(f"workers is {processes}; give at least 1")
    if scheduler is not None:
        with _dask(scheduler) as workers:
            yield workers
    elif processes == 1:
        yield Workers(HereExecutor(), 1)
    else:
        with _processes(processes) as workers:
            yield workers


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    with _environment(ONE_THREAD):  # read by the linear algebra libraries when a process starts
        executor = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_ignore_interrupt)
        try:
            yield Workers(executor, 2 * count)
        except BaseException:
            # Nobody waits for what is unfinished: Ctrl-C is answered at once, finished runs are on disk.
            for process in list((getattr(executor, "_processes", None) or {}).values()):
                with contextlib.suppress(OSError, ValueError):
                    process.kill()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[Workers]:
    try:
        from distributed import Client
    except ImportError as problem:
        raise WorkersError("a Dask scheduler needs distributed; install goldpan[dask]") from problem
    try:
        client: Any = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise WorkersError(
            f"no Dask scheduler answers at {address} within {CONNECT_S} s: {problem}; start one with "
            "`dask scheduler`, or leave --scheduler out"
        ) from problem
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise WorkersError(
                f"the Dask scheduler at {address} has no workers; start one with `dask worker {address}`"
            )
        yield Workers(client.get_executor(pure=False), 2 * threads)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ignore_interrupt() -> None:
    # Ctrl-C goes to the whole group; the command decides when its processes end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
