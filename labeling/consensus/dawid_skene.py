"""Dawid-Skene: people are weighed by what they are good at, learned from where they agree.

Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm". Each annotator has a
confusion matrix: of items of one class, how often they say which. EM goes back and forth between what the items are,
given the matrices, and the matrices, given what the items are.

With few votes a person's matrix is mostly chance. So it is drawn towards that of somebody who is right as often as they
are, all classes together, and errs as people do: a hierarchical form, as of Paun et al. 2018, "Comparing Bayesian
models of annotation", here with fixed strengths and as modes, not draws. With many votes it is plain Dawid-Skene; with
very few it is close to a majority vote.

Everything is a few products of sparse matrices: 100,000 items with three votes each take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labeling.consensus.contract import FloatArray, IntArray, Votes
from labeling.consensus.majority import majority, settle

MOST_STEPS = 100
TOLERANCE = 1e-4
"""EM ends once no probability changes by more than this."""

OWN_STRENGTH = 10.0
"""Votes on items of a class after which a person's own way of answering counts as much as what is expected."""

COMMON_STRENGTH = 10.0
"""Wrong votes on items of a class after which the way people err counts as much as erring evenly."""

RIGHT_VOTES, VOTES_BEFORE = 8.0, 10.0
"""People are taken to have been right in so many votes of so many, before any vote is seen."""


def dawid_skene(votes: Votes, probabilities: FloatArray | None = None) -> FloatArray:
    """Return how probable each class is for each item by the votes alone; see the module.

    Args:
        votes: checked votes.
        probabilities: not used.

    Returns:
        (m, k) rows that add up to 1.
    """
    del probabilities
    return estimate(votes, None)


def estimate(votes: Votes, chances: FloatArray | None) -> FloatArray:
    """Run EM to its end, from the majority vote on.

    Args:
        votes: checked votes.
        chances: (m, k) what is known of each item beside the votes, class prior taken out, all above 0; None for
            nothing.

    Returns:
        (m, k) rows that add up to 1; of items without votes, what the others and `chances` make likely.
    """
    current = majority(votes)
    if not len(votes.items) or votes.class_count < 2:
        return current
    said = _group(votes)
    beside = 0.0 if chances is None else np.log(chances)
    for _ in range(MOST_STEPS):
        scores = said.of_items @ _log_confusions(said, current) + _log_shares(current) + beside
        found = settle(_softmax(scores), votes)
        change = float(np.abs(found - current).max())
        current = found
        if change < TOLERANCE:
            break
    return current


@dataclass(frozen=True)
class _Said:
    """Votes grouped by who says which class. g groups, m items.

    Attributes:
        of_items: (m, g) sparse; 1 where the item has a vote of the group.
        annotators: (g,) whose.
        classes: (g,) which class they say.
        annotator_count: a.
    """

    of_items: Any
    annotators: IntArray
    classes: IntArray
    annotator_count: int


def _group(votes: Votes) -> _Said:
    from scipy.sparse import csr_matrix  # the web process imports it once a team works

    groups, group_of = np.unique(votes.annotators * votes.class_count + votes.classes, return_inverse=True)
    ones = np.ones(len(votes.items))
    of_items = csr_matrix((ones, (votes.items, group_of.reshape(-1))), (votes.item_count, len(groups)))
    return _Said(of_items, groups // votes.class_count, groups % votes.class_count, votes.annotator_count)


def _log_confusions(said: _Said, probabilities: FloatArray) -> FloatArray:
    """Return (g, k): log of how often the group's annotator says its class of items that are of each class."""
    counts = np.asarray(said.of_items.T @ probabilities)
    totals = _add_up(counts, said.annotators, said.annotator_count)
    expected = _expected(counts, totals, said)
    own = counts + OWN_STRENGTH * expected
    return np.asarray(np.log(own) - np.log(totals[said.annotators] + OWN_STRENGTH))


def _expected(counts: FloatArray, totals: FloatArray, said: _Said) -> FloatArray:
    """Return (g, k): the same as is expected of a person who is right as often as they are, and errs as people do."""
    groups, k = np.arange(len(counts)), counts.shape[1]
    hits = np.bincount(said.annotators, weights=counts[groups, said.classes], minlength=said.annotator_count)
    right = ((hits + RIGHT_VOTES) / (totals.sum(axis=1) + VOTES_BEFORE))[said.annotators]
    errors = _add_up(counts, said.classes, k) + COMMON_STRENGTH / (k - 1)
    np.fill_diagonal(errors, 0.0)
    errors /= errors.sum(axis=0)
    expected = (1 - right)[:, None] * errors[said.classes]
    expected[groups, said.classes] = right
    return np.asarray(expected)


def _add_up(rows: FloatArray, places: IntArray, count: int) -> FloatArray:
    """Return (count, k): the sums of the rows of each place."""
    total = np.zeros((count, rows.shape[1]))
    np.add.at(total, places, rows)
    return total


def _log_shares(probabilities: FloatArray) -> FloatArray:
    """Return (k,): log of the classes' shares among the items, one item spread over all of them added."""
    m, k = probabilities.shape
    return np.asarray(np.log((probabilities.sum(axis=0) + 1 / k) / (m + 1)))


def _softmax(scores: FloatArray) -> FloatArray:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
