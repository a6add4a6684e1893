"""Prospect, the default: discover, balance and refine in one list, every beginning of which is a good batch.

Without a model it is the density start. With one, the places of the list are dealt out between three kinds by shares
that `strategies.shares` learns from what each kind brought:

- discover: items far from everything looked at, counted in the radius of their own neighbourhood, so that a small
  dense group is met and a lone outlier does not win;
- balance: items that may well be of a class that lacks labels, the most lacking class first; among its likely
  members those that the model is not sure of yet, since a certain one teaches it little;
- refine: the smallest margin with the class prior taken out (Scheffer et al. 2001).

All three share one rule of spread: an item near another of the same list loses most of its worth, since the label of
one nearly tells the other's (the redundancy that batch methods such as BADGE, Ash et al. 2020, avoid).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.contract import KINDS, Choice, FloatArray, IntArray, PoolState
from strategies.density_start import measure_density
from strategies.distances import neighbour_distances, origin_of, squared_distances, take
from strategies.model_needed import needs_model
from strategies.ranking import best_first, build_choice, margins, open_rows
from strategies.shares import Shares, label_counts, learn_shares, wanted_labels
from strategies.spread import pick_highest
from strategies.uncertain import boundary_words
from strategies.wording import need_reason

DENSITY_CANDIDATES = 2_048
DISCOVER_CANDIDATES = 256
REFINE_CANDIDATES = 300
CLASS_CANDIDATES = 40
CLASSES_SERVED = 24
SPREAD_PICKS = 512
"""Beyond so many picks the list goes on by margin alone: nobody labels that far before the next round."""
SPREAD_NEIGHBOURS = 10
LEAST_WORTH = 1e-3
"""What an exact copy of a chosen item is still worth, so that copies are ordered by their score too."""


@needs_model
def prospect(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose a mixed list: unexplained regions, likely members of classes in need, boundaries.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws density candidates, the place where the mix starts, and the order among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return build_choice(rows[:0], np.empty(0), [], [], rows[:0])
    due = min(batch, rows.size, SPREAD_PICKS)
    plan = _Plan(state, rows, due, learn_shares(state), generator)
    picks = [plan.pick() for _ in range(due)]
    chosen = plan.rows[[position for position, _, _ in picks]]
    kinds = [kind for _, kind, _ in picks]
    classes = np.asarray([class_index for _, _, class_index in picks], np.int64)
    if batch > due and rows.size > due:
        more = _by_margin(state, np.setdiff1d(rows, chosen), batch - due, generator)
        chosen = np.concatenate([chosen, more])
        kinds += ["refine"] * more.size
        classes = np.concatenate([classes, np.full(more.size, -1, np.int64)])
    scores = np.linspace(1.0, 0.0, chosen.size, endpoint=False)
    likely, between = boundary_words(state, chosen)
    classes = np.where(np.asarray([kind == "refine" for kind in kinds]), likely, classes)
    return build_choice(chosen, scores, kinds, _reasons(state, chosen, kinds, classes, between), classes)


class _Plan:
    """The candidates of all three kinds, and the greedy walk that deals places out to the kinds.

    Attributes:
        rows: (c,) rows of all candidates, ascending.
    """

    def __init__(
        self, state: PoolState, rows: IntArray, due: int, shares: Shares, generator: np.random.Generator
    ) -> None:
        assert state.probabilities is not None
        assert state.balanced_probabilities is not None
        self._generator = generator
        self._state = state
        counts = label_counts(state)
        self._wanted = wanted_labels(state, counts)
        self._counts = counts.astype(np.float64)
        self._served = _classes_in_need(counts, self._wanted)
        boundary = _by_margin(state, rows, max(REFINE_CANDIDATES, 2 * due), generator)
        members = [_members(state, rows, int(index), generator) for index in self._served]
        regions, gaps, weights = _regions(state, rows, generator)
        self.rows = np.unique(np.concatenate([boundary, regions, *members]))
        origin = origin_of(state.vectors, self.rows)
        self._points = take(state.vectors, self.rows, origin)
        self._scale = _spread_scale(self._points[np.searchsorted(self.rows, boundary)])
        self._probabilities = state.probabilities[self.rows]
        self._balanced = state.balanced_probabilities[self.rows]
        self._worth = 1.0 - margins(self._balanced)
        self._region_positions = np.searchsorted(self.rows, regions)
        self._region_gaps, self._region_weights = gaps, weights
        self._nearest = np.full(self.rows.size, np.inf, np.float32)
        self._taken = np.zeros(self.rows.size, bool)
        self._shares = {"discover": shares.discover, "balance": shares.balance, "refine": shares.refine}
        # A start drawn anew each round gives small shares their turn in the first few places, in the long run.
        self._credits = {
            kind: share * generator.random() / max(share, 0.04) for kind, share in self._shares.items()
        }

    def pick(self) -> tuple[int, str, int]:
        """Return the next pick: its position in `rows`, its kind and the class it is proposed for or -1."""
        kind = self._next_kind()
        class_index = -1
        if kind == "discover":
            worth = np.where(
                self._taken[self._region_positions], -1.0, self._region_gaps * self._region_weights
            )
            position = int(self._region_positions[pick_highest(worth, self._generator)])
        else:
            if kind == "balance":
                class_index = self._most_lacking()
            worth = self._worth if class_index < 0 else self._class_worth(class_index)
            worth = np.where(self._taken, -1.0, worth * self._novelty())
            position = pick_highest(worth, self._generator)
        self._take(position, class_index)
        return position, kind, class_index

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

    def _most_lacking(self) -> int:
        filled = self._counts[self._served] / self._wanted[self._served]
        return int(self._served[pick_highest(-filled, self._generator)])

    def _class_worth(self, class_index: int) -> FloatArray:
        chance = self._probabilities[:, class_index]
        unsure = 1.0 - self._balanced[:, class_index]
        return np.sqrt(np.maximum(chance, 0.0)) * unsure + np.float32(1e-6) * chance

    def _novelty(self) -> FloatArray:
        if not self._taken.any():
            return np.ones(self.rows.size, np.float32)
        return 1.0 - np.exp(-((self._nearest / self._scale) ** 2)) + np.float32(LEAST_WORTH)

    def _take(self, position: int, class_index: int) -> None:
        self._taken[position] = True
        gap = np.sqrt(squared_distances(self._points, self._points[position : position + 1])[:, 0])
        np.minimum(self._nearest, gap, out=self._nearest)
        np.minimum(self._region_gaps, gap[self._region_positions], out=self._region_gaps)
        if class_index >= 0:
            self._counts[class_index] += max(float(self._probabilities[position, class_index]), 0.05)


def _by_margin(state: PoolState, rows: IntArray, count: int, generator: np.random.Generator) -> IntArray:
    assert state.balanced_probabilities is not None
    return rows[best_first(1.0 - margins(state.balanced_probabilities[rows]), count, generator)]


def _classes_in_need(counts: IntArray, wanted: FloatArray) -> IntArray:
    """Return classes with at least one label and fewer than wanted, the most lacking first."""
    lacking = np.flatnonzero((counts > 0) & (counts < wanted))
    return lacking[np.argsort(counts[lacking] / wanted[lacking], kind="stable")][:CLASSES_SERVED]


def _members(state: PoolState, rows: IntArray, class_index: int, generator: np.random.Generator) -> IntArray:
    assert state.probabilities is not None
    assert state.balanced_probabilities is not None
    chance = np.maximum(state.probabilities[rows, class_index], 0.0)
    worth = np.sqrt(chance) * (1.0 - state.balanced_probabilities[rows, class_index])
    return rows[best_first(worth, CLASS_CANDIDATES, generator)]


def _regions(
    state: PoolState, rows: IntArray, generator: np.random.Generator
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the rows farthest from everything looked at, their distances to it and their density weights."""
    candidates = measure_density(state, rows, DENSITY_CANDIDATES, generator)
    best = best_first(candidates.nearest * candidates.weights, DISCOVER_CANDIDATES, generator)
    return candidates.rows[best], candidates.nearest[best], candidates.weights[best]


def _spread_scale(points: FloatArray) -> float:
    """Return how far apart boundary items usually are: the median distance to the tenth nearest, never 0."""
    near = neighbour_distances(points, SPREAD_NEIGHBOURS)
    scale = float(np.sqrt(np.median(near.max(axis=1)))) if near.shape[1] else 0.0
    return scale if scale > 0 else 1.0


def _reasons(
    state: PoolState, rows: IntArray, kinds: list[str], classes: npt.NDArray[np.int64], between: list[str]
) -> list[str]:
    assert state.probabilities is not None
    counts = label_counts(state)
    wanted = wanted_labels(state, counts)
    reasons = []
    for row, kind, class_index, boundary in zip(rows, kinds, classes, between, strict=True):
        if kind == "balance":
            share = float(state.probabilities[row, class_index])
            name = state.class_names[class_index]
            reasons.append(need_reason(name, share, int(counts[class_index]), int(wanted[class_index])))
        else:
            reasons.append("Nothing near it has a label yet." if kind == "discover" else boundary)
    return reasons
