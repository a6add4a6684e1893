"""AUROC, AUPRC and F1 of a class from a sample drawn with known probabilities; numpy alone.

The values are what scikit-learn computes with the items' weights as `sample_weight`. The variances are linearised
(Taylor, as for any smooth function of weighted sums; for the AUROC these are the placements of DeLong et al. 1988), so
that strata and draws without replacement count as they should. Intervals are read off as those of shares are
(`models.audit_sample`): where three items of a class were met, no normal interval holds.

What AUROC and AUPRC answer, and where they mislead, follows McDermott et al. (2024), "A Closer Look at AUROC and AUPRC
under Class Imbalance" (arXiv:2401.06091): the average precision weighs a mistake the more the fewer items score higher,
depends on how frequent the class is, and favours groups in which it is frequent; the area under the ROC curve weighs
all mistakes alike, whatever the class's share, and so hides what false alarms cost where positives are rare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.audit_sample import AuditSample, BoolArray, FloatArray, Measured, unmet_weight

IntArray = npt.NDArray[np.int64]


ITEM_AT_WORST = 0.5
"""What one item not yet met moves the AUROC by, as a share of its weight: it would hardly score below, or above, all
others. At 1 the intervals of classes met a few times held the truth in all of 200 draws; at 0.3 they are narrower where
the model is good, and hold it in 89 to 95 % where it is bad."""


@dataclass(frozen=True)
class Linearised:
    """A figure and what each item adds to its error. m items.

    Attributes:
        measured: the figure.
        parts: (m,) float64; the variance of their weighted sum is that of the figure.
    """

    measured: Measured
    parts: FloatArray


Rank = Callable[[AuditSample, FloatArray, int], Linearised | None]
"""A figure of a class by the probabilities (m,) for it; None where it cannot be told."""


@dataclass(frozen=True)
class _Ranks:
    """Scores of a sample in ascending order, equal ones together. t different scores.

    Attributes:
        place: (m,) int64; which of them each item has.
        yes: (t,) weight of the class's items with each.
        every: (t,) weight of all items with each.
    """

    place: IntArray
    yes: FloatArray
    every: FloatArray


def auroc_of(sample: AuditSample, scores: FloatArray, column: int) -> Linearised | None:
    """Estimate how often an item of the class scores higher than another one; equal scores count half.

    Args:
        sample: the sample.
        scores: (m,) probabilities of the class.
        column: the class.

    Returns:
        The figure; None where nothing of the class, or nothing else, was met.
    """
    truth = sample.truth == column
    positive = float(sample.weights[truth].sum())
    negative = float(sample.weights[~truth].sum())
    if not positive or not negative:
        return None
    ranks = _ranked(sample, scores, truth)
    no = ranks.every - ranks.yes
    below = (np.cumsum(no) - no / 2) / negative
    above = (positive - np.cumsum(ranks.yes) + ranks.yes / 2) / positive
    won = np.where(truth, below[ranks.place], above[ranks.place])
    value = float((ranks.yes * below).sum() / positive)
    parts = (won - value) / np.where(truth, positive, negative)
    least = _unmet(sample, ~truth, negative)
    odds = _odds(sample, column, truth, positive, share=ITEM_AT_WORST, least=least)
    return _linearised(sample, value, parts, odds)


def auprc_of(sample: AuditSample, scores: FloatArray, column: int) -> Linearised | None:
    """Estimate the average precision: the area under the precision-recall curve, in steps.

    Args:
        sample: the sample.
        scores: (m,) probabilities of the class.
        column: the class.

    Returns:
        The figure; None where nothing of the class, or nothing else, was met.
    """
    truth = sample.truth == column
    positive = float(sample.weights[truth].sum())
    if not positive or truth.all():
        return None
    ranks = _ranked(sample, scores, truth)
    reached = ranks.every.sum() - np.cumsum(ranks.every) + ranks.every
    precision = (positive - np.cumsum(ranks.yes) + ranks.yes) / np.maximum(reached, 1e-300)
    value = float((ranks.yes * precision).sum() / positive)
    # An item lowers or raises the precision at every positive that scores as high as it does, or less.
    step = ranks.yes / np.maximum(reached, 1e-300)
    gained, lost = np.cumsum(step), np.cumsum(step * precision)
    place = ranks.place
    parts = (truth * (precision[place] - value + gained[place]) - lost[place]) / positive
    return _linearised(sample, value, parts, _odds(sample, column, truth, positive))


def f1_of(sample: AuditSample, column: int) -> Linearised | None:
    """Estimate the harmonic mean of precision and recall; None where nothing of the class was met.

    Args:
        sample: the sample.
        column: the class.
    """
    truth, said = sample.truth == column, sample.predicted == column
    if not truth.any():
        return None
    halves = 0.5 * truth + 0.5 * said
    total = float(sample.weights @ halves)
    value = float(sample.weights[truth & said].sum() / total)
    odds = _odds(sample, column, truth | said, total)
    return _linearised(sample, value, ((truth & said) - value * halves) / total, odds)


def _linearised(
    sample: AuditSample, value: float, parts: FloatArray, odds: tuple[float, float]
) -> Linearised:
    """Put a figure together; `odds` are the weights of one hit, and one miss, not yet met, beside all that was met."""
    hit, miss = (each / (1.0 + each) for each in odds)
    value = float(np.clip(value, 0.0, 1.0))
    return Linearised(
        Measured(value, sample.variance(parts), hit=hit, miss=miss), np.asarray(parts, np.float64)
    )


def _odds(
    sample: AuditSample,
    column: int,
    rests_on: BoolArray,
    total: float,
    *,
    share: float = 1.0,
    least: float = 0.0,
) -> tuple[float, float]:
    """Return the odds of a hit and a miss not yet met: each is where the model says the class, or another.

    Such an item weighs what it and the items met weigh together, each counted by its weight. Alone it weighs too much
    where a draw by strata met enough of those with much weight, and the intervals are too wide; without it those met
    weigh too little where there was none of these among them, and the intervals held the truth in 80 %.

    Args:
        sample: the sample.
        column: the class.
        rests_on: (m,) bool; the items that the figure rests on.
        total: their weight, as the figure counts it.
        share: of its weight, what such an item moves the figure by.
        least: the odds at least.
    """
    said = sample.predicted == column
    met = _unmet(sample, rests_on, total)
    alone = [max(_unmet(sample, room, total), least) for room in (said, ~said)]
    hit, miss = (share * min(each, (met + each**2) / (1.0 + each)) for each in alone)
    return hit, miss


def _unmet(sample: AuditSample, room: BoolArray, total: float) -> float:
    within = room if room.any() else np.ones(sample.size, np.bool_)
    return unmet_weight(sample, within) / total


def _ranked(sample: AuditSample, scores: FloatArray, truth: BoolArray) -> _Ranks:
    _, place = np.unique(scores, return_inverse=True)
    count = int(place.max()) + 1
    return _Ranks(
        place=place.astype(np.int64),
        yes=np.asarray(np.bincount(place, sample.weights * truth, count), np.float64),
        every=np.asarray(np.bincount(place, sample.weights, count), np.float64),
    )
