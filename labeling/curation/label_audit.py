"""Which labels are likely wrong, from out-of-fold probabilities: confident learning.

Northcutt, Jiang & Chuang (2021), "Confident Learning: Estimating Uncertainty in Dataset Labels". A class's threshold is
the mean probability that its own labels have for it: what the model calls confident differs from class to class, so
that a class which is hard to tell, or rare, is not blamed for it. A label is suspicious where the model is confident
of another class and not, or less, of the given one.

Doubted labels, taken for another class, are ranked by their self-confidence: the probability of the given class, in
what a model and the nearest other labels say together (`joint_opinion`). On real labels that found more wrong ones than
the normalised margin, than suspicious labels first, and than the model alone (docs/curate.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelDoubts:
    """What the model thinks of labels it did not see. m labels.

    Attributes:
        suggested: (m,) int64; the likeliest class other than the given one.
        self_confidence: (m,) float64; probability of the given class, 0 to 1.
        suggested_confidence: (m,) float64; probability of `suggested`.
        margin: (m,) float64; self-confidence less `suggested_confidence`: −1 surely wrong, 1 surely right.
        suspicious: (m,) bool; whether the model is confident of another class.
    """

    suggested: IntArray
    self_confidence: FloatArray
    suggested_confidence: FloatArray
    margin: FloatArray
    suspicious: npt.NDArray[np.bool_]

    @property
    def doubted(self) -> npt.NDArray[np.bool_]:
        """(m,) bool; whether the model takes the item for another class, sure or not."""
        return self.margin < 0

    def ranked(self) -> IntArray:
        """Return the places of all labels, the one most likely wrong first; doubted ones before the others."""
        return np.lexsort((self.margin, self.self_confidence, ~self.doubted)).astype(np.int64)


def doubt_labels(probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> LabelDoubts:
    """Judge labels by the probabilities of models that had not seen them.

    Args:
        probabilities: (m, k) out-of-fold, calibrated; rows add up to 1, or nearly.
        labels: (m,) integers; the class each was given.

    Returns:
        The doubts; nothing is suspicious where fewer than two classes have labels.

    Raises:
        ValueError: the shapes do not fit, a label is no column, or a probability is not finite.
    """
    chances = _checked(probabilities, labels)
    m, k = chances.shape
    places = np.arange(m)
    own = chances[places, labels]
    others = chances.copy()
    others[places, labels] = -np.inf
    suggested = others.argmax(axis=1).astype(np.int64) if k > 1 else np.zeros(m, np.int64)
    best = others[places, suggested] if k > 1 else np.zeros(m)
    confident = np.where(chances >= class_thresholds(chances, labels), chances, -np.inf)
    sure_of = confident.argmax(axis=1) if m else np.zeros(0, np.int64)
    suspicious = np.isfinite(confident[places, sure_of]) & (sure_of != labels) & (best > own)
    return LabelDoubts(
        suggested=np.where(suspicious, sure_of, suggested).astype(np.int64),
        self_confidence=own,
        suggested_confidence=np.where(suspicious, chances[places, sure_of], best),
        margin=own - best,
        suspicious=suspicious,
    )


def joint_opinion(
    probabilities: npt.NDArray[np.floating], near: npt.NDArray[np.floating] | None
) -> FloatArray:
    """Return what a model and the nearest other labels say together: the mean of both.

    The two err differently: a model learns some of the wrong labels, and neighbours know nothing of what separates
    classes. A label that both doubt is more often wrong than one that either doubts.

    Args:
        probabilities: (m, k) out-of-fold, of a model.
        near: (m, k) shares of the nearest other labels, rows that add up to 1; None where nobody asked.
    """
    chances = np.asarray(probabilities, np.float64)
    return chances if near is None else (chances + np.asarray(near, np.float64)) / 2


def class_thresholds(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Return how probable each class must be for the model to be called confident of it.

    Args:
        probabilities: (m, k) out-of-fold.
        labels: (m,) the class each was given.

    Returns:
        (k,) float64: mean probability of a class over its own labels; infinite for a class without any.
    """
    k = probabilities.shape[1]
    counts = np.bincount(labels, minlength=k)
    own = np.asarray(probabilities[np.arange(len(labels)), labels], np.float64)
    sums = np.bincount(labels, weights=own, minlength=k)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def _checked(probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> FloatArray:
    chances = np.asarray(probabilities, np.float64)
    if chances.ndim != 2 or chances.shape[1] == 0 or labels.shape != chances.shape[:1]:
        raise ValueError(
            f"probabilities have shape {chances.shape} for {labels.shape} labels; give one row a label and one column "
            "a class"
        )
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < chances.shape[1]:
        raise ValueError(
            f"labels go from {labels.min()} to {labels.max()}; there are {chances.shape[1]} classes"
        )
    if not np.isfinite(chances).all():
        raise ValueError("a probability is not a finite number; the round that made it must be run again")
    return chances
