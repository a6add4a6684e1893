"""Outliers: items with nothing like them near, in the pool and within their class.

An item's score is the distance to its k-th neighbour (Ramaswamy, Rastogi and Shim 2000, "Efficient Algorithms for
Mining Outliers from Large Data Sets"). What is far is told by the others: the modified z-score of Iglewicz and Hoaglin
(1993), from the median and the median deviation, of the distances' logarithm, which is spread evenly to both sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.neighbourhoods import NEIGHBOURS, find_neighbourhoods

FAR = 3.5
"""From this score on an item is called an outlier: the limit that Iglewicz and Hoaglin recommend."""

FEWEST_ITEMS = 8
"""A class of fewer items does not tell what is far."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def far_scores(distances: npt.NDArray[np.floating]) -> FloatArray:
    """Return how far each item is from its neighbours, beside what is usual.

    Args:
        distances: (n,) to the k-th neighbour.

    Returns:
        (n,) float64; 0 is usual, `FAR` and more an outlier; all 0 where half of the items are equally far.
    """
    positive = distances[distances > 0]
    if not len(positive):
        return np.zeros(len(distances))
    logs = np.log(np.maximum(distances.astype(np.float64), float(positive.min())))
    middle = float(np.median(logs))
    deviation = float(np.median(np.abs(logs - middle)))
    # 0.6745: the median deviation of a normal distribution of variance 1.
    return 0.6745 * (logs - middle) / deviation if deviation > 0 else np.zeros(len(distances))


def class_far_scores(
    vectors: npt.NDArray[np.float32], labels: IntArray, *, count: int = NEIGHBOURS, seed: int = 0
) -> FloatArray:
    """Return how far each labelled item is from others of its class, beside what is usual in that class.

    Args:
        vectors: (m, d) float32, of labelled items.
        labels: (m,) int64; the class of each, from 0.
        count: the neighbour that counts; in a class of few items, half of them.
        seed: of the search.

    Returns:
        (m,) float64 as `far_scores`; 0 in a class of fewer than `FEWEST_ITEMS`.
    """
    scores = np.zeros(len(labels))
    for label_class in np.unique(labels):
        places = np.flatnonzero(labels == label_class)
        if len(places) < FEWEST_ITEMS:
            continue
        near = find_neighbourhoods(vectors[places], count=min(count, len(places) // 2), seed=seed)
        scores[places] = far_scores(near.farthest)
    return scores
