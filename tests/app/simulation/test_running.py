from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import pytest

from app.simulation.errors import PlanError, SimulationError, WorkersError
from app.simulation.executors import Workers, open_workers
from app.simulation.grid import Grid
from app.simulation.pools import LabelledPool
from app.simulation.running import GridResult, kept_runs, run_grid
from app.simulation.store import StoredRun
from models.errors import TrainingDivergedError
from tests.app.simulation.grids import draw, small_grid

SECONDS = ["choose_s", "train_s"]


def here(grid: Grid, folder: Path) -> GridResult:
    with open_workers() as workers:
        return run_grid(grid, folder, workers)


def outcome(runs: Sequence[StoredRun]) -> list[object]:
    """All of the runs but the seconds they took."""
    return [
        (run.title, run.key, run.rows, run.steps.drop(columns=SECONDS, errors="ignore").to_dict("list"))
        for run in runs
    ]


def test_run_grid__every_strategy_and_the_whole_pool_for_every_seed(tmp_path: Path) -> None:
    result = here(small_grid(), tmp_path)
    assert [(run.strategy, run.seed) for run in result.runs] == [
        ("", 0),
        ("margin", 0),
        ("random", 0),
        ("", 1),
        ("margin", 1),
        ("random", 1),
    ]
    assert (result.made, result.failures) == (6, ())


def test_run_grid__pairs_are_of_the_same_pool(tmp_path: Path) -> None:
    pools: list[LabelledPool] = []

    def seen(seed: int) -> LabelledPool:
        pools.append(draw(seed))
        return pools[-1]

    grid = small_grid()
    here(Grid({"blobs": seen}, grid.contenders, grid.heads, grid.seeds, grid.budget), tmp_path)
    assert len(pools) == 2  # one for each seed, whatever the strategy


def test_run_grid__finished_runs_are_not_repeated(tmp_path: Path) -> None:
    first = here(small_grid(), tmp_path)
    again = here(small_grid(), tmp_path)
    assert again.made == 0
    assert [run.steps.to_dict() for run in again.runs] == [run.steps.to_dict() for run in first.runs]


def test_run_grid__goes_on_after_an_interrupt(tmp_path: Path) -> None:
    def stop_at_third(done: int, total: int, what: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with open_workers() as workers, pytest.raises(KeyboardInterrupt):
        run_grid(small_grid(), tmp_path / "a", workers, stop_at_third)
    assert len(kept_runs(small_grid(), tmp_path / "a")) == 3
    resumed = here(small_grid(), tmp_path / "a")
    assert resumed.made == 3
    assert outcome(resumed.runs) == outcome(here(small_grid(), tmp_path / "b").runs)


def test_run_grid__more_seeds_keep_the_old_runs(tmp_path: Path) -> None:
    here(small_grid(seeds=(0,)), tmp_path)
    assert here(small_grid(seeds=(0, 1)), tmp_path).made == 3


def test_run_grid__another_budget_is_another_run(tmp_path: Path) -> None:
    here(small_grid(seeds=(0,)), tmp_path)
    assert here(small_grid(seeds=(0,), budget=30), tmp_path).made == 2  # the whole pool's head is the same


def test_run_grid__a_damaged_file_is_run_again(tmp_path: Path) -> None:
    here(small_grid(seeds=(0,)), tmp_path)
    next(tmp_path.glob("*random*")).write_bytes(b"PAR1")
    assert here(small_grid(seeds=(0,)), tmp_path).made == 1


def test_run_grid__with_pages_costs_fewer_decisions_than_labels(tmp_path: Path) -> None:
    result = here(small_grid("margin+page", seeds=(0,), budget=30), tmp_path)
    last = result.runs[-1].steps.iloc[-1]
    assert last["labels"] > last["decisions"]


def test_run_grid__a_run_that_fails_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*arguments: object, **more: object) -> float:
        raise TrainingDivergedError("the loss is not a number")

    monkeypatch.setattr("app.simulation.running.whole_pool_accuracy", diverge)
    result = here(small_grid(seeds=(0,)), tmp_path)
    assert result.failures == ("blobs, whole pool, logistic, seed 0: the loss is not a number",)
    assert [run.strategy for run in result.runs] == ["margin", "random"]


def test_run_grid__a_broken_strategy_is_logged_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object, **more: object) -> float:
        raise ZeroDivisionError("in a plug-in")

    monkeypatch.setattr("app.simulation.running.simulate", broken)
    with caplog.at_level(logging.ERROR):
        result = here(small_grid("random", seeds=(0,)), tmp_path)
    assert "ZeroDivisionError: in a plug-in" in result.failures[0]
    assert "Traceback" in caplog.text


class Dying(Executor):
    """As a pool of processes when the system killed one."""

    def submit(self, *arguments: object, **more: object) -> Future[object]:  # type: ignore[override]
        future: Future[object] = Future()
        future.set_exception(BrokenExecutor("a process ended"))
        return future


def test_run_grid__a_dead_worker_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(WorkersError, match="finished runs are kept"):
        run_grid(small_grid(), tmp_path, Workers(Dying(), 1))


def test_run_grid__a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SimulationError, match="cannot be made"):
        here(small_grid(), tmp_path / "file" / "runs")


def test_open_workers__none_is_refused() -> None:
    with pytest.raises(PlanError, match="at least 1"), open_workers(0):
        pass


def test_open_workers__processes_give_the_same_runs(tmp_path: Path) -> None:
    here(
        small_grid("random", seeds=(0,)), tmp_path / "a"
    )  # what both grids share; a process takes long to start
    grid = small_grid("margin", seeds=(0,))
    with open_workers(2) as workers:
        beside = run_grid(grid, tmp_path / "a", workers)
    assert beside.made == 1
    assert outcome(beside.runs) == outcome(here(grid, tmp_path / "b").runs)


def test_open_workers__dask_gives_the_same_runs(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    grid = small_grid(seeds=(0,))
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
        ) as cluster,
        open_workers(scheduler=cluster.scheduler_address) as workers,
    ):
        there = run_grid(grid, tmp_path / "a", workers)
    assert outcome(there.runs) == outcome(here(grid, tmp_path / "b").runs)


def test_open_workers__no_scheduler_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.simulation.executors.CONNECT_S", 0.5)
    with pytest.raises(WorkersError, match="dask scheduler"), open_workers(scheduler="tcp://127.0.0.1:9"):
        pass


def test_open_workers__address_that_is_none() -> None:
    with pytest.raises(WorkersError, match="no Dask scheduler"), open_workers(scheduler="nonsense://x"):
        pass
