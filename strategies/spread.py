"""Farthest-first traversal: each pick lies as far as can be from all that is covered; exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from strategies.contract import FloatArray, IntArray
from strategies.distances import squared_distances

BLOCK = 1_024
"""How many of the most promising points are kept up to date; larger blocks are rebuilt less often."""


def pick_highest(scores: npt.NDArray[np.floating], generator: np.random.Generator) -> int:
    """Return the position of the highest score, drawn among equals.

    Args:
        scores: (m,), m >= 1.
        generator: draws among equals; consulted only where there are several.
    """
    best = int(scores.argmax())
    equal = np.flatnonzero(scores == scores[best])
    return best if equal.size == 1 else int(generator.choice(equal))


class FarthestFirst:
    """Exact farthest-first traversal (Gonzalez 1985) that touches few points per pick.

    A point's distance to what is covered only falls as more is covered, so a distance to some of the covered
    points is an upper bound. Only the BLOCK points with the highest bounds are brought up to date; while the
    best of them beats every bound outside the block, it is the exact answer.

    Attributes:
        picks: positions picked so far, in order.
        gaps: the squared distance of each pick to what was covered before it.
    """

    def __init__(
        self,
        fetch: Callable[[IntArray], FloatArray],
        bounds: FloatArray,
        covered: FloatArray,
        counted: int,
        generator: np.random.Generator,
    ) -> None:
        """Start from upper bounds.

        Args:
            fetch: gives the (b, d) float32 points of (b,) positions.
            bounds: (m,) squared distance of each point to its nearest among the first `counted` covered
                vectors; infinity where that is none.
            covered: (c, d) float32 vectors that are covered from the start; c may be 0.
            counted: how many of them the bounds know.
            generator: draws among equals.
        """
        self._fetch = fetch
        self._bounds = bounds.copy()
        self._seen = np.full(bounds.size, counted, np.int64)
        self._covered = covered
        self._count = covered.shape[0]
        self._generator = generator
        self.picks: list[int] = []
        self.gaps: list[float] = []

    def choose(self, count: int) -> IntArray:
        """Pick further points and return all picks so far as (p,) int64 positions.

        Args:
            count: how many more; as many as are left when that is fewer.
        """
        due = len(self.picks) + min(count, self._bounds.size - len(self.picks))
        while len(self.picks) < due:
            self._pick_from_block(due)
        return np.asarray(self.picks, np.int64)

    def _pick_from_block(self, due: int) -> None:
        total = self._bounds.size
        if total > BLOCK:
            order = np.argpartition(-self._bounds, BLOCK)
            block, outside = order[:BLOCK], float(self._bounds[order[BLOCK]])
        else:
            block, outside = np.arange(total), -np.inf
        points = self._fetch(block)
        bounds = self._refresh(block, points)
        while len(self.picks) < due and float(bounds.max()) >= outside:
            best = pick_highest(bounds, self._generator)
            self.picks.append(int(block[best]))
            self.gaps.append(float(bounds[best]))
            self._cover(points[best])
            np.minimum(bounds, squared_distances(points, points[best : best + 1])[:, 0], out=bounds)
            bounds[
                best
            ] = -1.0  # below every distance, so that a pick never comes twice, even among duplicates
        self._bounds[block] = bounds
        self._seen[block] = self._count

    def _refresh(self, block: IntArray, points: FloatArray) -> FloatArray:
        bounds = self._bounds[block]
        for start in range(int(self._seen[block].min()), self._count, BLOCK):
            part = self._covered[start : min(start + BLOCK, self._count)]
            np.minimum(bounds, squared_distances(points, part).min(axis=1), out=bounds)
        return bounds

    def _cover(self, point: FloatArray) -> None:
        if self._count == self._covered.shape[0]:
            grown = np.empty((max(64, 2 * self._count), point.shape[0]), np.float32)
            grown[: self._count] = self._covered[: self._count]
            self._covered = grown
        self._covered[self._count] = point
        self._count += 1
