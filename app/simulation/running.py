"""A grid is run: what is not on disk yet goes to the workers, and comes back as one file a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.simulation.errors import SimulationError, WorkersError
from app.simulation.executors import Workers
from app.simulation.grid import Contender, Grid, check_grid
from app.simulation.oracle import ORACLE, balanced_oracle
from app.simulation.pools import LabelledPool
from app.simulation.run import RunPlan, check_pool, simulate, whole_pool_accuracy
from app.simulation.store import StoredRun, hash_pool, read_run, run_key, write_run
from config.errors import GoldpanError
from strategies.confirm import Page as ConfirmPage
from strategies.confirm import choose_page
from strategies.contract import BoolArray, PoolState

log = logging.getLogger("goldpan.simulation")

Report = Callable[[int, int, str], None]
"""Told how many runs are finished, how many there are, and which finished last."""

_ONE_AT_A_TIME = threading.Lock()
"""The number of threads of linear algebra is a matter of the process, so that runs in one process take turns."""


@dataclass(frozen=True)
class GridResult:
    """What came of a grid.

    Attributes:
        runs: every finished run, those kept from earlier included, in the order of the grid.
        failures: which run failed and why, one sentence each.
        made: how many of the runs were made now; the others were there already.
    """

    runs: tuple[StoredRun, ...]
    failures: tuple[str, ...]
    made: int


def run_grid(grid: Grid, folder: Path, workers: Workers, report: Report | None = None) -> GridResult:
    """Run what was not run before, and keep each run as a file of its own as soon as it is finished.

    A run that fails is told in the result; the others go on.

    Args:
        grid: what to run.
        folder: holds the runs; made if missing. Runs of the same plan, pool and code found there are not repeated.
        workers: where runs are made; the result is the same wherever.
        report: told of every finished run.

    Raises:
        PlanError: the grid makes no sense.
        LabelledPoolError: a pool cannot be drawn or simulated on.
        WorkersError: the workers are gone; finished runs are kept.
        SimulationError: a run cannot be written.
    """
    check_grid(grid)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise SimulationError(f"{folder}: cannot be made: {problem.strerror or problem}") from problem
    collected = _Collected(folder, grid.size, report)
    pending: dict[Future[StoredRun], StoredRun] = {}
    order: dict[str, int] = {}
    for wanted, pool in _wanted_runs(grid):
        order[wanted.key] = len(order)
        known = read_run(folder / wanted.file_name, key=wanted.key)
        if known is not None:
            collected.keep(known)
            continue
        while len(pending) >= workers.most_pending:
            _take_finished(pending, collected)
        pending[workers.executor.submit(work, wanted, pool, _plan_of(grid, wanted))] = wanted
    while pending:
        _take_finished(pending, collected)
    runs = sorted(collected.runs, key=lambda run: order[run.key])
    return GridResult(tuple(runs), tuple(collected.failures), collected.made)


def kept_runs(grid: Grid, folder: Path) -> tuple[StoredRun, ...]:
    """Return the runs of a grid that are finished and kept in a folder, in the order of the grid.

    Args:
        grid: what is wanted.
        folder: where runs are kept.

    Raises:
        LabelledPoolError: a pool cannot be drawn.
    """
    found = (read_run(folder / wanted.file_name, key=wanted.key) for wanted, _ in _wanted_runs(grid))
    return tuple(run for run in found if run is not None)


def work(wanted: StoredRun, pool: LabelledPool, plan: RunPlan) -> StoredRun:
    """Make one run, in whatever process this is called.

    Args:
        wanted: the run without its outcome.
        pool: what is labelled.
        plan: how.

    Returns:
        The run with its outcome.
    """
    with _ONE_AT_A_TIME:
        if not wanted.strategy:
            reached = whole_pool_accuracy(pool, plan.head, seed=plan.seed)
            return replace(wanted, summary={"balanced_accuracy": reached})
        choose = balanced_oracle(pool) if plan.strategy == ORACLE else None
        result = simulate(pool, plan, choose, page_policy=confirm_page)
    return replace(wanted, summary=result.summary, rows=result.rows, steps=result.steps)


def confirm_page(state: PoolState, generator: np.random.Generator, refused: BoolArray) -> ConfirmPage | None:
    """Propose a page as the dashboard does; the policy of every run with effort "page"."""
    return choose_page(state, generator, refused=refused)


class _Collected:
    """Runs as they come in."""

    def __init__(self, folder: Path, total: int, report: Report | None) -> None:
        self.folder, self.total, self.report = folder, total, report
        self.runs: list[StoredRun] = []
        self.failures: list[str] = []
        self.made = 0

    def keep(self, run: StoredRun) -> None:
        self.runs.append(run)
        self._tell(run)

    def fail(self, run: StoredRun, problem: BaseException) -> None:
        self.failures.append(f"{run.title}: {problem}")
        self._tell(run)

    def _tell(self, run: StoredRun) -> None:
        if self.report is not None:
            self.report(len(self.runs) + len(self.failures), self.total, run.title)


def _take_finished(pending: dict[Future[StoredRun], StoredRun], collected: _Collected) -> None:
    """Wait for at least one run and keep what is finished."""
    for future in wait(pending, return_when=FIRST_COMPLETED).done:
        wanted = pending.pop(future)
        try:
            run = future.result()
        except (BrokenExecutor, CancelledError) as problem:
            raise WorkersError(
                f"a worker ended in the middle of a run ({wanted.title}), perhaps for lack of memory; finished runs "
                "are kept: the same command goes on, with fewer workers if need be"
            ) from problem
        except GoldpanError as problem:
            collected.fail(wanted, problem)
        except Exception as problem:  # the worker's edge: one broken run must not take the others along
            log.exception("a simulated run failed: %s", wanted.title)
            collected.fail(wanted, RuntimeError(f"{type(problem).__name__}: {problem}"))
        else:
            write_run(collected.folder, run)
            collected.made += 1
            collected.keep(run)


def _wanted_runs(grid: Grid) -> Iterator[tuple[StoredRun, LabelledPool]]:
    """Go over all runs, without their outcome; one pool in memory at a time, beside those handed to workers."""
    for name, draw in grid.pools.items():
        for seed in grid.seeds:
            pool = draw(seed)
            check_pool(pool)
            pool_hash = hash_pool(pool)
            for head in grid.heads:
                for contender in (None, *grid.contenders):
                    yield _wanted_run(grid, name, pool_hash, head, contender, seed), pool


def _wanted_run(
    grid: Grid, pool: str, pool_hash: str, head: str, contender: Contender | None, seed: int
) -> StoredRun:
    plan = plain_plan(grid.plan(contender or Contender("", None), grid.heads[head], seed))
    if contender is None:  # a head trained on everything depends on nothing else
        plan = {"head": plan["head"], "seed": seed}
    return StoredRun(
        key=run_key(pool_hash, plan, whole=contender is None), pool=pool,
        strategy=contender.label if contender else "", head=head, seed=seed, plan=plan, summary={}, rows=(),
        steps=pd.DataFrame(),
    )  # fmt: skip


def _plan_of(grid: Grid, wanted: StoredRun) -> RunPlan:
    by_label = {contender.label: contender for contender in grid.contenders}
    contender = by_label.get(wanted.strategy, Contender(""))
    return grid.plan(contender, grid.heads[wanted.head], wanted.seed)


def plain_plan(plan: RunPlan) -> dict[str, Any]:
    """Return a plan as plain values."""
    return {**asdict(plan), "head": plan.head.model_dump(mode="json")}
