"""How far people agree: for all together, for each class, for each pair, and which classes they confuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.consensus.contract import FloatArray, IntArray, Votes

DRAWS, LEAST_DRAWS = 1000, 200
"""Bootstrap draws of an interval, and how many of them where each is a long one."""

MOST_DRAWN = 20_000_000
"""Numbers drawn in all, and held at once, unless the least number of draws needs more."""


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha: 1 is perfect agreement, 0 what chance would bring, below 0 is less than chance.

    Attributes:
        value: the coefficient; None where no two people labelled one item, or only one class was ever said.
        low: lower end of the 95 % interval; None likewise.
        high: upper end.
        items: items with two votes or more, on which it rests.
    """

    value: float | None
    low: float | None
    high: float | None
    items: int


@dataclass(frozen=True)
class ClassAgreement:
    """How far people agree on each class; k classes, over items with two votes or more.

    Attributes:
        items: (k,) int64; items that at least one person gave the class.
        agreement: (k,) float64; where one says the class, how often another one says it too; NaN for a class nobody
            said there.
        confused: (k, k) int64, symmetric; items to which one gave the row's class and another the column's; on the
            diagonal, items to which two or more gave the class.
    """

    items: IntArray
    agreement: FloatArray
    confused: IntArray


@dataclass(frozen=True)
class PairAgreement:
    """How far each pair of people agrees. a annotators.

    Attributes:
        common: (a, a) int64; items both labelled; on the diagonal, all that one labelled.
        share: (a, a) float64; the share of these with the same class; NaN where there are none.
        kappa: (a, a) float64; Cohen's kappa (1960): the share beyond what chance brings at each one's own habits; NaN
            where both always say the same one class.
    """

    common: IntArray
    share: FloatArray
    kappa: FloatArray


