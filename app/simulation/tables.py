"""What a grid found, as tables: every run, every step, and the strategies compared on each pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from app.simulation.measures import (
    SHARE_OF_WHOLE,
    Interval,
    half_budget_ratio,
    labels_to,
    mean_interval,
    paired_difference,
)
from app.simulation.store import StoredRun, write_table

RUNS_FILE, STEPS_FILE = "runs.parquet", "steps.parquet"
INDEX = ["pool", "head", "strategy", "seed"]


@dataclass(frozen=True)
class Standing:
    """How one strategy stands on one pool with one head, over all seeds.

    Attributes:
        pool: the pool's name.
        head: the head's name.
        strategy: the strategy, as on the command line.
        seeds: how many seeds were run.
        means: measure → mean over the seeds with its 95 % interval: `area_decisions`, `final_balanced_accuracy`,
            `final_macro_f1`, `rare_found`, `rare_met`, `smallest_share`, `effective_classes`, `choose_s`.
        medians: measure → median over the seeds, infinite where half of them never got there:
            `labels_to_all_classes`, `labels_to_whole`, `decisions_to_whole`.
        reached: measure of `medians` → how many seeds got there.
        lead: `area_decisions` minus the reference's, paired by seed; None for the reference itself and without a common
            seed.
        ratio: decisions to what the reference has at half budget over the reference's; None likewise. Decisions are
            labels, where no pages are confirmed.
    """

    pool: str
    head: str
    strategy: str
    seeds: int
    means: dict[str, Interval]
    medians: dict[str, float]
    reached: dict[str, int]
    lead: Interval | None
    ratio: Interval | None


MEANS = (
    "area_decisions",
    "final_balanced_accuracy",
    "final_macro_f1",
    "rare_found",
    "rare_met",
    "smallest_share",
    "effective_classes",
    "choose_s",
)
MEDIANS = ("labels_to_all_classes", "labels_to_whole", "decisions_to_whole")


def runs_frame(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """Return one row a run of a strategy.

    Args:
        runs: finished runs, those of the whole pools' heads among them.

    Returns:
        Columns `pool`, `head`, `strategy`, `seed`, `key`, the measures of `app.simulation.measures.summarise`,
        `whole_pool_accuracy`, and `labels_to_whole` and `decisions_to_whole`: how many it took to come to 95 % of that
        accuracy; infinite where it was not reached, NaN where the whole pool's head is missing.
    """
    whole = {
        (run.pool, run.head, run.seed): run.summary["balanced_accuracy"] for run in runs if not run.strategy
    }
    rows = []
    for run in runs:
        if not run.strategy:
            continue
        reached = whole.get((run.pool, run.head, run.seed), float("nan"))
        target = SHARE_OF_WHOLE * reached
        row = {"pool": run.pool, "head": run.head, "strategy": run.strategy, "seed": run.seed, "key": run.key}
        more = {
            "whole_pool_accuracy": reached,
            "labels_to_whole": _to(run.steps, target, "labels"),
            "decisions_to_whole": _to(run.steps, target, "decisions"),
        }
        rows.append({**row, **run.summary, **more})
    return pd.DataFrame(rows)


def steps_frame(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """Return one row a step of every run: `pool`, `head`, `strategy`, `seed` and the columns of a run's steps."""
    parts = [
        run.steps.assign(pool=run.pool, head=run.head, strategy=run.strategy, seed=run.seed)
        for run in runs
        if run.strategy
    ]
    if not parts:
        return pd.DataFrame(columns=INDEX)
    frame = pd.concat(parts, ignore_index=True)
    return frame[INDEX + [column for column in frame.columns if column not in INDEX]]


def write_tables(runs: Sequence[StoredRun], folder: Path) -> None:
    """Write `runs.parquet` and `steps.parquet` into a folder.

    Raises:
        SimulationError: they cannot be written.
    """
    for name, frame in ((RUNS_FILE, runs_frame(runs)), (STEPS_FILE, steps_frame(runs))):
        write_table(folder / name, pa.Table.from_pandas(frame, preserve_index=False))


def standings(runs: Sequence[StoredRun], reference: str) -> list[Standing]:
    """Compare the strategies on each pool with each head.

    Args:
        runs: finished runs.
        reference: the strategy that the others are compared with; it may be missing.

    Returns:
        One standing a pool, head and strategy, in the order in which they first come.
    """
    frame = runs_frame(runs)
    if frame.empty:
        return []
    curves = {
        key: {int(run.seed): run.steps for run in runs if (run.pool, run.head, run.strategy) == key}
        for key in dict.fromkeys((run.pool, run.head, run.strategy) for run in runs if run.strategy)
    }
    found = []
    for (pool, head, strategy), steps in curves.items():
        rows = frame[(frame["pool"] == pool) & (frame["head"] == head)]
        own, other = rows[rows["strategy"] == strategy], rows[rows["strategy"] == reference]
        lead = ratio = None
        if strategy != reference and set(own["seed"]) & set(other["seed"]):
            lead = paired_difference(_by_seed(own, "area_decisions"), _by_seed(other, "area_decisions"))
            ratio = half_budget_ratio(steps, curves[pool, head, reference], by="decisions")
        found.append(_standing(own, (pool, head, strategy), lead, ratio))
    return found


def _standing(
    own: pd.DataFrame, names: tuple[str, str, str], lead: Interval | None, ratio: Interval | None
) -> Standing:
    pool, head, strategy = names
    return Standing(
        pool, head, strategy, len(own),
        means={name: mean_interval(own[name].to_numpy(float)) for name in MEANS},
        medians={name: float(np.quantile(own[name], 0.5, method="higher")) for name in MEDIANS},
        reached={name: int(np.isfinite(own[name]).sum()) for name in MEDIANS},
        lead=lead, ratio=ratio,
    )  # fmt: skip


def _by_seed(rows: pd.DataFrame, name: str) -> dict[int, float]:
    return dict(zip(rows["seed"].astype(int), rows[name].astype(float), strict=True))


def _to(steps: pd.DataFrame, target: float, by: str) -> float:
    return labels_to(steps, target, by=by) if np.isfinite(target) else float("nan")
