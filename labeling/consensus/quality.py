"""How good each annotator is, measured against the consensus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.consensus.contract import Consensus, FloatArray, Votes

Z = 1.959963984540054
"""Standard normal quantile of a 95 % interval."""


@dataclass(frozen=True)
class AnnotatorQuality:
    """How often one annotator is right, as far as the consensus knows.

    Attributes:
        votes: items they labelled.
        judged: of these, the items that somebody else labelled too or a reviewer settled: only these tell anything.
        agreement: expected share of the judged votes that are right; None where none is judged.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    votes: int
    judged: int
    agreement: float | None
    low: float
    high: float


def annotator_quality(votes: Votes, consensus: Consensus) -> tuple[AnnotatorQuality, ...]:
    """Estimate how often each annotator is right: the mean probability that the consensus gives their votes.

    The interval is Wilson's (1927), with the judged votes as trials. A mean of numbers between 0 and 1 varies at most
    as much as one of zeros and ones of the same mean, so the interval is rather too wide than too narrow; it keeps
    sense at shares near 1 and with a handful of votes, where a bootstrap over items would give an interval of no width
    (Brown, Cai & DasGupta 2001, "Interval estimation for a binomial proportion"). It knows nothing of mistakes that
    people share: where all err alike, the consensus errs with them.

    Args:
        votes: the votes.
        consensus: what they add up to.

    Returns:
        One for each annotator, in their order.
    """
    judged = (votes.per_item[votes.items] >= 2) | (votes.settled[votes.items] >= 0)
    right = consensus.probabilities[votes.items, votes.classes]
    size = votes.annotator_count
    given = np.bincount(votes.annotators, minlength=size)
    counts = np.bincount(votes.annotators[judged], minlength=size)
    sums = np.bincount(votes.annotators[judged], weights=right[judged], minlength=size)
    return tuple(_quality(int(given[place]), int(counts[place]), float(sums[place])) for place in range(size))


def confusion(votes: Votes, consensus: Consensus, annotator: int) -> FloatArray:
    """Return (k, k) float64: of items that are of the row's class, how many the annotator says are of the column's.

    Args:
        votes: the votes.
        consensus: what they add up to; an item counts in each row by its probability of that class.
        annotator: whose.
    """
    own = votes.annotators == annotator
    counts = np.zeros((votes.class_count, votes.class_count))
    np.add.at(counts.T, votes.classes[own], consensus.probabilities[votes.items[own]])
    return counts


def wilson(share: float, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Args:
        share: 0 to 1.
        trials: of how many; at least 1.
    """
    square = Z * Z / trials
    middle = (share + square / 2) / (1 + square)
    half = Z * float(np.sqrt(share * (1 - share) / trials + square / (4 * trials))) / (1 + square)
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def _quality(votes: int, judged: int, right: float) -> AnnotatorQuality:
    if not judged:
        return AnnotatorQuality(votes, 0, None, 0.0, 1.0)
    share = min(1.0, max(0.0, right / judged))
    return AnnotatorQuality(votes, judged, share, *wilson(share, judged))
