"""What the labels nearest to an item say of its class: a second witness beside a model, against labels that are wrong.

Neighbours need no training and so learn no wrong label (Bahri, Jiang and Gupta 2020, "Deep k-NN for Noisy Labels"; Zhu,
Dong and Liu 2022, "Detecting Corrupted Labels Without Training a Model to Predict"). Numpy alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.neighbourhoods import find_neighbourhoods

NEAREST = 40
"""Neighbours that are asked, where there are many labels."""

FEW_SHARE = 0.1
"""Where there are few, at most this share of them."""

FEWEST = 3

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def neighbour_shares(
    vectors: npt.NDArray[np.floating], labels: IntArray, *, class_count: int, seed: int = 0
) -> FloatArray:
    """Return the classes of the labels nearest to each label's item, its own left out.

    Distances are in the vectors with each dimension at the same scale; a class counts by its share of the neighbours
    beside its share of all labels, so that a frequent class is not everybody's.

    Args:
        vectors: (m, d) of the labelled items.
        labels: (m,) int64; the class each was given.
        class_count: k.
        seed: of the search.

    Returns:
        (m, k) float64, rows that add up to 1; the same for all classes where there are fewer than four labels.
    """
    m = len(labels)
    count = min(NEAREST, max(FEWEST, round(FEW_SHARE * m)), m - 1)
    if count < FEWEST:
        return np.full((m, class_count), 1 / class_count)
    spread = np.std(vectors, axis=0, dtype=np.float64)
    scaled = (vectors / np.where(spread > 0, spread, 1)).astype(np.float32)
    near = find_neighbourhoods(scaled, count=count, seed=seed).places
    shares = np.zeros((m, class_count))
    for column in range(count):
        shares[np.arange(m), labels[near[:, column]]] += 1 / count
    usual = np.bincount(labels, minlength=class_count) / m
    shares = shares / np.where(usual > 0, usual, 1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
