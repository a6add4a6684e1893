"""Density start, for a pool without labels: typical items, spread over the pool.

An item stands for its neighbourhood when many others are near it (typicality, Hacohen, Dekel & Weinshall
2022), and brings something new when it lies far from all that was picked. Their product is the peak rule of
Rodriguez & Laio (2014), applied greedily: the next item is the one whose distance to everything picked is
largest, counted in the radii of its own neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.covered import covered_rows
from strategies.distances import nearest_squared, neighbour_distances, origin_of, squared_distances, take
from strategies.ranking import best_first, build_choice, open_rows
from strategies.spread import pick_highest

CANDIDATES = 4_096
"""Items among which density is measured; drawn anew each time, so that no part of a large pool stays
unseen."""
NEIGHBOURS = 10
RADIUS_POWER = 0.75
"""How much density counts: at 0 this is k-center and outliers win, at 1 thin, rare parts come late."""
SPREAD_PICKS = 512
"""Beyond so many picks the rest is ordered by the same score without spreading it further."""
LEAST_RADIUS = 0.1
"""A neighbourhood counts as at least this share of the middle one wide; else exact copies would win every
time."""


@dataclass(frozen=True)
class Candidates:
    """Open items among which density is measured.

    Attributes:
        rows: (m,) int64 rows of the pool, ascending.
        points: (m, d) float32, moved by the origin.
        radius: (m,) float32; how far its nearest items are on average, never 0.
        weights: (m,) float32, above 0; how much a distance counts here: 1 at the median radius, more where items
            are denser.
        nearest: (m,) float32; distance to the nearest item looked at; infinity while there is none.
    """

    rows: IntArray
    points: FloatArray
    radius: FloatArray
    weights: FloatArray
    nearest: FloatArray


def density_start(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose typical items, spread over the pool and away from what was looked at; needs no model.

    Args:
        state: the pool.
        batch: how many items are wanted.
        generator: draws the candidates and the order among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return build_choice(rows[:0], np.empty(0), [], [], rows[:0])
    candidates = measure_density(state, rows, max(CANDIDATES, 2 * batch), generator)
    chosen, gaps = peaks(candidates, batch, generator)
    reasons = [_reason(gap, state) for gap in gaps]
    scores = np.linspace(1.0, 0.0, chosen.size, endpoint=False)
    nothing = np.full(chosen.size, -1, np.int64)
    return build_choice(candidates.rows[chosen], scores, ["discover"] * chosen.size, reasons, nothing)


def measure_density(
    state: PoolState, rows: IntArray, most: int, generator: np.random.Generator
) -> Candidates:
    """Draw candidates; measure how dense each one's surroundings are and how far it is from what was looked at.

    Args:
        state: the pool.
        rows: (m,) open rows, m >= 1.
        most: how many candidates at most.
        generator: draws them.
    """
    if rows.size > most:
        rows = np.sort(generator.choice(rows, most, replace=False))
    origin = origin_of(state.vectors, rows)
    points = take(state.vectors, rows, origin)
    near = neighbour_distances(points, NEIGHBOURS)
    radius = _radii(near)
    weights = (np.median(radius) / radius) ** np.float32(RADIUS_POWER)
    seen = take(state.vectors, covered_rows(state), origin)
    nearest = np.sqrt(nearest_squared(state.vectors, rows, seen, origin))
    return Candidates(rows, points, radius, weights.astype(np.float32), nearest)


def peaks(candidates: Candidates, count: int, generator: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Pick greedily by distance to everything picked or looked at, in radii of the item's own neighbourhood.

    Args:
        candidates: what to pick from.
        count: how many; all when there are fewer.
        generator: draws among equals.

    Returns:
        (c,) int64 positions among the candidates and (c,) float32 distances to what was picked or looked at
        before, in radii of the item's own neighbourhood; infinity for a very first pick.
    """
    nearest, points = candidates.nearest.copy(), candidates.points
    count = min(count, nearest.size)
    picks: list[int] = []
    gaps: list[float] = []
    while len(picks) < min(count, SPREAD_PICKS):
        # With nothing to be far from, the densest comes first.
        worth = nearest * candidates.weights if picks or np.isfinite(nearest[0]) else candidates.weights
        best = pick_highest(worth, generator)
        picks.append(best)
        gaps.append(float(nearest[best] / candidates.radius[best]))
        np.minimum(nearest, np.sqrt(squared_distances(points, points[best : best + 1])[:, 0]), out=nearest)
        nearest[picks] = -np.inf
    rest = np.flatnonzero(nearest >= 0)
    more = rest[best_first(nearest[rest] * candidates.weights[rest], count - len(picks), generator)]
    positions = np.concatenate([np.asarray(picks, np.int64), more])
    return positions, np.append(np.asarray(gaps, np.float32), nearest[more] / candidates.radius[more])


def _radii(near: FloatArray) -> FloatArray:
    """Return the root mean square distance to the nearest items, kept from 0, from (m, c) squared distances."""
    if not near.shape[1]:
        return np.ones(near.shape[0], np.float32)
    radius = np.sqrt(near.mean(axis=1))
    apart = radius[radius > 0]
    least = LEAST_RADIUS * float(np.median(apart)) if apart.size else 1.0
    return np.maximum(radius, np.float32(least)).astype(np.float32)


def _reason(gap: float, state: PoolState) -> str:
    if np.isinf(gap):
        return "A typical item of the densest part of the pool, to begin with."
    if gap < 1.0:
        return "A typical item, though one close to it was shown before."
    if not (state.labels >= 0).any():
        return "Typical of a part of the pool not shown yet."
    return "Nothing near it has a label yet."
