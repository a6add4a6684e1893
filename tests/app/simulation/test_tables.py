from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from app.simulation.store import StoredRun
from app.simulation.tables import runs_frame, standings, steps_frame, write_tables
from app.simulation.words import COLUMNS, cells


def run(strategy: str, seed: int, heights: list[float]) -> StoredRun:
    places = list(range(10, 10 * len(heights) + 10, 10))
    steps = pd.DataFrame({"labels": places, "decisions": places, "balanced_accuracy": heights})
    names = (
        "area", "area_decisions", "final_balanced_accuracy", "final_macro_f1", "rare_found", "rare_met",
        "smallest_share", "effective_classes", "choose_s", "train_s",
    )  # fmt: skip
    summary = dict.fromkeys(names, sum(heights) / len(heights)) | {"labels_to_all_classes": 20.0}
    return StoredRun("k", "pool", strategy, "logistic", seed, {}, summary, (), steps)


def whole(seed: int, reached: float) -> StoredRun:
    return StoredRun(
        "w", "pool", "", "logistic", seed, {}, {"balanced_accuracy": reached}, (), pd.DataFrame()
    )


RUNS = (
    whole(0, 1.0),
    whole(1, 1.0),
    run("fast", 0, [0.5, 1.0, 1.0, 1.0]),
    run("fast", 1, [0.5, 0.5, 0.5, 0.5]),
    run("slow", 0, [0.25, 0.25, 0.25, 0.25]),
    run("slow", 1, [0.25, 0.25, 0.25, 0.25]),
)


def test_runs_frame__labels_to_the_whole_pools_model() -> None:
    frame = runs_frame(RUNS).set_index(["strategy", "seed"])
    # The mean of three steps is .83 after 20 labels and 1 after 30.
    assert frame.loc[("fast", 0), "labels_to_whole"] == pytest.approx(27.0)
    assert frame.loc[("fast", 1), "labels_to_whole"] == float("inf")
    assert len(frame) == 4


def test_runs_frame__without_the_whole_pools_model() -> None:
    assert runs_frame(RUNS[2:])["labels_to_whole"].isna().all()


def test_steps_frame__every_step_of_every_run() -> None:
    frame = steps_frame(RUNS)
    assert len(frame) == 16
    assert frame.columns[:5].tolist() == ["pool", "head", "strategy", "seed", "labels"]


def test_steps_frame__nothing_finished() -> None:
    assert steps_frame(RUNS[:2]).empty


def test_standings__compared_with_the_reference_by_seed() -> None:
    fast, slow = standings(RUNS, "slow")
    assert fast.lead is not None and fast.lead.mean == pytest.approx((0.625 + 0.25) / 2)
    assert slow.lead is None and slow.ratio is None


def test_standings__median_counts_who_never_got_there() -> None:
    fast, _ = standings(RUNS, "slow")
    assert fast.reached["labels_to_whole"] == 1
    assert fast.medians["labels_to_whole"] == float("inf")


def test_standings__reference_not_run() -> None:
    assert all(standing.lead is None for standing in standings(RUNS, "margin"))


def test_standings__nothing_finished() -> None:
    assert standings((), "margin") == []


def test_write_tables__can_be_read_by_others(tmp_path: Path) -> None:
    write_tables(RUNS, tmp_path)
    assert len(pd.read_parquet(tmp_path / "runs.parquet")) == 4
    assert len(pd.read_parquet(tmp_path / "steps.parquet")) == 16


def test_cells__one_for_each_column() -> None:
    fast, slow = (cells(standing) for standing in standings(RUNS, "slow"))
    assert len(fast) == len(slow) == len(COLUMNS)
    named = dict(zip([name for name, _ in COLUMNS], fast, strict=True))
    assert named["to 95 %"] == "never (1/2)"
    assert named["all classes"] == "20"
    assert named["Δ area"].startswith("+0.438 ±")
