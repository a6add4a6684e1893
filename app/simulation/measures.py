"""What a run is measured by, and how runs of several seeds are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.simulation.pools import LabelledPool
from strategies.contract import IntArray

Numbers = Sequence[float] | npt.NDArray[np.floating]
DRAWS = 4_000
"""Bootstrap draws of an interval."""

CURVE_DRAWS = 400
"""Bootstrap draws where each needs mean curves."""

SHARE_OF_WHOLE = 0.95
"""`labels_to_whole` asks for this share of the balanced accuracy that the whole pool's labels give."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval.

    Attributes:
        mean: the mean; geometric for ratios.
        low: lower end.
        high: upper end.
    """

    mean: float
    low: float
    high: float


def balanced_accuracy(truth: IntArray, answer: IntArray) -> float:
    """Return the mean recall of the classes that occur in the truth.

    Args:
        truth: (t,) int64, t above 0.
        answer: (t,) int64.
    """
    counts = np.bincount(truth)
    hits = np.bincount(truth[truth == answer], minlength=counts.size)
    return float(np.mean(hits[counts > 0] / counts[counts > 0]))


def macro_f1(truth: IntArray, answer: IntArray) -> float:
    """Return the mean F1 of the classes that occur in the truth; 0 for a class that is never answered.

    Args:
        truth: (t,) int64, t above 0.
        answer: (t,) int64.
    """
    size = int(max(truth.max(), answer.max())) + 1
    counts, answered = np.bincount(truth, minlength=size), np.bincount(answer, minlength=size)
    hits = np.bincount(truth[truth == answer], minlength=size)
    f1 = 2 * hits / np.maximum(counts + answered, 1)
    return float(f1[counts > 0].mean())


def area(steps: pd.DataFrame, *, by: str = "labels", value: str = "balanced_accuracy") -> float:
    """Return the mean height of a curve: the area under it over its width, by trapezoids.

    Args:
        steps: the steps of a run.
        by: "labels" or "decisions".
        value: the column that is the height.

    Returns:
        The mean height between the first and the last step; the only height where there is one step.
    """
    x, y = steps[by].to_numpy(float), steps[value].to_numpy(float)
    width = x[-1] - x[0]
    return float(np.trapezoid(y, x) / width) if width > 0 else float(y[-1])


def labels_to(
    steps: pd.DataFrame, target: float, *, by: str = "labels", value: str = "balanced_accuracy"
) -> float:
    """Return after how many labels a curve first comes to a target.

    One lucky step does not count: the curve is smoothed by the running mean of three steps first. Between steps the
    number is interpolated.

    Args:
        steps: the steps of a run.
        target: the height to reach.
        by: "labels" or "decisions".
        value: the column that is the height.

    Returns:
        The labels (or decisions); infinity where the target is not reached.
    """
    return _reached_at(steps[by].to_numpy(float), steps[value].to_numpy(float), target)


def height_at(
    steps: pd.DataFrame, at: float, *, by: str = "labels", value: str = "balanced_accuracy"
) -> float:
    """Return the height of a curve, smoothed as in `labels_to`, at a number of labels.

    Args:
        steps: the steps of a run.
        at: how many labels (or decisions); beyond the ends the end's height.
        by: "labels" or "decisions".
        value: the column that is the height.
    """
    return float(np.interp(at, steps[by].to_numpy(float), _smoothed(steps[value].to_numpy(float))))


def summarise(steps: pd.DataFrame, pool: LabelledPool, rows: Sequence[int]) -> dict[str, float]:
    """Return the measures of a run that need nothing but the run.

    Args:
        steps: its steps.
        pool: what was labelled.
        rows: rows of the pool in the order of their labels.

    Returns:
        `area` and `area_decisions` (mean balanced accuracy), `final_balanced_accuracy`, `final_macro_f1`,
        `labels_to_all_classes` (infinity when never), `classes_met`, `rare_found`, `rare_met`, `smallest_share` (the
        share of the class met least; 0 when one was not met), `effective_classes` (exponential of the entropy of the
        labels' shares: k when all classes have as many), `labels`, `decisions`, `choose_s`, `train_s` (mean
        seconds).
    """
    last = steps.iloc[-1]
    sizes = pool.sizes
    truth = pool.truth[np.asarray(rows, np.int64)]
    counts = np.bincount(truth, minlength=len(sizes))[sizes > 0]
    shares = counts / counts.sum()
    entropy = -float(np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    return {
        "area": area(steps),
        "area_decisions": area(steps, by="decisions"),
        "final_balanced_accuracy": float(last["balanced_accuracy"]),
        "final_macro_f1": float(last["macro_f1"]),
        "labels_to_all_classes": labels_to_all_classes(truth, int(counts.size)),
        "classes_met": float(last["classes_met"]),
        "rare_found": float(last["rare_found"]),
        "rare_met": float(last["rare_met"]),
        "smallest_share": float(shares.min()),
        "effective_classes": float(np.exp(entropy)),
        "labels": float(last["labels"]),
        "decisions": float(last["decisions"]),
        "choose_s": float(steps["choose_s"].mean()),
        "train_s": float(steps["train_s"].mean()),
    }


def labels_to_all_classes(truth: IntArray, classes: int) -> float:
    """Return after how many labels every class was met; infinity when one never was.

    Args:
        truth: classes in the order of the labels.
        classes: how many classes the pool holds.
    """
    _, first = np.unique(truth, return_index=True)
    return float(first.max() + 1) if first.size == classes else float("inf")


def mean_interval(values: Numbers) -> Interval:
    """Return the mean and its 95 % interval by Student's t; without end for one value.

    Args:
        values: one number a seed, at least one.
    """
    from scipy.stats import t

    numbers = np.asarray(values, float)
    mean = float(numbers.mean())
    if numbers.size < 2:
        return Interval(mean, float("-inf"), float("inf"))
    half = float(t.ppf(0.975, numbers.size - 1) * numbers.std(ddof=1) / np.sqrt(numbers.size))
    return Interval(mean, mean - half, mean + half)


def paired_difference(one: Mapping[int, float], other: Mapping[int, float]) -> Interval:
    """Return the mean of one minus other over the seeds both have, with its 95 % interval by Student's t.

    Args:
        one: a measure by seed.
        other: the same measure of another strategy by seed.

    Raises:
        ValueError: no seed is in both.
    """
    return mean_interval([one[seed] - other[seed] for seed in _common(one, other)])


def paired_ratio(one: Mapping[int, float], other: Mapping[int, float], *, seed: int = 0) -> Interval:
    """Return the geometric mean of one over other over the seeds both have, with a bootstrap interval over seeds.

    Args:
        one: a measure by seed, above 0; infinite values make the ratio infinite.
        other: the same measure of another strategy by seed, above 0 and finite.
        seed: of the bootstrap.

    Raises:
        ValueError: no seed is in both.
    """
    seeds = _common(one, other)
    logs = np.log([one[key] / other[key] for key in seeds])
    drawn = np.random.default_rng(seed).integers(0, logs.size, (DRAWS, logs.size))
    low, high = np.quantile(logs[drawn].mean(axis=1), [0.025, 0.975], method="nearest")
    return Interval(float(np.exp(logs.mean())), float(np.exp(low)), float(np.exp(high)))


def mean_curve(
    runs: Sequence[pd.DataFrame], *, by: str = "labels", value: str = "balanced_accuracy"
) -> pd.DataFrame:
    """Return the mean of several curves, with the 95 % interval of the mean.

    Args:
        runs: the steps of at least one run.
        by: "labels" or "decisions".
        value: the column that is averaged.

    Returns:
        Columns `by`, `mean`, `low`, `high` (as the mean where there is one run): at every place where one of the runs
        has a step and all have begun and not ended, each run interpolated between its steps.
    """
    from scipy.stats import t

    places, heights = _heights(runs, by, value)
    mean = heights.mean(axis=0)
    half = np.zeros_like(mean)
    if len(runs) > 1:
        half = t.ppf(0.975, len(runs) - 1) * heights.std(axis=0, ddof=1) / np.sqrt(len(runs))
    return pd.DataFrame({by: places, "mean": mean, "low": mean - half, "high": mean + half})


def half_budget_ratio(
    one: Mapping[int, pd.DataFrame],
    reference: Mapping[int, pd.DataFrame],
    *,
    by: str = "labels",
    seed: int = 0,
) -> Interval:
    """Return how many labels one needs to come to what the reference has at half its budget, as a ratio of the two.

    The ratio is of the mean curves over the seeds both have, so that one unlucky seed does not make it infinite; the
    95 % interval is by a bootstrap over the seeds.

    Args:
        one: the steps of each seed's run.
        reference: the same of what is compared with.
        by: "labels" or "decisions".
        seed: of the bootstrap.

    Returns:
        The ratio; infinite where the mean curve does not come to the target.

    Raises:
        ValueError: no seed is in both.
    """
    seeds = _common(one, reference)
    drawn = np.random.default_rng(seed).integers(0, len(seeds), (CURVE_DRAWS, len(seeds)))
    own_places, own = _heights([one[key] for key in seeds], by, "balanced_accuracy")
    places, others = _heights([reference[key] for key in seeds], by, "balanced_accuracy")
    half = float(places[-1]) / 2

    def ratio(chosen: IntArray) -> float:
        target = float(np.interp(half, places, _smoothed(others[chosen].mean(axis=0))))
        return _reached_at(own_places, own[chosen].mean(axis=0), target) / half

    low, high = np.quantile([ratio(row) for row in drawn], [0.025, 0.975], method="nearest")
    return Interval(ratio(np.arange(len(seeds))), float(low), float(high))


def _heights(
    runs: Sequence[pd.DataFrame], by: str, value: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return (p,) places where a run has a step and all have begun and not ended, and (runs, p) the heights there."""
    first = max(float(steps[by].iloc[0]) for steps in runs)
    last = max(first, min(float(steps[by].iloc[-1]) for steps in runs))
    places = np.unique(np.concatenate([steps[by].to_numpy(float) for steps in runs] + [[first, last]]))
    places = places[(places >= first) & (places <= last)]
    return places, np.stack([np.interp(places, steps[by].to_numpy(float), steps[value]) for steps in runs])


def _reached_at(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], target: float) -> float:
    y = _smoothed(y)
    above = np.flatnonzero(y >= target)
    if not above.size:
        return float("inf")
    first = int(above[0])
    if first == 0:
        return float(x[0])
    share = (target - y[first - 1]) / (y[first] - y[first - 1])
    return float(x[first - 1] + share * (x[first] - x[first - 1]))


def _common(one: Mapping[int, object], other: Mapping[int, object]) -> list[int]:
    seeds = sorted(set(one) & set(other))
    if not seeds:
        raise ValueError("the two have no seed in common; run both with the same seeds")
    return seeds


def _smoothed(y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if y.size < 3:
        return y
    padded = np.concatenate([y[:1], y, y[-1:]])
    return np.convolve(padded, np.full(3, 1 / 3), mode="valid")
