"""Which items are like some others, by their vectors. Runs in the server's threads and imports no torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.errors import RequestError
from app.project import Project
from models.nearest import nearest_rows
from models.vectors import open_vectors

EXAMPLES_MOST = 64
"""Up to so many items are looked for around each of them; of more around the middles of so many groups."""

SAMPLE_MOST = 4_096
"""Items, evenly spaced, that the middles of many are found from."""

STEPS = 8
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


def similar_rows(project: Project, rows: IntArray, *, count: int) -> IntArray:
    """Return the items nearest to any of some others by their vectors, the nearest first.

    Args:
        project: the opened project.
        rows: (m,) the others, m at least 1. One alone comes first in the result; several are left out of it.
        count: how many at most.

    Raises:
        RequestError: none of the others can be read, so that nothing is known to be like them.
    """
    vectors = open_vectors(
        project.paths.vectors, expected_rows=project.pool.n, pool_hash=project.pool.hash
    ).array
    wanted = _examples(vectors, rows)
    left_out = ~np.asarray(project.pool.readable)
    left_out[rows] = True
    if len(rows) > 1:
        return nearest_rows(vectors, wanted, count=count, left_out=left_out)[0]
    others = nearest_rows(vectors, wanted, count=count - 1, left_out=left_out)[0]
    return np.concatenate([rows, others])[:count]


def _examples(vectors: npt.NDArray[np.floating], rows: IntArray) -> FloatArray:
    """Return (e, d) float32, what is looked around: the items' own vectors, or the middles of many."""
    sample = rows[(np.arange(min(len(rows), SAMPLE_MOST)) * len(rows)) // max(min(len(rows), SAMPLE_MOST), 1)]
    found = np.asarray(vectors[np.sort(sample)], np.float32)
    found = found[found.any(axis=1)]
    if not len(found):
        raise RequestError(
            "this item cannot be read, so nothing is known to be like it; choose another one"
            if len(rows) == 1
            else "none of these items can be read, so nothing is known to be like them; choose others"
        )
    return found if len(found) <= EXAMPLES_MOST else _middles(found)


def _middles(points: FloatArray) -> FloatArray:
    """Return (EXAMPLES_MOST, d) float32, the middles of groups of points (m, d): Lloyd's steps from an even start."""
    middles = points[(np.arange(EXAMPLES_MOST) * len(points)) // EXAMPLES_MOST].copy()
    for _ in range(STEPS):
        group = _squared(points, middles).argmin(axis=1)
        sizes = np.bincount(group, minlength=len(middles))
        sums = np.zeros_like(middles)
        np.add.at(sums, group, points)
        filled = sizes > 0
        middles[filled] = sums[filled] / sizes[filled, None]
    return middles


def _squared(points: FloatArray, others: FloatArray) -> FloatArray:
    """Return (b, e) float32, squared distances of points (b, d) to others (e, d)."""
    lengths = np.square(points).sum(axis=1)[:, None] + np.square(others).sum(axis=1)[None, :]
    return np.maximum(lengths - 2.0 * (points @ others.T), 0.0)
