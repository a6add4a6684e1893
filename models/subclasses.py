"""Parts of a class that look alike, so that a selection can be drawn evenly from all of them.

K-means within each class, as in STARC-9's DeepCluster++ (clusters, then the same number from each): what is common in a
class would else fill its share, and its rare forms would hardly be in the selection.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

MOST_PARTS = 20
PART_ITEMS = 10
"""A part has about so many items, where a class has few."""

FITTED_ROWS = 20_000
"""Centres of a larger class are fitted on evenly spaced items."""

IntArray = npt.NDArray[np.int64]


def subclasses(vectors: npt.NDArray[np.float32], labels: IntArray, *, seed: int) -> IntArray:
    """Divide each class into parts that look alike.

    Args:
        vectors: (m, d) float32, finite, of labelled items.
        labels: (m,) int64; the class of each.
        seed: of the first centres.

    Returns:
        (m,) int64; the number of an item's part within its class, from 0.
    """
    from sklearn.cluster import KMeans

    parts = np.zeros(len(labels), np.int64)
    for label_class in np.unique(labels):
        places = np.flatnonzero(labels == label_class)
        own = np.ascontiguousarray(vectors[places], np.float32)
        count = min(MOST_PARTS, len(np.unique(own, axis=0)), len(places) // PART_ITEMS)
        if count < 2:
            continue
        fitted = own[:: -(-len(own) // FITTED_ROWS)]
        # Another number of threads may add the same numbers in another order.
        with threadpool_limits(1):
            parts[places] = KMeans(count, n_init=3, random_state=seed).fit(fitted).predict(own)
    return parts
