"""Squared Euclidean distances between pool vectors, through matrix products and in chunks.

`|x - r|² = |x|² + |r|² - 2 x·r` runs at the speed of the matrix product. All vectors are first moved by a common
`origin`, so that a pool far from zero does not lose its small distances to rounding.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.contract import FloatArray, IntArray

CHUNK_ROWS = 8_192


def take(vectors: npt.NDArray[np.floating], rows: IntArray, origin: FloatArray | None = None) -> FloatArray:
    """Return some vectors as a float32 copy, moved by the origin.

    Args:
        vectors: (n, d) of the pool, float16 or float32, possibly a memory map.
        rows: (m,) rows.
        origin: (d,) to subtract; None subtracts nothing.
    """
    taken = vectors[rows].astype(np.float32, copy=False)
    return taken if origin is None else taken - origin


def origin_of(vectors: npt.NDArray[np.floating], rows: IntArray) -> FloatArray:
    """Return the mean of up to 2,048 of the rows, evenly spaced, (d,) float32: a common origin."""
    step = max(1, rows.size // 2_048)
    return take(vectors, rows[::step][:2_048]).mean(axis=0, dtype=np.float32)


def first_of_copies(vectors: npt.NDArray[np.floating], rows: IntArray) -> IntArray:
    """Return the rows in their order, of exact copies only the first.

    Args:
        vectors: (n, d) of the pool.
        rows: (m,) rows.
    """
    taken = np.ascontiguousarray(vectors[rows])
    as_one = taken.view(np.dtype((np.void, taken.dtype.itemsize * taken.shape[1])))[:, 0]
    _, first = np.unique(as_one, return_index=True)
    return rows[np.sort(first)]


def squared_distances(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return (a, b) float32 squared distances between (a, d) and (b, d) vectors, at least 0."""
    distances = left @ right.T
    distances *= -2.0
    distances += (left * left).sum(axis=1)[:, None]
    distances += (right * right).sum(axis=1)[None, :]
    return np.maximum(distances, 0.0, out=distances)


def nearest_squared(
    vectors: npt.NDArray[np.floating], rows: IntArray, references: FloatArray, origin: FloatArray
) -> FloatArray:
    """Return each row's squared distance to its nearest reference.

    Args:
        vectors: (n, d) of the pool.
        rows: (m,) rows to measure from.
        references: (r, d) float32, already moved by the origin; r may be 0.
        origin: (d,).

    Returns:
        (m,) float32; infinity where there are no references.
    """
    nearest = np.full(rows.size, np.inf, np.float32)
    if not references.shape[0]:
        return nearest
    norms = (references * references).sum(axis=1)
    for start in range(0, rows.size, CHUNK_ROWS):
        part = take(vectors, rows[start : start + CHUNK_ROWS], origin)
        products = part @ (-2.0 * references.T)
        products += norms
        nearest[start : start + CHUNK_ROWS] = products.min(axis=1) + (part * part).sum(axis=1)
    return np.maximum(nearest, 0.0, out=nearest)


def neighbour_distances(points: FloatArray, count: int) -> FloatArray:
    """Return the squared distances from each point to its nearest other points.

    Args:
        points: (m, d) float32.
        count: how many neighbours; fewer when m is small.

    Returns:
        (m, c) float32, in no order, c = min(count, m - 1). Costs m² d: meant for a few thousand points.
    """
    total = points.shape[0]
    found = min(count, max(total - 1, 0))
    distances = np.empty((total, found), np.float32)
    if not found:
        return distances
    for start in range(0, total, 1_024):
        stop = min(start + 1_024, total)
        part = squared_distances(points[start:stop], points)
        part[np.arange(stop - start), np.arange(start, stop)] = np.inf
        # Distances alone are needed; finding the positions too (argpartition) takes four times as long.
        part.partition(found - 1, axis=1)
        distances[start:stop] = part[:, :found]
    return distances
