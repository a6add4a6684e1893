"""Cluster-Margin: small margins from many groups (Citovsky et al. 2021).

The candidates with the smallest margins are grouped, and the list goes round the groups, the smallest first, so that a
crowd of alike boundary items gets one place a round. The paper groups the whole pool once by average linkage; here the
candidates alone are grouped, by k-means, which keeps the cost bounded. It draws an item of a group at random; here the
smallest margin of the group comes first.
"""

from __future__ import annotations

import numpy as np

from strategies.boundary import by_margin, filled_by_margin
from strategies.clusters import cluster
from strategies.contract import Choice, IntArray, PoolState
from strategies.distances import origin_of, take
from strategies.model_needed import needs_model
from strategies.ranking import open_rows
from strategies.uncertain import uncertain_choice

CANDIDATES_A_PICK = 10
"""Candidates for each item wanted, as in the paper."""
MOST_CANDIDATES = 4_096
CLUSTERS = 20
"""Groups of candidates: few enough that the smallest are not lone outliers, which would open every list."""


@needs_model
def cluster_margin(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose small margins, one of each group of alike items in turn, the smallest group first.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: seeds the groups, draws the order among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return uncertain_choice(state, rows[:0], np.empty(0))
    candidates = by_margin(state, rows, min(CANDIDATES_A_PICK * batch, MOST_CANDIDATES), generator)
    points = take(state.vectors, candidates, origin_of(state.vectors, candidates))
    groups = cluster(points, CLUSTERS, generator)
    chosen = candidates[in_turn(groups, generator)][:batch]
    sizes = dict(zip(candidates.tolist(), np.bincount(groups)[groups].tolist(), strict=True))
    chosen = filled_by_margin(state, rows, chosen, batch, generator)
    scores = np.linspace(1.0, 0.0, chosen.size, endpoint=False)
    kin = iter([sizes.get(row, 1) for row in chosen.tolist()])

    def word(_: float, between: str) -> str:
        alike = next(kin)
        return f"{between[:-1]}; {f'one of {alike} alike' if alike > 1 else 'unlike the others'} on the boundary."

    return uncertain_choice(state, chosen, scores, word=word)


def in_turn(groups: IntArray, generator: np.random.Generator) -> IntArray:
    """Return all positions, one of each group in turn, the smallest group first.

    Args:
        groups: (m,) the group of each position, best position first within its group.
        generator: draws the order of groups of one size.

    Returns:
        (m,) int64 positions: the first of every group, then the second of every group, and so on.
    """
    sizes = np.bincount(groups)
    place = np.empty(sizes.size, np.int64)
    place[np.lexsort((generator.random(sizes.size), sizes))] = np.arange(sizes.size)
    order = np.argsort(groups, kind="stable")
    starts = np.cumsum(sizes) - sizes
    turn = np.empty(groups.size, np.int64)
    turn[order] = np.arange(groups.size) - starts[groups[order]]
    return np.lexsort((place[groups], turn)).astype(np.int64)
