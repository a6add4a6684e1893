"""From runs to figures: labels to a target on mean curves, their ratios with bootstrap intervals, areas, finds.

Seeds are paired: contenders are compared on the seeds both have, and a bootstrap draw takes the same seeds of both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.simulation.measures import Interval, paired_difference
from benchmarks.label_efficiency_runs import BATCH, Run, Runs

Array = npt.NDArray[np.float64]
Axis = Literal["labels", "decisions"]
Chosen = npt.NDArray[np.int64]
RatioOf = Callable[[Chosen], tuple[Array, npt.NDArray[np.bool_]]]
"""From (c, s) chosen seeds to (c,) ratios and whether each target was reached."""

Statistic = Callable[[npt.NDArray[Any]], Any]

DRAWS = 4_000
WHOLE_SHARE = 0.95
"""Effort is compared up to this share of the balanced accuracy that the whole pool's labels give."""


@dataclass(frozen=True)
class Ratio:
    """How many labels (or decisions) one needs, over how many another does.

    Attributes:
        mean: from the mean curves of all seeds.
        drawn: (DRAWS,) the same from the mean curves of drawn seeds.
        reached: whether the first came to the target within the budget; else the budget's end counts.
    """

    mean: float
    drawn: Array
    reached: bool

    @property
    def interval(self) -> Interval:
        """The ratio with its 95 % interval."""
        low, high = np.quantile(self.drawn, [0.025, 0.975])
        return Interval(self.mean, float(low), float(high))


def curves(
    runs: Mapping[int, Run], seeds: Sequence[int], budget: int, by: Axis = "labels"
) -> tuple[Array, Array]:
    """Return the grid and the curves of balanced accuracy on it.

    Args:
        runs: by seed.
        seeds: which, in what order.
        budget: the last label (or decision) that counts.
        by: what the curve is over.

    Returns:
        (g,) the grid, every batch up to the budget, and (s, g) a curve for each seed.
    """
    grid = np.arange(BATCH, budget + 1, BATCH, dtype=np.float64)
    rows = [np.interp(grid, getattr(runs[seed], by), runs[seed].accuracy) for seed in seeds]
    return grid, np.stack(rows)


