"""What a method of consensus is given, what it must return, and the checks both go through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labeling.errors import ConsensusError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Votes:
    """Who said which class of which item. v votes, m items, a annotators, k classes.

    Attributes:
        items: (v,) int64; the item each vote is on, 0 to m - 1. An annotator has one vote an item at most.
        annotators: (v,) int64; whose it is, 0 to a - 1.
        classes: (v,) int64; the class it says, 0 to k - 1.
        settled: (m,) int64; the class that a reviewer settled, which no vote changes; -1 where none did.
        annotator_count: a.
        class_count: k; may exceed the classes that have votes.
    """

    items: IntArray
    annotators: IntArray
    classes: IntArray
    settled: IntArray
    annotator_count: int
    class_count: int

    @property
    def item_count(self) -> int:
        """The number of items, m."""
        return len(self.settled)

    @cached_property
    def per_item(self) -> IntArray:
        """(m,) int64; how many votes each item has."""
        return np.bincount(self.items, minlength=self.item_count).astype(np.int64)


@dataclass(frozen=True)
class Consensus:
    """What the votes add up to. m items, k classes.

    Attributes:
        probabilities: (m, k) float64; row i says how probable each class is for item i; rows add up to 1.
        classes: (m,) int64; the likeliest class; of equally likely ones the first.
    """

    probabilities: FloatArray
    classes: IntArray

    @property
    def confidence(self) -> FloatArray:
        """(m,) float64; how probable the likeliest class is."""
        return np.asarray(self.probabilities[np.arange(len(self.classes)), self.classes])


Combine = Callable[[Votes, FloatArray | None], FloatArray]
"""Turns checked votes, and (m, k) probabilities of a model or None, into the (m, k) `probabilities` of a Consensus.
The inputs stay as they are; the same ones give the same bits."""


@dataclass(frozen=True)
class Method:
    """One way to a consensus: `methods.get("dawid_skene")(votes)`.

    Attributes:
        name: as in the registry.
        title: what it is, in a few words.
        combine: does the work.
        wants_model: whether it is better with the probabilities of a model that did not see the items' labels.
    """

    name: str
    title: str
    combine: Combine
    wants_model: bool = False

    def __call__(self, votes: Votes, probabilities: npt.NDArray[np.floating] | None = None) -> Consensus:
        """Find the consensus.

        Args:
            votes: the votes; not changed.
            probabilities: (m, k) of a model that did not see the label of the item it speaks of (out-of-fold), class
                prior taken out, rows adding up to 1; None where there is no model. Methods that want none ignore it.

        Raises:
            ConsensusError: votes or probabilities are unusable; the message says how.
        """
        check_votes(votes)
        given = None
        if probabilities is not None and self.wants_model:
            given = checked_probabilities(probabilities, votes)
        found = self.combine(votes, given)
        return Consensus(found, found.argmax(axis=1).astype(np.int64))


def check_votes(votes: Votes) -> None:
    """Refuse votes that no method can count.

    Raises:
        ConsensusError: shapes that do not fit, numbers out of range, or two votes of one annotator on one item.
    """
    count = len(votes.items)
    if not (votes.items.shape == votes.annotators.shape == votes.classes.shape == (count,)):
        raise ConsensusError(
            "items, annotators and classes of votes must be of one length, got shapes "
            f"{votes.items.shape}, {votes.annotators.shape} and {votes.classes.shape}"
        )
    for what, values, limit in (
        ("items", votes.items, votes.item_count),
        ("annotators", votes.annotators, votes.annotator_count),
        ("classes", votes.classes, votes.class_count),
        ("settled classes", votes.settled + 1, votes.class_count + 1),
    ):
        if values.dtype.kind not in "iu":
            raise ConsensusError(f"{what} of votes must be whole numbers, got {values.dtype}")
        if len(values) and not 0 <= int(values.min()) <= int(values.max()) < limit:
            raise ConsensusError(
                f"{what} of votes go from {values.min()} to {values.max()}; allowed are 0 to {limit - 1}"
            )
    pairs = votes.items * max(votes.annotator_count, 1) + votes.annotators
    if len(np.unique(pairs)) < count:
        raise ConsensusError(
            "an annotator has two votes on one item; give the one that stands, as read_votes does"
        )


def checked_probabilities(probabilities: npt.NDArray[np.floating], votes: Votes) -> FloatArray:
    """Return a model's probabilities as float64.

    Raises:
        ConsensusError: a wrong shape, a number that is not finite or below 0, or a row that does not add up to 1.
    """
    wanted = (votes.item_count, votes.class_count)
    if probabilities.shape != wanted:
        raise ConsensusError(f"probabilities must be {wanted} for these votes, got {probabilities.shape}")
    given = np.asarray(probabilities, np.float64)
    if not np.isfinite(given).all() or (given < 0).any():
        raise ConsensusError(
            "the model's probabilities hold NaN, infinity or a negative number; run the round again"
        )
    if len(given) and np.abs(given.sum(axis=1) - 1).max() > 0.01:
        raise ConsensusError("the model's probabilities of an item must add up to 1; give all its classes")
    return given
