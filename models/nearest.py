"""The nearest rows of a whole pool to a few points, exactly: one pass over the vectors as they are stored.

No index: at a million vectors of 256 halves the pass takes less time than a page needs to show what was found, and
nothing must be built, kept, or noticed to be stale (docs/scale.md has the figures beside three libraries' indexes).
Without torch: the web server asks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import numpy.typing as npt

THREADS = max(1, min(4, os.cpu_count() or 1))
PART_ROWS = 16_384
"""Rows that a thread looks at before it takes the next ones."""

BLOCK_ROWS = 2_048
"""Rows compared with several points at once: as floats they stay in the cache."""

_SCALE = np.float32(2.0**112)
"""A half's bits put where a float has them are the number, too small by this."""

Vectors = npt.NDArray[np.floating]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# Sums may be added up in another order than they are written in: else they could not be computed eight at a time.
_compiled = numba.njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})


def nearest_rows(
    vectors: Vectors,
    points: FloatArray,
    *,
    count: int,
    left_out: npt.NDArray[np.bool_] | None = None,
    threads: int = THREADS,
) -> tuple[IntArray, FloatArray]:
    """Find the rows nearest to any of some points.

    Args:
        vectors: (n, d) float16 or float32, finite, often a memory map.
        points: (p, d) float32, p at least 1.
        count: how many at most.
        left_out: (n,) True for rows that do not count; None where all count.
        threads: that look at once; their number changes nothing.

    Returns:
        (k,) rows, the nearest first, of equally near ones the lower first; and (k,) float32, their Euclidean distances
        to the nearest point. k is less than `count` where fewer rows count.
    """
    squared = squared_distances(vectors, points, threads=threads)
    if left_out is not None:
        squared[left_out] = np.inf
    count = min(count, int(np.isfinite(squared).sum()))
    if count < 1:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    # All that equal the last one: among them the lower rows are taken, not any.
    found = np.flatnonzero(squared <= np.partition(squared, count - 1)[count - 1])
    found = found[np.lexsort((found, squared[found]))][:count].astype(np.int64)
    return found, np.sqrt(squared[found])


def squared_distances(vectors: Vectors, points: FloatArray, *, threads: int = THREADS) -> FloatArray:
    """Return (n,) float32: the squared distance of each row to the nearest of some points.

    Of one point the differences are squared, so that of rows very near to it the nearest is still the nearest; of
    several, products of matrices are taken.

    Args:
        vectors: (n, d) float16 or float32, finite.
        points: (p, d) float32, p at least 1.
        threads: that look at once.
    """
    points = np.ascontiguousarray(points, np.float32)
    squared = np.empty(len(vectors), np.float32)
    alone = len(points) == 1
    look = _to_one if alone else _to_several

    def part(low: int) -> None:
        look(vectors[low : low + PART_ROWS], points, squared[low : low + PART_ROWS])

    # Products of matrices have threads of their own.
    _share_out(part, range(0, len(vectors), PART_ROWS), threads if alone else 1)
    return squared


def as_floats(vectors: Vectors) -> FloatArray:
    """Return (b, d) float32; halves are turned into floats several at a time, which numpy does one by one.

    Args:
        vectors: (b, d) float16 or float32, finite.
    """
    if vectors.dtype != np.float16:
        return np.asarray(vectors, np.float32)
    floats = np.empty(vectors.shape, np.float32)
    _widen(np.ascontiguousarray(vectors).view(np.uint16), floats.view(np.uint32), floats)
    return floats


def warm_up() -> None:
    """Compile what is compiled, or load it from the cache, before somebody waits for it."""
    for dtype in (np.float16, np.float32):
        squared_distances(np.zeros((1, 8), dtype), np.zeros((1, 8), np.float32), threads=1)
    as_floats(np.zeros((1, 8), np.float16))


def _share_out(work: Callable[[int], None], starts: range, threads: int) -> None:
    if threads <= 1 or len(starts) <= 1:
        for low in starts:
            work(low)
        return
    with ThreadPoolExecutor(min(threads, len(starts))) as workers:
        for _ in workers.map(work, starts):
            pass


def _to_one(vectors: Vectors, points: FloatArray, squared: FloatArray) -> None:
    rows = np.ascontiguousarray(vectors)
    if rows.dtype == np.float16:
        _from_halves(rows.view(np.uint16), points[0], squared)
    else:
        _from_floats(rows.astype(np.float32, copy=False), points[0], squared)


def _to_several(vectors: Vectors, points: FloatArray, squared: FloatArray) -> None:
    lengths = np.einsum("pd,pd->p", points, points)
    for low in range(0, len(vectors), BLOCK_ROWS):
        part = as_floats(vectors[low : low + BLOCK_ROWS])
        gaps = lengths - 2.0 * (part @ points.T)
        nearest = gaps.min(axis=1) + np.einsum("nd,nd->n", part, part)
        squared[low : low + BLOCK_ROWS] = nearest.clip(min=0)


@_compiled
def _from_halves(
    halves: npt.NDArray[np.uint16], point: FloatArray, squared: FloatArray
) -> None:  # pragma: no cover - compiled
    dimensions = halves.shape[1]
    bits = np.empty(dimensions, np.uint32)
    values = bits.view(np.float32)
    for row in range(halves.shape[0]):
        for column in range(dimensions):
            half = np.uint32(halves[row, column])
            bits[column] = ((half & 0x8000) << 16) | ((half & 0x7FFF) << 13)
        total = np.float32(0.0)
        for column in range(dimensions):
            gap = values[column] * _SCALE - point[column]
            total += gap * gap
        squared[row] = total


@_compiled
def _from_floats(
    vectors: FloatArray, point: FloatArray, squared: FloatArray
) -> None:  # pragma: no cover - compiled
    for row in range(vectors.shape[0]):
        total = np.float32(0.0)
        for column in range(vectors.shape[1]):
            gap = vectors[row, column] - point[column]
            total += gap * gap
        squared[row] = total


@_compiled
def _widen(
    halves: npt.NDArray[np.uint16], bits: npt.NDArray[np.uint32], floats: FloatArray
) -> None:  # pragma: no cover - compiled
    """Write halves into `floats`; `bits` is the same memory."""
    for row in range(halves.shape[0]):
        for column in range(halves.shape[1]):
            half = np.uint32(halves[row, column])
            bits[row, column] = ((half & 0x8000) << 16) | ((half & 0x7FFF) << 13)
        for column in range(halves.shape[1]):
            floats[row, column] *= _SCALE
