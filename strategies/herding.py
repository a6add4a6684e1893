"""Herding: each pick stands for as much uncertainty around it as can be, beyond what earlier ones stand for.

The gain of an item is the uncertainty of the items alike to it that nothing labelled or picked is alike to yet (a
weighted
facility location: "Uncertainty Herding", Bae, Noh & Sutherland 2025; without weights "MaxHerding", Bae et al. 2024). So
a typical boundary item of a wide stretch comes before the most uncertain item of all, which often stands alone.
How near is alike is taken from the labels: the usual distance from one to its nearest other. It shrinks as
labels get dense, so that the first picks stand for broad parts of the pool and later ones for fine detail.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.contract import FloatArray
from strategies.distances import neighbour_distances, squared_distances
from strategies.spread import pick_highest

FRESH = 48
"""Gains brought up to date at a time; the others keep an upper bound, since gains only fall."""
MOST_SEEN = 2_048
NEIGHBOURS = 10


class Herd:
    """A greedy walk over candidates that covers the mass of target items.

    Attributes:
        width: squared distance at which two items are alike by 1/e.
    """

    def __init__(self, points: FloatArray, targets: FloatArray, mass: FloatArray, seen: FloatArray) -> None:
        """Measure what is alike to what.

        Args:
            points: (c, d) float32 candidates, moved by the common origin.
            targets: (t, d) float32 items whose mass is to be covered, t >= 1.
            mass: (t,) float32, not negative; how much each is worth covering.
            seen: (r, d) float32 items looked at already; r may be 0.
        """
        self.width = alike_width(seen, targets)
        self._alike = np.exp(squared_distances(points, targets) / np.float32(-self.width))
        self._mass = mass.astype(np.float32)
        self._covered = np.zeros(targets.shape[0], np.float32)
        if seen.shape[0]:
            nearest = squared_distances(targets, seen).min(axis=1)
            self._covered = np.exp(nearest / np.float32(-self.width))
        self._bounds = self._gains(np.arange(points.shape[0]))

    def best(self, taken: npt.NDArray[np.bool_], generator: np.random.Generator) -> int:
        """Return the position of the candidate with the highest gain.

        Args:
            taken: (c,) candidates that are out, at least one is not.
            generator: draws among equals.
        """
        stale = ~taken
        while True:
            open_ones = np.flatnonzero(~taken)
            few = open_ones.size <= FRESH
            top = (
                open_ones if few else open_ones[np.argpartition(-self._bounds[open_ones], FRESH - 1)[:FRESH]]
            )
            due = top[stale[top]]
            if not due.size:
                return int(top[pick_highest(self._bounds[top], generator)])
            self._bounds[due] = self._gains(due)
            stale[due] = False

    def take(self, position: int) -> None:
        """Count a candidate as picked, whatever it was picked for."""
        np.maximum(self._covered, self._alike[position], out=self._covered)

    def _gains(self, positions: npt.NDArray[np.int64]) -> FloatArray:
        return np.maximum(self._alike[positions] - self._covered, 0.0) @ self._mass


def alike_width(seen: FloatArray, targets: FloatArray) -> float:
    """Return the squared distance at which two items are alike, greater than 0.

    Args:
        seen: (r, d) float32 items looked at.
        targets: (t, d) float32 items to fall back on while there are too few, or all are copies.
    """
    return usual_distance(seen[:MOST_SEEN], 1, otherwise=0.0) or usual_distance(targets, NEIGHBOURS)


def usual_distance(points: FloatArray, neighbours: int, *, otherwise: float = 1.0) -> float:
    """Return the median squared distance from a point to its n-th nearest other, copies aside.

    Args:
        points: (m, d) float32.
        neighbours: n; less where there are too few points.
        otherwise: returned where there is no distance greater than 0.
    """
    near = neighbour_distances(points, neighbours)
    apart = near.max(axis=1) if near.size else np.empty(0)
    apart = apart[apart > 0]
    return float(np.median(apart)) if apart.size else otherwise
