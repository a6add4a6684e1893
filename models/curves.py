"""ROC and precision-recall curves of one class against the rest, with intervals; and how reliable probabilities are.

Computed from out-of-fold predictions in the web process, so in numpy alone: scikit-learn would double its memory, and
computes one resample at a time. The labels were chosen by a strategy: a curve says how well the model tells these
labels apart, and its base rate is the class's share of the labels, not of the pool. With a `share` given, a class's
curves say what to expect where the class is so frequent: its labels and the others then weigh as they would there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration import class_weights
from models.predictions import OutOfFoldPredictions
from models.prior import wilson_interval
from models.quality import Estimate

FloatArray = npt.NDArray[np.float64]

DRAWS_MOST, DRAWS_LEAST = 400, 40
DRAWN_CELLS, DRAWN_AT_ONCE = 10_000_000, 1_000_000
"""Weights looked at for all classes together, and for one class: the more labels, the fewer resamples."""

BINS = 10
GRID = np.linspace(0.0, 1.0, 101)
"""Where curves are read off, so that those of several classes can be averaged."""


@dataclass(frozen=True)
class Curves:
    """How well a class is told from the rest, or the mean over all classes.

    Attributes:
        false_alarms: (g,) false positive rates, ascending from 0 to 1.
        hits: (g,) true positive rate at each of them.
        recall: (g,) recalls, ascending from 0 to 1.
        precision: (g,) precision at each of them.
        auroc: area under the ROC curve; 0.5 for chance.
        auprc: average precision, the area under the precision-recall curve; `base_rate` for chance.
        base_rate: share of the class among the labels, or the share that was given.
        positives: labels of the class; of the smallest one in a mean over classes.
        labels: labels in all.
    """

    false_alarms: FloatArray
    hits: FloatArray
    recall: FloatArray
    precision: FloatArray
    auroc: Estimate
    auprc: Estimate
    base_rate: float
    positives: int
    labels: int


@dataclass(frozen=True)
class ReliabilityBin:
    """Labels whose probability was about the same.

    Attributes:
        confidence: mean probability.
        share: how many of them it came true for, every class weighing the same.
        low: lower end of the 95 % interval of `share`.
        high: upper end.
        labels: labels in the bin.
    """

    confidence: float
    share: float
    low: float
    high: float
    labels: int


@dataclass(frozen=True)
class Reliability:
    """Whether probabilities come true.

    Attributes:
        bins: of about equal weight, by rising probability; fewer where labels are few.
        error: expected calibration error, 0 to 1.
        excess: mean probability less the share that came true: above 0 the model is too sure.
    """

    bins: tuple[ReliabilityBin, ...]
    error: float
    excess: float


def class_curves(
    seen: OutOfFoldPredictions, column: int, *, share: float | None = None, seed: int = 0
) -> Curves | None:
    """Compute the curves of one class against all others.

    Args:
        seen: out-of-fold predictions.
        column: the class.
        share: how frequent the class is where the curves shall hold, between 0 and 1, such as its estimated share of
            the pool; None for its share of the labels.
        seed: of the resamples behind the intervals.

    Returns:
        The curves; None where there is no label of the class, or none of another.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if share is not None and not 0.0 < share < 1.0:
        raise ValueError(f"the share must lie between 0 and 1, not {share!r}")
    truth = seen.labels == column
    if not truth.any() or truth.all():
        return None
    scores = np.asarray(seen.probabilities[:, column], np.float64)
    base_rate = float(truth.mean())
    wanted = base_rate if share is None else share
    weights = _resamples(seen, classes=1, seed=seed)
    weights *= np.where(truth, wanted / base_rate, (1.0 - wanted) / (1.0 - base_rate))
    grids, values = _one_class(scores, truth, weights)
    return _curves(grids, values, wanted, int(truth.sum()), len(truth))


def mean_curves(seen: OutOfFoldPredictions, *, seed: int = 0) -> Curves | None:
    """Compute the mean of all classes' curves, every class weighing the same.

    Args:
        seen: out-of-fold predictions.
        seed: of the resamples behind the intervals.

    Returns:
        The mean over the classes with labels; None where fewer than two have any.
    """
    counts = np.bincount(seen.labels, minlength=seen.class_count)
    columns = np.flatnonzero(counts)
    if len(columns) < 2:
        return None
    weights = _resamples(seen, classes=len(columns), seed=seed)
    found = [
        _one_class(np.asarray(seen.probabilities[:, column], np.float64), seen.labels == column, weights)
        for column in columns
    ]
    grids = np.mean([grid for grid, _ in found], axis=0)
    values = np.mean([value for _, value in found], axis=0)
    return _curves(grids, values, 1.0 / len(columns), int(counts[columns].min()), len(seen.labels))