def krippendorff_alpha(votes: Votes, *, seed: int = 0) -> Alpha:
    """Compute Krippendorff's alpha for classes without order, with a bootstrap interval over items.

    Krippendorff 2011, "Computing Krippendorff's alpha-reliability"; the interval is a plain bootstrap over items, which
    Zapf et al. 2016, "Measuring inter-rater reliability for nominal data: which coefficients and confidence intervals
    are appropriate?", found to keep its promise. Items with the same votes count as one pattern drawn several times,
    so that 10^5 items cost no more than their few hundred patterns.

    Args:
        votes: the votes; what a reviewer settled does not count.
        seed: of the bootstrap.
    """
    patterns, repeats = _patterns(votes)
    items = int(repeats.sum())
    value = float(_alphas(patterns, repeats[None].astype(float))[0]) if items else np.nan
    if not np.isfinite(value):
        return Alpha(None, None, None, items)
    generator = np.random.default_rng(seed)
    at_once = max(1, MOST_DRAWN // len(repeats))
    draws = min(DRAWS, max(LEAST_DRAWS, at_once))
    found = [
        _alphas(patterns, generator.multinomial(items, repeats / items, size=min(at_once, draws - start)))
        for start in range(0, draws, at_once)
    ]
    # A draw in which one class alone was said has no alpha.
    low, high = np.nanquantile(np.concatenate(found), [0.025, 0.975])
    return Alpha(value, float(min(low, value)), float(max(high, value)), items)


def class_agreement(votes: Votes) -> ClassAgreement:
    """Compute how far people agree on each class (specific agreement, Dice 1945, for any number of people).

    Args:
        votes: the votes.
    """
    counts = _counts(votes)
    sizes = np.asarray(counts.sum(axis=1)).reshape(-1)
    counts, sizes = counts[sizes >= 2], sizes[sizes >= 2]
    # Each vote meets the other votes of its item; an item's votes count once each, however many there are.
    weighted = counts.multiply(1 / np.maximum(sizes - 1, 1)[:, None]).tocsr()
    met = np.asarray(weighted.multiply(counts).sum(axis=0) - weighted.sum(axis=0)).reshape(-1)
    given = np.asarray(counts.sum(axis=0)).reshape(-1)
    said = counts.sign()
    confused = np.asarray((said.T @ said).todense(), np.int64)
    items = confused.diagonal().copy()
    np.fill_diagonal(confused, np.asarray((counts >= 2).sum(axis=0)).reshape(-1))
    agreement = np.divide(met, given, out=np.full(len(given), np.nan), where=given > 0)
    return ClassAgreement(items.astype(np.int64), agreement, confused)


def pair_agreement(votes: Votes) -> PairAgreement:
    """Compute how far each pair of annotators agrees on the items that both labelled.

    Args:
        votes: the votes.
    """
    from scipy.sparse import csr_matrix

    shape = (votes.annotator_count, votes.item_count)
    ones = np.ones(len(votes.items))
    every = csr_matrix((ones, (votes.annotators, votes.items)), shape)
    common = _dense(every @ every.T)
    same, chance = np.zeros_like(common), np.zeros_like(common)
    for column in np.unique(votes.classes):
        at = votes.classes == column
        own = csr_matrix((ones[at], (votes.annotators[at], votes.items[at])), shape)
        same += _dense(own @ own.T)
        said = _dense(own @ every.T)
        chance += said * said.T
    with np.errstate(invalid="ignore", divide="ignore"):
        share = same / common
        expected = chance / common**2
        kappa = (share - expected) / (1 - expected)
    return PairAgreement(common.astype(np.int64), share, np.where(np.isfinite(kappa), kappa, np.nan))


def items_said_both(votes: Votes, first: int, second: int) -> IntArray:
    """Return the items to which one person gave one class and another person the other, ascending.

    Args:
        votes: the votes.
        first: a class.
        second: another class, or the same: then the items to which two people or more gave it.
    """
    own = np.bincount(votes.items[votes.classes == first], minlength=votes.item_count)
    other = np.bincount(votes.items[votes.classes == second], minlength=votes.item_count)
    found = own >= 2 if first == second else (own > 0) & (other > 0)
    return np.flatnonzero(found).astype(np.int64)


def items_disagreed(votes: Votes, first: int, second: int) -> IntArray:
    """Return the items that two annotators gave different classes, ascending.

    Args:
        votes: the votes.
        first: an annotator.
        second: another one.
    """
    said = np.full((2, votes.item_count), -1, np.int64)
    for place, annotator in enumerate((first, second)):
        own = votes.annotators == annotator
        said[place, votes.items[own]] = votes.classes[own]
    return np.flatnonzero((said[0] >= 0) & (said[1] >= 0) & (said[0] != said[1])).astype(np.int64)


def vote_agreement(votes: Votes) -> FloatArray:
    """Return (m,) float64: the share of each item's pairs of votes that agree; NaN with fewer than two votes."""
    counts = _counts(votes)
    sizes = votes.per_item.astype(float)
    same = np.asarray(counts.multiply(counts).sum(axis=1)).reshape(-1) - sizes
    pairs = sizes * (sizes - 1)
    return np.divide(same, pairs, out=np.full(len(sizes), np.nan), where=pairs > 0)


def _counts(votes: Votes) -> Any:  # noqa: ANN401 - a sparse matrix
    """Return (m, k) sparse: how many votes each item has for each class."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(votes.items))
    return csr_matrix((ones, (votes.items, votes.classes)), (votes.item_count, votes.class_count))


def _patterns(votes: Votes) -> tuple[Any, IntArray]:
    """Return the (p, k) sparse counts of items with two votes or more, each once, and how many items have each."""
    counts = _counts(votes)
    counts = counts[votes.per_item >= 2]
    counts.sort_indices()
    places: dict[bytes, int] = {}
    first: list[int] = []
    repeats: list[int] = []
    bounds = counts.indptr
    for row in range(counts.shape[0]):
        start, stop = bounds[row], bounds[row + 1]
        held = counts.indices[start:stop].tobytes() + counts.data[start:stop].tobytes()
        place = places.setdefault(held, len(first))
        if place == len(first):
            first.append(row)
            repeats.append(0)
        repeats[place] += 1
    return counts[first], np.array(repeats, np.int64)


def _alphas(patterns: Any, repeats: npt.NDArray[Any]) -> FloatArray:  # noqa: ANN401 - a sparse matrix
    """Return (draws,) alphas of (draws, p) repeats of patterns; NaN where one class alone was said."""
    sizes = np.asarray(patterns.sum(axis=1)).reshape(-1)
    squares = np.asarray(patterns.multiply(patterns).sum(axis=1)).reshape(-1)
    differing = (sizes**2 - squares) / np.maximum(sizes - 1, 1)
    total = repeats @ sizes
    per_class = np.asarray(patterns.T @ repeats.T).T
    observed = (repeats @ differing) / total
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (total**2 - np.square(per_class).sum(axis=1)) / (total * (total - 1))
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def _dense(matrix: Any) -> FloatArray:  # noqa: ANN401 - a sparse matrix
    return np.asarray(matrix.todense(), np.float64)
