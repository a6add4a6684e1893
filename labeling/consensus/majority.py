"""Majority vote: the share of an item's votes that each class has."""

from __future__ import annotations

import numpy as np

from labeling.consensus.contract import FloatArray, Votes


def majority(votes: Votes, probabilities: FloatArray | None = None) -> FloatArray:
    """Return each class's share of each item's votes; every annotator counts alike, and a tie stays a tie.

    Args:
        votes: checked votes. A settled item is of its class; one without votes is of any class alike.
        probabilities: not used.

    Returns:
        (m, k) rows that add up to 1.
    """
    del probabilities
    counts = vote_counts(votes)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, counts / np.maximum(totals, 1), 1 / max(votes.class_count, 1))
    return settle(shares, votes)


def vote_counts(votes: Votes) -> FloatArray:
    """Return (m, k) float64: how many votes each item has for each class."""
    places = votes.items * votes.class_count + votes.classes
    size = votes.item_count * votes.class_count
    counts = np.bincount(places, minlength=size).astype(np.float64)
    return counts.reshape(votes.item_count, votes.class_count)


def settle(probabilities: FloatArray, votes: Votes) -> FloatArray:
    """Give the items that a reviewer settled their class, in place; return the array."""
    rows = np.flatnonzero(votes.settled >= 0)
    probabilities[rows] = 0.0
    probabilities[rows, votes.settled[rows]] = 1.0
    return probabilities
