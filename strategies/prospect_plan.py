"""The walk behind prospect: candidates of all kinds, and places dealt out to the kinds one by one."""

from __future__ import annotations

import numpy as np

from strategies.contract import KINDS, FloatArray, IntArray, PoolState
from strategies.covered import covered_rows
from strategies.density_start import measure_density
from strategies.distances import first_of_copies, nearest_squared, origin_of, squared_distances, take
from strategies.herding import Herd, usual_distance
from strategies.ranking import best_first, margins
from strategies.shares import Shares, label_counts, wanted_labels
from strategies.spread import pick_highest
from strategies.walk import LikelyMember, Wish, small_margin, walk

DENSITY_CANDIDATES = 2_048
DISCOVER_CANDIDATES = 256
EDGE_CANDIDATES = 300
COPIES_SEEN = 2
"""So many times the candidates are looked at, since exact copies are left out."""
CLASS_CANDIDATES = 40
CLASSES_SERVED = 24
DRAWN = 5_000
"""Items among which typical boundaries are looked for; drawn anew each time from a larger pool."""
TYPICAL_CANDIDATES = 400
"""Of these, those of smallest margin: their uncertainty is to be covered."""
OTHER_CANDIDATES = 300
"""Drawn beside them, to stand for all the rest."""
EDGE_SHARE = 0.5
"""Share of refine's places that go to the smallest margins of the whole pool, however few items are alike to them."""
NEIGHBOURS = 10
"""Picks of the smallest margins lie apart by the usual distance from one to its tenth nearest."""
LEAST_WORTH = 1e-3
"""What an exact copy of a chosen item is still worth, so that copies are ordered by their score too."""


class Plan:
    """The candidates of all three kinds, and the greedy walk that deals places out to the kinds.

    Attributes:
        rows: (c,) rows of all candidates, ascending.
    """

    def __init__(
        self, state: PoolState, rows: IntArray, due: int, shares: Shares, generator: np.random.Generator
    ) -> None:
        """Gather the candidates.

        Args:
            state: the pool, with a model's answer.
            rows: (m,) open rows, m >= 1.
            due: how many picks will be asked for.
            shares: how the list is shared between the kinds.
            generator: draws candidates, the place where the mix starts, and the order among equals.
        """
        assert state.probabilities is not None
        assert state.balanced_probabilities is not None
        self._generator = generator
        counts = label_counts(state)
        self._wanted = wanted_labels(state, counts)
        self._counts = counts.astype(np.float64)
        self._served = classes_in_need(counts, self._wanted)
        wanted = max(EDGE_CANDIDATES, 2 * due)
        edge, members = _edges_and_members(state, rows, COPIES_SEEN * wanted, self._served, generator)
        edge = first_of_copies(state.vectors, edge)[:wanted]
        regions, gaps, weights = _regions(state, rows, generator)
        targets, mass = _typical(state, rows, generator)
        self.rows = np.unique(np.concatenate([edge, targets, regions, *members]))
        self._probabilities = state.probabilities[self.rows]
        self._balanced = state.balanced_probabilities[self.rows]
        self._worth = 1.0 - margins(self._balanced)
        self._place(state, targets, mass)
        self._apart = usual_distance(self._points[np.searchsorted(self.rows, edge)], NEIGHBOURS)
        self._region_positions = np.searchsorted(self.rows, regions)
        self._region_gaps, self._region_weights = gaps, weights
        self._taken = np.zeros(self.rows.size, bool)
        self._shares = {
            "discover": shares.discover,
            "balance": shares.balance,
            "refine": shares.refine,
        }
        # A start drawn anew each round gives small shares their turn in the first few places, in the long run.
        self._credits = {
            kind: share * generator.random() / max(share, 0.04) for kind, share in self._shares.items()
        }
        self._edge_credit = generator.random()

    def pick(self) -> tuple[int, str, int]:
        """Return the next pick: its position in `rows`, its kind and the class it is proposed for or -1."""
        kind = self._next_kind()
        class_index = -1
        if kind == "discover":
            worth = self._region_gaps * self._region_weights
            worth = np.where(self._taken[self._region_positions], -1.0, worth)
            position = int(self._region_positions[pick_highest(worth, self._generator)])
        elif kind == "balance":
            class_index = self._most_lacking()
            position = self._highest(self._class_worth(class_index))
        elif self._edge_is_due():
            position = self._highest(self._worth)
        else:
            position = self._herd.best(self._taken, self._generator)
        self._take(position, class_index)
        return position, kind, class_index

    def _place(self, state: PoolState, targets: IntArray, mass: FloatArray) -> None:
        origin = origin_of(state.vectors, self.rows)
        self._points = take(state.vectors, self.rows, origin)
        seen = take(state.vectors, covered_rows(state), origin)
        self._herd = Herd(self._points, self._points[np.searchsorted(self.rows, targets)], mass, seen)
        self._nearest = nearest_squared(state.vectors, self.rows, seen, origin)

    def _next_kind(self) -> str:
        for kind, share in self._shares.items():
            self._credits[kind] += share
        allowed = [
            kind
            for kind in KINDS
            if (kind != "balance" or self._served.size)
            and (kind != "discover" or not self._taken[self._region_positions].all())
        ]
        kind = max(allowed, key=self._credits.__getitem__)
        self._credits[kind] -= 1.0
        return kind

    def _edge_is_due(self) -> bool:
        self._edge_credit += EDGE_SHARE
        due = self._edge_credit >= 1.0
        self._edge_credit -= float(due)
        return due

    def _most_lacking(self) -> int:
        filled = self._counts[self._served] / self._wanted[self._served]
        return int(self._served[pick_highest(-filled, self._generator)])

    def _class_worth(self, class_index: int) -> FloatArray:
        chance = self._probabilities[:, class_index]
        unsure = 1.0 - self._balanced[:, class_index]
        return np.sqrt(np.maximum(chance, 0.0)) * unsure + np.float32(1e-6) * chance

    def _highest(self, worth: FloatArray) -> int:
        novelty = 1.0 - np.exp(-self._nearest / np.float32(self._apart)) + np.float32(LEAST_WORTH)
        return pick_highest(np.where(self._taken, -1.0, worth * novelty), self._generator)

    def _take(self, position: int, class_index: int) -> None:
        self._taken[position] = True
        self._herd.take(position)
        gap = squared_distances(self._points, self._points[position : position + 1])[:, 0]
        np.minimum(self._nearest, gap, out=self._nearest)
        np.minimum(self._region_gaps, np.sqrt(gap[self._region_positions]), out=self._region_gaps)
        if class_index >= 0:
            self._counts[class_index] += max(float(self._probabilities[position, class_index]), 0.05)


