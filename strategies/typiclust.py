"""TypiClust: the most typical item of each large group without a label (Hacohen, Dekel & Weinshall 2022).

The pool is grouped into as many clusters as there are labels and places in the list, 500 at most. Each cluster without
a label gets a place, the largest first; its most typical item takes it, the one whose nearest items of the cluster are
nearest. The paper groups the whole pool; here a part of it drawn anew each time, with the items looked at, which
keeps the cost bounded.
"""

from __future__ import annotations

import heapq

import numpy as np

from strategies.clusters import cluster
from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.covered import covered_rows
from strategies.distances import neighbour_distances, origin_of, take
from strategies.model_needed import has_model
from strategies.ranking import best_first, build_choice, open_rows
from strategies.uncertain import boundary_words
from strategies.wording import percent

CANDIDATES = 4_096
COVERED = 2_048
"""Items looked at that take part in the grouping, drawn when there are more."""
PLACES = 10
"""Places of the list for which there are clusters: those labelled before the next round. With a cluster for each place
of a long list its beginning would go to the largest parts of the largest groups, and small groups would never come."""
MOST_CLUSTERS = 500
SMALLEST = 5
"""Clusters of fewer items come last: they are stray items, not groups."""
NEIGHBOURS = 20
SPREAD_PICKS = 512
"""Beyond so many picks the rest is drawn at random: nobody labels that far before the next round."""


def typiclust(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the most typical items of groups without labels, the largest group first; needs no model.

    Args:
        state: the pool; a model's answer is used for the suggested class only.
        batch: how many items are wanted.
        generator: draws the part that is grouped, seeds the groups, draws among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return build_choice(rows[:0], np.empty(0), [], [], rows[:0])
    seen = _some(covered_rows(state), COVERED, generator)
    candidates = _some(rows, CANDIDATES, generator)
    points = take(state.vectors, np.concatenate([candidates, seen]), origin_of(state.vectors, candidates))
    groups = cluster(points, min(seen.size + min(batch, PLACES), MOST_CLUSTERS), generator)
    due = min(batch, candidates.size, SPREAD_PICKS)
    picks = _typical_of_groups(points[: candidates.size], groups, due, generator)
    chosen = candidates[picks]
    reasons = _reasons(groups[picks], np.bincount(groups), groups[candidates.size :])
    if chosen.size < min(batch, rows.size):
        more = generator.permutation(np.setdiff1d(rows, chosen))[: batch - chosen.size]
        chosen = np.concatenate([chosen, more])
        reasons += ["Drawn at random, behind the typical items."] * more.size
    classes = boundary_words(state, chosen)[0] if has_model(state) else np.full(chosen.size, -1, np.int64)
    scores = np.linspace(1.0, 0.0, chosen.size, endpoint=False)
    return build_choice(chosen, scores, ["discover"] * chosen.size, reasons, classes)


def _some(rows: IntArray, most: int, generator: np.random.Generator) -> IntArray:
    return rows if rows.size <= most else np.sort(generator.choice(rows, most, replace=False))


def _typical_of_groups(
    points: FloatArray, groups: IntArray, count: int, generator: np.random.Generator
) -> IntArray:
    """Return positions of candidates: of the group with fewest labels and picks, the largest of those, and so on.

    Args:
        points: (m, d) candidates.
        groups: (m + c,) clusters of the candidates, then of the items looked at.
        count: how many, at most m.
        generator: draws among equals.
    """
    candidates = points.shape[0]
    sizes = np.bincount(groups)
    looked_at = np.bincount(groups[candidates:], minlength=sizes.size)
    heap = [
        (
            int(sizes[group] < SMALLEST),
            int(looked_at[group]),
            -int(sizes[group]),
            generator.random(),
            int(group),
        )
        for group in np.unique(groups[:candidates])
    ]
    heapq.heapify(heap)
    waiting: dict[int, list[int]] = {}
    picks: list[int] = []
    while heap and len(picks) < count:
        stray, times, size, draw, group = heapq.heappop(heap)
        if group not in waiting:
            members = np.flatnonzero(groups[:candidates] == group)
            waiting[group] = members[_by_typicality(points[members], generator)[::-1]].tolist()
        picks.append(waiting[group].pop())
        if waiting[group]:
            heapq.heappush(heap, (stray, times + 1, size, draw, group))
    return np.asarray(picks, np.int64)


def _by_typicality(points: FloatArray, generator: np.random.Generator) -> IntArray:
    """Return the positions of a cluster's items, the one nearest to its nearest items first."""
    near = neighbour_distances(points, NEIGHBOURS)
    distance = np.sqrt(near).mean(axis=1) if near.shape[1] else np.zeros(points.shape[0], np.float32)
    return best_first(-distance, distance.size, generator)


def _reasons(picked: IntArray, sizes: IntArray, seen: IntArray) -> list[str]:
    looked_at = np.bincount(seen, minlength=sizes.size)
    total = int(sizes.sum())
    reasons = []
    for group in picked.tolist():
        known = int(looked_at[group])
        words = f"with {known} shown before" if known else "not shown before"
        share = percent(int(sizes[group]) / total)
        reasons.append(f"Typical of a group {words}, about {share} of the pool.")
        looked_at[group] += 1
    return reasons
