"""Nearest rows by Euclidean distance among very many: an inverted file of cells, searched by matrix products.

The rows that are searched are divided into cells around centres (k-means); a query looks into the cells nearest to its
own alone (Jégou, Douze and Schmid 2011, without compression). Few rows are searched exhaustively. Memory is bounded by
the size of a block, whatever the number of queries. With linear algebra on one thread the same numbers give the same
rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

EXHAUSTIVE_ROWS = 4_096
"""Up to so many rows all are compared."""

CELL_ROWS = 128
PROBES, OWN_PROBES = 16, 32
"""Cells that a query is looked for in, and the rows themselves."""

MOST_CANDIDATES = 8_192
"""Many equal rows share a cell; of more candidates evenly spaced ones are compared."""

BLOCK_ROWS = 512
CENTRE_STEPS = 4
CENTRE_ROWS = 64
"""Rows a centre is fitted on."""

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class NearRows:
    """Rows that can be searched for the nearest to others."""

    def __init__(self, rows: FloatArray, *, seed: int) -> None:
        """Divide the rows into cells.

        Args:
            rows: (m, d) float32, m at least 1, finite.
            seed: of the choice of first centres.
        """
        self._rows = np.ascontiguousarray(rows, np.float32)
        self._squares = np.einsum("md,md->m", self._rows, self._rows)
        self._centres: FloatArray | None = None
        if len(rows) > EXHAUSTIVE_ROWS:
            self._centres = fit_centres(self._rows, count=len(rows) // CELL_ROWS, seed=seed)
            cells, _ = nearest_centres(self._rows, self._centres)
            self._members = np.argsort(cells, kind="stable")
            self._starts = np.searchsorted(cells[self._members], np.arange(len(self._centres) + 1))
            self._probes = _nearest(self._centres, self._centres, min(OWN_PROBES, len(self._centres)))[0]

    def nearest(
        self, queries: FloatArray, count: int, *, probes: int = PROBES
    ) -> tuple[IntArray, FloatArray]:
        """Return the nearest rows of each query.

        Args:
            queries: (q, d) float32, finite.
            count: how many.
            probes: cells that are looked into, up to `OWN_PROBES`.

        Returns:
            (q, k) int64 rows and (q, k) float32 distances, the nearest first; k is `count`, or m where that is less.
        """
        count = min(count, len(self._rows))
        found = np.empty((len(queries), count), np.int64)
        distances = np.empty((len(queries), count), np.float32)
        for places, candidates in self._blocks(queries, count, probes):
            rows = self._rows if candidates is None else self._rows[candidates]
            squares = self._squares if candidates is None else self._squares[candidates]
            near, apart = _nearest(queries[places], rows, count, squares)
            found[places] = near if candidates is None else candidates[near]
            distances[places] = apart
        return found, distances

    def neighbours(self, count: int) -> tuple[IntArray, FloatArray]:
        """Return the nearest other rows of each of the rows themselves, as `nearest` does.

        Args:
            count: how many; less than m.
        """
        found, distances = self.nearest(self._rows, count + 1, probes=OWN_PROBES)
        own = found == np.arange(len(found))[:, None]
        # Among more equal rows than are asked for, the row itself may not be named: then the last one goes.
        own[~own.any(axis=1), -1] = True
        kept = ~own
        shape = (len(found), found.shape[1] - 1)
        return found[kept].reshape(shape), distances[kept].reshape(shape)

    def _blocks(
        self, queries: FloatArray, count: int, probes: int
    ) -> Iterator[tuple[IntArray, IntArray | None]]:
        """Yield places of queries with the rows to compare them with; None is all rows."""
        if self._centres is None:
            for low in range(0, len(queries), BLOCK_ROWS):
                yield np.arange(low, min(low + BLOCK_ROWS, len(queries))), None
            return
        cells, _ = nearest_centres(queries, self._centres)
        order = np.argsort(cells, kind="stable")
        starts = np.searchsorted(cells[order], np.arange(len(self._centres) + 1))
        for cell in np.flatnonzero(np.diff(starts)):
            candidates = self._candidates(self._probes[cell, :probes], count)
            for low in range(starts[cell], starts[cell + 1], BLOCK_ROWS):
                yield order[low : min(low + BLOCK_ROWS, starts[cell + 1])], candidates

    def _candidates(self, cells: IntArray, count: int) -> IntArray | None:
        parts = [self._members[self._starts[cell] : self._starts[cell + 1]] for cell in cells]
        candidates = np.concatenate(parts)
        if len(candidates) < count:
            return None
        if len(candidates) > MOST_CANDIDATES:
            candidates = candidates[(np.arange(MOST_CANDIDATES) * len(candidates)) // MOST_CANDIDATES]
        return candidates


def fit_centres(rows: FloatArray, *, count: int, seed: int) -> FloatArray:
    """Return (at most `count`, d) centres of the rows, by a few steps of k-means.

    Args:
        rows: (m, d) float32.
        count: how many, at least 1.
        seed: of the first centres and of the rows that they are fitted on.
    """
    generator = np.random.default_rng(seed)
    count = max(1, min(count, len(rows)))
    kept = min(len(rows), count * CENTRE_ROWS)
    some = np.ascontiguousarray(rows[np.sort(generator.choice(len(rows), kept, replace=False))], np.float32)
    centres = some[np.sort(generator.choice(kept, count, replace=False))]
    for _ in range(CENTRE_STEPS):
        cells, _ = nearest_centres(some, centres)
        order = np.argsort(cells, kind="stable")
        first = np.unique(cells[order], return_index=True)[1]
        sizes = np.diff(np.append(first, kept))
        centres = (np.add.reduceat(some[order], first, axis=0) / sizes[:, None]).astype(np.float32)
    return centres


def nearest_centres(rows: FloatArray, centres: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return (m,) int64, the nearest centre of each row, and (m,) float32, its squared distance."""
    cells = np.empty(len(rows), np.int64)
    squared = np.empty(len(rows), np.float32)
    halves = 0.5 * np.einsum("cd,cd->c", centres, centres)
    block = max(1, min(BLOCK_ROWS * 16, 4_000_000 // len(centres)))
    for low in range(0, len(rows), block):
        part = np.ascontiguousarray(rows[low : low + block], np.float32)
        gaps = halves - part @ centres.T
        cells[low : low + block] = gaps.argmin(axis=1)
        least = 2 * gaps.min(axis=1) + np.einsum("md,md->m", part, part)
        squared[low : low + block] = least.clip(min=0)
    return cells, squared


def _nearest(
    queries: FloatArray, rows: FloatArray, count: int, squares: FloatArray | None = None
) -> tuple[IntArray, FloatArray]:
    """Compare one block of queries with all rows; ties go to the lower row."""
    if squares is None:
        squares = np.einsum("md,md->m", rows, rows)
    gaps = squares - 2 * (queries @ rows.T)
    if count < len(rows):
        near = np.argpartition(gaps, count - 1, axis=1)[:, :count]
    else:
        near = np.broadcast_to(np.arange(len(rows)), gaps.shape).copy()
    own = np.take_along_axis(gaps, near, axis=1)
    order = np.lexsort((near, own))
    near = np.take_along_axis(near, order, axis=1).astype(np.int64)
    own = np.take_along_axis(own, order, axis=1) + np.einsum("qd,qd->q", queries, queries)[:, None]
    return near, np.sqrt(own.clip(min=0))