def classes_in_need(counts: IntArray, wanted: FloatArray) -> IntArray:
    """Return classes with at least one label and fewer than wanted, the most lacking first.

    Args:
        counts: (k,) labels of each class.
        wanted: (k,) labels each would have at the wanted balance.
    """
    lacking = np.flatnonzero((counts > 0) & (counts < wanted))
    return lacking[np.argsort(counts[lacking] / wanted[lacking], kind="stable")][:CLASSES_SERVED]


def _edges_and_members(
    state: PoolState, rows: IntArray, edges: int, classes: IntArray, generator: np.random.Generator
) -> tuple[IntArray, list[IntArray]]:
    """Return the rows of smallest margin and, for each class, its likely members, from one pass over the answers."""
    wishes = [Wish(small_margin, edges)]
    wishes += [Wish(LikelyMember(int(index)), CLASS_CANDIDATES) for index in classes]
    edge, *members = walk(state, rows, wishes)
    return rows[edge.best(generator)], [rows[top.best(generator)] for top in members]


def _regions(
    state: PoolState, rows: IntArray, generator: np.random.Generator
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the rows farthest from everything looked at, their distances to it and their density weights."""
    candidates = measure_density(state, rows, DENSITY_CANDIDATES, generator)
    best = best_first(candidates.nearest * candidates.weights, DISCOVER_CANDIDATES, generator)
    return candidates.rows[best], candidates.nearest[best], candidates.weights[best]


def _typical(state: PoolState, rows: IntArray, generator: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Return (t,) rows whose uncertainty is to be covered, and how much each of them is worth covering."""
    assert state.balanced_probabilities is not None
    drawn = rows if rows.size <= DRAWN else generator.choice(rows, DRAWN, replace=False)
    drawn = first_of_copies(state.vectors, drawn)
    unsure = 1.0 - margins(state.balanced_probabilities[drawn])
    top = best_first(unsure, TYPICAL_CANDIDATES, generator)
    others = np.setdiff1d(np.arange(drawn.size), top)
    left = others.size
    if left > OTHER_CANDIDATES:
        others = generator.choice(others, OTHER_CANDIDATES, replace=False)
    chosen = np.concatenate([top, others])
    stands_for = np.ones(chosen.size, np.float32)
    stands_for[top.size :] = left / max(others.size, 1)
    return drawn[chosen], unsure[chosen] * stands_for
