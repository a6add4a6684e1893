"""Out-of-fold predictions: what heads say of labels they did not see; numpy alone, the web process reads them too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OutOfFoldPredictions:
    """What heads trained without a label say of it. m labels, k classes.

    Attributes:
        rows: (m,) int64; which label each entry is of: its place among the labels a head was trained on, or, once a
            round has stored it, its row in the pool.
        labels: (m,) int64; the class each was given.
        predicted: (m,) int64; the class predicted, as the confusions count it: where the head does not correct for
            imbalance, under the shares of the labels.
        probabilities: (m, k) floating; calibrated, class prior taken out, the mean over the repeats.
        near: (m, k) floating; what the nearest other labels say (`models.label_neighbours`); None where nobody asked.
    """

    rows: IntArray
    labels: IntArray
    predicted: IntArray
    probabilities: npt.NDArray[np.floating]
    near: npt.NDArray[np.floating] | None = None

    @property
    def class_count(self) -> int:
        """How many classes there are, k."""
        return int(self.probabilities.shape[1])

    def in_cell(self, given: int, predicted: int) -> IntArray:
        """Return the places of the labels of one class that were predicted to be another, or the same.

        Args:
            given: column of the class they were given.
            predicted: column of the class predicted.

        Returns:
            (c,) int64, the surest prediction first.
        """
        places = np.flatnonzero((self.labels == given) & (self.predicted == predicted))
        sure = np.asarray(self.probabilities[places, predicted], np.float32)
        return places[np.argsort(-sure, kind="stable")]
