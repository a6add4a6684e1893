"""The nearest other items of each item, with distances exact enough to tell a copy from a likeness; numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from models.near_rows import NearRows

NEIGHBOURS = 10
"""Neighbours of each item: enough to tell how close items usually lie around it."""

BLOCK_ROWS = 2_048
SAMPLE_ROWS = 10_000
FAR_OFF = 4.0
"""Where the square of the mean is so many times the variance, rounding would drown distances: the mean is taken off."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbourhoods:
    """Who lies around each item. n items, k neighbours of each, the nearest first.

    Attributes:
        places: (n, k) int64; which item each neighbour is.
        distances: (n, k) float32; Euclidean, in the vectors.
    """

    places: IntArray
    distances: FloatArray

    @property
    def count(self) -> int:
        """How many neighbours each item has, k; fewer than asked for where there are few items."""
        return int(self.places.shape[1])

    @property
    def farthest(self) -> FloatArray:
        """(n,) float32; the distance to the last neighbour, how sparse it is around an item; 0 where there is none."""
        return self.distances[:, -1] if self.count else np.zeros(len(self.places), np.float32)


def find_neighbourhoods(vectors: FloatArray, *, count: int = NEIGHBOURS, seed: int = 0) -> Neighbourhoods:
    """Find the nearest other items of each item.

    Up to some thousand items all are compared; of more, those in the nearest cells (`models.near_rows`). The distances
    are then computed anew by differences: from products of matrices, as the search has them, a distance below a
    thousandth of the vectors' length is noise, and just these tell copies.

    Args:
        vectors: (n, d) float32, finite; may be a memory map.
        count: neighbours of each, at most n − 1.
        seed: of the search's cells.
    """
    count = min(count, len(vectors) - 1)
    if count < 1:
        return Neighbourhoods(np.empty((len(vectors), 0), np.int64), np.empty((len(vectors), 0), np.float32))
    with threadpool_limits(1, user_api="blas"):
        places, distances = NearRows(_centred(vectors), seed=seed).neighbours(count)
    for low in range(0, len(vectors), BLOCK_ROWS):
        own = np.asarray(vectors[low : low + BLOCK_ROWS], np.float64)
        near = places[low : low + BLOCK_ROWS]
        for column in range(count):
            gaps = own - np.asarray(vectors[near[:, column]], np.float64)
            distances[low : low + BLOCK_ROWS, column] = np.sqrt(np.einsum("bd,bd->b", gaps, gaps))
    order = np.argsort(distances, axis=1, kind="stable")
    return Neighbourhoods(
        np.take_along_axis(places, order, axis=1), np.take_along_axis(distances, order, axis=1)
    )


def _centred(vectors: FloatArray) -> FloatArray:
    """Return the vectors around their mean where they lie far from the origin; else as they are, uncopied."""
    some = np.asarray(vectors[:: -(-len(vectors) // SAMPLE_ROWS)], np.float64)
    middle = some.mean(axis=0)
    if middle @ middle <= FAR_OFF * some.var(axis=0).sum():
        return vectors
    return (vectors - middle).astype(np.float32)
