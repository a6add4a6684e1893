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
from strategies.distances import nearest_squared, neighbours, origin_of, squared_distances, take
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
        weights: (m,) float32, above 0; how much a distance counts here: more where items are dense, 1 at the
            median.
        nearest: (m,) float32; distance to the nearest item looked at; infinity while there is none.
    """

    rows: IntArray
    points: FloatArray
    weights: FloatArray
    nearest: FloatArray


def density_start(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose typical items, spread over the pool and away from what was looked at; needs neither label nor
    model.

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
    """Draw candidates and measure how dense each one's surroundings are and how far it is from what was
    looked at.

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
    _, near = neighbours(points, NEIGHBOURS)
    radius = np.sqrt(near.mean(axis=1)) if near.shape[1] else np.ones(rows.size, np.float32)
    least = LEAST_RADIUS * float(np.median(radius))
    radius = np.maximum(radius, least if least > 0 else 1.0).astype(np.float32)
    seen = take(state.vectors, covered_rows(state), origin)
    weights = (np.median(radius) / radius) ** np.float32(RADIUS_POWER)
    return Candidates(rows, points, weights, np.sqrt(nearest_squared(state.vectors, rows, seen, origin)))


def peaks(candidates: Candidates, count: int, generator: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Pick greedily by distance to everything picked or looked at, in radii of the item's own neighbourhood.

    Args:
        candidates: what to pick from.
        count: how many; all when there are fewer.
        generator: draws among equals.

    Returns:
        (c,) int64 positions among the candidates and (c,) float32 scores when picked; infinity for a very
        first pick.
    """
    nearest, points = candidates.nearest.copy(), candidates.points
    count = min(count, nearest.size)
    picks: list[int] = []
    scores: list[float] = []
    while len(picks) < min(count, SPREAD_PICKS):
        ratio = nearest * candidates.weights
        # With nothing to be far from, the densest comes first.
        ranking = ratio if np.isfinite(ratio).any() else candidates.weights
        best = pick_highest(ranking, generator)
        picks.append(best)
        scores.append(float(ratio[best]))
        gap = np.sqrt(squared_distances(points, points[best : best + 1])[:, 0])
        np.minimum(nearest, gap, out=nearest)
        nearest[picks] = -np.inf
    rest = np.flatnonzero(np.isfinite(nearest))
    ratio = nearest[rest] * candidates.weights[rest]
    more = best_first(ratio, count - len(picks), generator)
    return (
        np.concatenate([np.asarray(picks, np.int64), rest[more]]),
        np.concatenate([np.asarray(scores, np.float32), ratio[more]]),
    )


def _reason(gap: float, state: PoolState) -> str:
    if np.isinf(gap):
        return "A typical item of the densest part of the pool, to begin with."
    if gap < 1.0:
        return "A typical item, close to one already looked at."
    if not (state.labels >= 0).any():
        return f"Typical of a part of the pool not shown yet ({gap:.1f} neighbourhoods away)."
    return f"Nothing near it has a label yet ({gap:.1f} neighbourhoods away)."