def crossing(grid: Array, heights: Array, targets: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return where each curve first comes to its target, interpolated between the grid's points.

    Args:
        grid: (g,) labels.
        heights: (c, g) curves.
        targets: (c,) a target for each.

    Returns:
        (c,) labels, the grid's end where the target is never reached, and (c,) whether it is.
    """
    above = heights >= targets[:, None]
    reached = np.asarray(above.any(axis=1), np.bool_)
    place = np.where(reached, above.argmax(axis=1), grid.size - 1)
    before = np.maximum(place - 1, 0)
    every = np.arange(len(heights))
    low, high = heights[every, before], heights[every, place]
    rise = np.where(high > low, high - low, 1.0)
    share = np.where(place > before, np.clip((targets - low) / rise, 0.0, 1.0), 1.0)
    found = grid[before] + share * (grid[place] - grid[before])
    return np.where(reached, found, grid[-1]), reached


def half_budget_ratio(
    one: Mapping[int, Run], other: Mapping[int, Run], budget: int, *, seed: int = 0
) -> Ratio:
    """Return the labels one needs to what the other has at half the budget, over half the budget.

    Args:
        one: whose labels are counted.
        other: whose curve sets the target.
        budget: labels of a run.
        seed: of the bootstrap.
    """
    grid, mine, theirs = _paired(one, other, budget)
    half = budget / 2
    place = int(np.searchsorted(grid, half))

    def ratio(chosen: Chosen) -> tuple[Array, npt.NDArray[np.bool_]]:
        targets = theirs[chosen].mean(axis=1)[:, place]
        labels, reached = crossing(grid, mine[chosen].mean(axis=1), targets)
        return labels / half, reached

    return _bootstrapped(ratio, len(mine), seed)


def effort_ratio(
    one: Mapping[int, Run], other: Mapping[int, Run], budgets: tuple[int, int], *, seed: int = 0
) -> Ratio:
    """Return the decisions one needs to 95 % of what the whole pool's labels give, over those the other needs.

    Args:
        one: with pages.
        other: with single labels.
        budgets: the last decision that counts, of the one and of the other.
        seed: of the bootstrap.
    """
    seeds = sorted(set(one) & set(other))
    grid, mine = curves(one, seeds, budgets[0], "decisions")
    long_grid, theirs = curves(other, seeds, budgets[1], "decisions")
    whole = np.asarray([other[number].whole for number in seeds])

    def ratio(chosen: Chosen) -> tuple[Array, npt.NDArray[np.bool_]]:
        targets = WHOLE_SHARE * whole[chosen].mean(axis=1)
        ours, reached = crossing(grid, mine[chosen].mean(axis=1), targets)
        single, _ = crossing(long_grid, theirs[chosen].mean(axis=1), targets)
        return ours / single, reached

    return _bootstrapped(ratio, len(seeds), seed)


def geometric_mean(ratios: Sequence[Ratio]) -> Interval:
    """Return the geometric mean of ratios of different pools with its 95 % interval.

    Args:
        ratios: at least one.
    """
    mean = float(np.exp(np.mean([np.log(ratio.mean) for ratio in ratios])))
    drawn = np.exp(np.mean([np.log(ratio.drawn) for ratio in ratios], axis=0))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(mean, float(low), float(high))


def areas(runs: Mapping[int, Run], budget: int) -> dict[int, float]:
    """Return the mean height of each seed's curve.

    Args:
        runs: by seed.
        budget: labels of a run.
    """
    seeds = sorted(runs)
    grid, heights = curves(runs, seeds, budget)
    values = np.trapezoid(heights, grid, axis=1) / (grid[-1] - grid[0])
    return dict(zip(seeds, (float(value) for value in values), strict=True))


def area_difference(one: Mapping[int, Run], other: Mapping[int, Run], budget: int) -> Interval:
    """Return the mean paired difference of the areas, one minus other, with its 95 % interval.

    Args:
        one: by seed.
        other: by seed.
        budget: labels of a run.
    """
    return paired_difference(areas(one, budget), areas(other, budget))


def labels_to_all(runs: Mapping[int, Run], budget: int) -> tuple[Array, int]:
    """Return, for each seed, the labels until every class was met, and how many seeds never met them all.

    Args:
        runs: by seed.
        budget: what counts for a seed that never did, and for one that did later.
    """
    found = [runs[seed].all_classes for seed in sorted(runs)]
    never = sum(labels is None or labels > budget for labels in found)
    return np.asarray([budget if labels is None else min(labels, budget) for labels in found], float), never


def rare_met_at(runs: Mapping[int, Run], labels: int) -> Array:
    """Return, for each seed, how many rare classes were met within some labels.

    Args:
        runs: by seed.
        labels: how many.
    """
    return np.asarray(
        [runs[seed].rare_met[int(np.searchsorted(runs[seed].labels, labels, "right")) - 1] for seed in sorted(runs)],
        float,
    )  # fmt: skip


def accuracy_at(runs: Mapping[int, Run], labels: int) -> float:
    """Return the mean balanced accuracy at some labels.

    Args:
        runs: by seed.
        labels: how many.
    """
    return float(np.mean([np.interp(labels, run.labels, run.accuracy) for run in runs.values()]))


def accuracy_ratio(
    one: Mapping[int, Run], other: Mapping[int, Run], labels: int, *, seed: int = 0
) -> Interval:
    """Return one's mean balanced accuracy at some labels over the other's, on the seeds both have.

    Args:
        one: by seed.
        other: by seed.
        labels: how many.
        seed: of the bootstrap.
    """
    seeds = sorted(set(one) & set(other))
    mine, theirs = (
        np.asarray([np.interp(labels, runs[each].labels, runs[each].accuracy) for each in seeds])
        for runs in (one, other)
    )
    return bootstrap_interval(
        np.arange(len(seeds)),
        lambda chosen: mine[chosen].mean(axis=-1) / theirs[chosen].mean(axis=-1),
        seed=seed,
    )


def bootstrap_interval(values: Array | Chosen, statistic: Statistic, *, seed: int = 0) -> Interval:
    """Return a statistic over seeds with its 95 % interval by a bootstrap.

    Args:
        values: (s,) one number a seed.
        statistic: `(…, s) -> (…)`, over the last axis.
        seed: of the bootstrap.
    """
    chosen = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(statistic(values[chosen]), [0.025, 0.975])
    return Interval(float(statistic(values)), float(low), float(high))


def put(figures: dict[str, float], name: str, interval: Interval) -> None:
    """Store a figure with the ends of its interval, `NAME`, `NAME_low` and `NAME_high`.

    Args:
        figures: where to; changed.
        name: of the figure.
        interval: what; ends without limit (one seed) are left out.
    """
    figures[name] = interval.mean
    if np.isfinite(interval.low) and np.isfinite(interval.high):
        figures |= {f"{name}_low": interval.low, f"{name}_high": interval.high}


def has(runs: Runs, pool: str, *names: str) -> bool:
    """Tell whether all of some contenders ran on a pool.

    Args:
        runs: all runs.
        pool: name of the pool.
        *names: names of contenders.
    """
    return all(runs.get(pool, {}).get(name) for name in names)


def _paired(one: Mapping[int, Run], other: Mapping[int, Run], budget: int) -> tuple[Array, Array, Array]:
    seeds = sorted(set(one) & set(other))
    grid, mine = curves(one, seeds, budget)
    return grid, mine, curves(other, seeds, budget)[1]


def _bootstrapped(ratio: RatioOf, seeds: int, seed: int) -> Ratio:
    everyone = np.arange(seeds, dtype=np.int64)[None]
    mean, reached = ratio(everyone)
    chosen = np.random.default_rng(seed).integers(0, seeds, (DRAWS, seeds))
    return Ratio(float(mean[0]), ratio(chosen)[0], bool(reached[0]))