def reliability(seen: OutOfFoldPredictions, column: int | None = None, *, bins: int = BINS) -> Reliability:
    """Compare probabilities with what came true, in bins of equal weight, every class weighing the same.

    The probabilities have the class prior taken out: they are right for classes that are equally frequent, so each
    class weighs the same here, however many labels the strategy gave it (as in Guo et al. 2017 otherwise).

    Args:
        seen: out-of-fold predictions, of one label or more.
        column: the class whose probability is looked at; None for the likeliest class of each label.
        bins: how many at most; never so many that a bin would hold less than three labels.
    """
    chances = np.asarray(seen.probabilities, np.float64)
    if column is None:
        sure, right = chances.max(axis=1), chances.argmax(axis=1) == seen.labels
    else:
        sure, right = chances[:, column], seen.labels == column
    weights = class_weights(seen.labels, seen.class_count)
    order = np.argsort(sure, kind="stable")
    sure, right, weights = sure[order], right[order], weights[order]
    count = max(1, min(bins, len(sure) // 3))
    places = np.minimum(((np.cumsum(weights) - weights / 2) * count).astype(np.int64), count - 1)
    found = [_bin(sure[here], right[here], weights[here]) for here in _groups(places)]
    mass = np.array([weights[here].sum() for here in _groups(places)])
    gaps = np.array([entry.confidence - entry.share for entry in found])
    return Reliability(
        bins=tuple(found), error=float(mass @ np.abs(gaps)), excess=float(weights @ (sure - right))
    )


def _groups(places: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    return [np.flatnonzero(places == place) for place in np.unique(places)]


def _bin(sure: FloatArray, right: npt.NDArray[np.bool_], weights: FloatArray) -> ReliabilityBin:
    mass = weights / weights.sum()
    share = float(mass @ right)
    # So many equally weighing labels say as much as these do (Kish 1965).
    effective = 1.0 / float(np.square(mass).sum())
    low, high = wilson_interval(np.array([share * effective]), np.array([effective]))
    return ReliabilityBin(float(mass @ sure), share, float(low[0]), float(high[0]), len(sure))


def _resamples(seen: OutOfFoldPredictions, *, classes: int, seed: int) -> FloatArray:
    """Return (draws + 1, m): how often each label counts; the first row is the labels as they are.

    A Bayesian bootstrap (Rubin 1981): no resample is without a class, which resampling whole labels would bring about
    where a class has two.
    """
    count = len(seen.labels)
    draws = min(DRAWN_CELLS // max(1, count * classes), DRAWN_AT_ONCE // max(1, count))
    draws = int(np.clip(draws, DRAWS_LEAST, DRAWS_MOST))
    weights = np.random.default_rng(seed).standard_exponential((draws + 1, count))
    weights[0] = 1.0
    return weights


def _one_class(
    scores: FloatArray, truth: npt.NDArray[np.bool_], weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the curves of the labels as they are, (2, g), and both areas in each resample, (2, draws + 1)."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(
        np.diff(scores[order]) != 0, True
    )  # where the threshold passes from one score to the next
    yes = np.where(truth[order], weights[:, order], 0.0).cumsum(axis=1)
    every = weights[:, order].cumsum(axis=1)
    yes, every = yes[:, last], every[:, last]
    hits = yes / np.maximum(yes[:, -1:], 1e-12)
    wrong = every - yes
    alarms = wrong / np.maximum(wrong[:, -1:], 1e-12)
    precision = yes / np.maximum(every, 1e-12)
    steps = np.diff(hits, axis=1, prepend=0.0)
    areas = np.stack([_trapezoids(alarms, hits), (steps * precision).sum(axis=1)])
    return np.stack([_roc_on_grid(alarms[0], hits[0]), _precision_on_grid(hits[0], precision[0])]), areas


def _trapezoids(x: FloatArray, y: FloatArray) -> FloatArray:
    widths = np.diff(x, axis=1, prepend=0.0)
    before = np.concatenate([np.zeros((len(y), 1)), y[:, :-1]], axis=1)
    return np.asarray((widths * (y + before) / 2).sum(axis=1))


def _roc_on_grid(alarms: FloatArray, hits: FloatArray) -> FloatArray:
    """Read the curve off at GRID; where it rises straight up, its upper end counts."""
    x, y = np.concatenate([[0.0], alarms]), np.concatenate([[0.0], hits])
    after = np.searchsorted(x, GRID, side="right")
    here = np.clip(after - 1, 0, len(x) - 1)
    there = np.clip(after, 0, len(x) - 1)
    width = x[there] - x[here]
    part = np.where(width > 0, (GRID - x[here]) / np.where(width > 0, width, 1.0), 0.0)
    return np.asarray(y[here] + part * (y[there] - y[here]))


def _precision_on_grid(hits: FloatArray, precision: FloatArray) -> FloatArray:
    """Read the precision off at the recalls of GRID: that of the first threshold which reaches the recall."""
    places = np.searchsorted(hits, GRID - 1e-9, side="left")
    return np.asarray(precision[np.clip(places, 0, len(precision) - 1)])


def _curves(grids: FloatArray, values: FloatArray, base_rate: float, positives: int, labels: int) -> Curves:
    return Curves(
        false_alarms=GRID,
        hits=grids[0],
        recall=GRID,
        precision=grids[1],
        auroc=_estimate(values[0], positives),
        auprc=_estimate(values[1], positives),
        base_rate=base_rate,
        positives=positives,
        labels=labels,
    )


def _estimate(values: FloatArray, positives: int) -> Estimate:
    """Return the first value with the middle 95 % of the others around it.

    Where all resamples agree, as they do on a class that is told apart without a mistake, Wilson's interval of as many
    trials as there are positives stands in: two out of two do not pass for certainty.
    """
    value = float(np.clip(values[0], 0.0, 1.0))
    low, high = np.quantile(values[1:], [0.025, 0.975])
    if high - low < 1e-9:
        ends = wilson_interval(np.array([value * positives]), np.array([float(positives)]))
        low, high = ends[0][0], ends[1][0]
    return Estimate(value, float(np.clip(low, 0.0, value)), float(np.clip(high, value, 1.0)))
