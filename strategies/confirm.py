"""A page to confirm: likely items of one class, shown together; the person takes out the wrong ones.

Confirming is faster than choosing: a page costs one decision and one more for each exception, which is named on the
spot (the key of its class takes it out and labels it). The surest items would be the cheapest page and teach nothing;
boundary items teach most and are half exceptions. So each item has a worth and a price, and a page is the set with the
most worth a decision:

- worth: how small the balanced margin is (Scheffer, Decomain & Wrobel 2001), more where labels are few, less near an
  item of the same page;
- price: the chance that it is an exception, under the pool's prior; higher for a class whose pages brought exceptions,
  and higher as long as many classes have one label, since then items of classes not yet met are among all others
  (their share as Good 1953 estimates it).

Items stay while they bring more than their price at the going rate; the rate is first that of single labels by margin,
then that of the page found with it (fractional programming, Dinkelbach 1967, two steps). Boundary items of a frequent
class are the best of both: sure under the prior, unsure without it, and their exceptions are the rare ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strategies.checks import check_state
from strategies.contract import BoolArray, FloatArray, IntArray, PoolState
from strategies.distances import neighbour_distances, origin_of, squared_distances, take
from strategies.errors import BatchInvalidError, StateInvalidError
from strategies.ranking import best_first, margins, open_rows
from strategies.shares import label_counts
from strategies.wording import percent, quote

SIZE = 24
"""Items on a page unless another number is asked for: what a grid shows without scrolling."""
CANDIDATES = 96
"""Items of each class among which its page is spread."""
SINGLES = 10
"""A page is measured against so many single labels, as they are given before the model learns again."""
SPREAD_CANDIDATES = 300
SPREAD_NEIGHBOURS = 10
LEAST_WORTH = 1e-3
"""What an exact copy of an item on the page is still worth."""
LIKELY = 0.4
"""Only items at least so likely come on a page that was not asked for: more than it lacks should be right on a page."""
LEAST_CHANCE = 0.2
"""Below this nothing is worth showing, even for a class that the person chose."""
TRUST = 8.0
"""A class' pages are trusted as if so many items had been confirmed already."""
RATE_MOST = 3.0
"""A page's own rate counts up to so many times that of single labels."""


@dataclass(frozen=True)
class Page:
    """Items thought to be of one class, to be confirmed by one act. b items.

    Attributes:
        class_index: the class, an index into `PoolState.class_names`.
        rows: (b,) int64 distinct open rows, the likeliest first; b is at least 1.
        probabilities: (b,) float32; each one's chance to be of the class, under the pool's prior, among the classes it
            was not refused for.
        reason: one sentence for the person, plain text.
    """

    class_index: int
    rows: IntArray
    probabilities: FloatArray
    reason: str


def choose_page(
    state: PoolState,
    generator: np.random.Generator,
    *,
    size: int = SIZE,
    refused: BoolArray | None = None,
    class_index: int | None = None,
) -> Page | None:
    """Choose the page that brings most for a decision; pure, as strategies are.

    Args:
        state: the pool; not changed.
        generator: draws the order among equals.
        size: most items on the page.
        refused: (n, k) bool; True where a person said that an item is not of a class; None where nothing was said.
        class_index: the class that the person chose; None for the class whose page brings most.

    Returns:
        The page. None without a model or open items, or where single labels bring more for a decision; for a class that
        the person chose only where no open item may be of it.

    Raises:
        StateInvalidError: the state breaks the contract, `refused` does not fit it, or there is no such class.
        BatchInvalidError: the size is not a whole number of at least 1.
    """
    check_state(state)
    _check_arguments(state, size, refused, class_index)
    rows = open_rows(state)
    if state.probabilities is None or state.balanced_probabilities is None or not rows.size:
        return None
    desk = _Desk(state, rows, size, refused, generator)
    return desk.best_page() if class_index is None else desk.page_of(class_index)


@dataclass(frozen=True)
class _Draft:
    """A page before it is worded: its class, its positions among the open rows, its worth a decision."""

    class_index: int
    positions: IntArray
    rate: float


class _Desk:
    """The open items with their chances and worths, from which drafts are made."""

    def __init__(
        self,
        state: PoolState,
        rows: IntArray,
        size: int,
        refused: BoolArray | None,
        generator: np.random.Generator,
    ) -> None:
        assert state.probabilities is not None
        assert state.balanced_probabilities is not None
        self._state, self._rows, self._size, self._generator = state, rows, size, generator
        self._counts = label_counts(state)
        refusals = np.zeros(self._counts.size) if refused is None else refused.sum(axis=0)
        met = 1.0 - float(np.sum(self._counts == 1)) / max(int(self._counts.sum()), 1)
        self._trust = met * (self._counts + TRUST) / (self._counts + refusals + TRUST)
        self._chances = _without_refused(state.probabilities[rows], rows, refused)
        self._unsure = 1.0 - margins(state.balanced_probabilities[rows])
        need = 1.0 / np.sqrt(np.maximum(self._counts, 1))
        self._worth: npt.NDArray[np.float64] = self._unsure * (self._chances @ need)
        self._scale = self._spread_scale()

    def best_page(self) -> Page | None:
        single = self._single_rate()
        likely = (self._chances >= LIKELY).any(axis=0)
        drafts = [self._draft(int(index), single) for index in np.flatnonzero(likely)]
        good = [draft for draft in drafts if draft is not None and draft.rate >= single]
        return self._worded(max(good, key=lambda draft: draft.rate)) if good else None

    def page_of(self, class_index: int) -> Page | None:
        """Return the best page, filled up with the likeliest items: the person wants to see this class."""
        draft = self._draft(class_index, self._single_rate())
        positions = np.empty(0, np.int64) if draft is None else draft.positions
        chances = self._chances[:, class_index]
        likely = best_first(chances, self._size + positions.size, self._generator)
        likely = likely[chances[likely] >= (LIKELY if positions.size else LEAST_CHANCE)]
        more = likely[~np.isin(likely, positions)][: self._size - positions.size]
        positions = np.concatenate([positions, more])
        return self._worded(_Draft(class_index, positions, 0.0)) if positions.size else None

    def _draft(self, class_index: int, single: float) -> _Draft | None:
        """Return the class' best page, or None where none of its items is worth its price."""
        prices = 1.0 - self._chances[:, class_index] * self._trust[class_index]
        gains = np.where(self._chances[:, class_index] >= LIKELY, self._worth - single * prices, 0.0)
        best = best_first(gains, CANDIDATES, self._generator)
        best = best[(gains[best] > 0)]
        if not best.size:
            return None
        points = self._points(best)
        picks, rate = self._spread(best, points, prices[best], single)
        # At the page's own, higher rate the items that cost more than they bring to it drop out.
        better, better_rate = self._spread(best, points, prices[best], min(rate, RATE_MOST * single))
        if better.size and better_rate > rate:
            picks, rate = better, better_rate
        return _Draft(class_index, best[picks], rate) if picks.size else None

    def _spread(
        self, positions: IntArray, points: FloatArray, prices: npt.NDArray[np.float64], rate: float
    ) -> tuple[IntArray, float]:
        """Pick greedily while an item, less near to those picked, brings more than its price at the rate."""
        worth = self._worth[positions]
        nearest = np.full(positions.size, np.inf, np.float32)
        free = np.ones(positions.size, bool)
        picks: list[int] = []
        total, cost = 0.0, 1.0
        for _ in range(min(self._size, positions.size)):
            worths = worth * self._novelty(nearest)
            gains = np.where(free, worths - rate * prices, -np.inf)
            pick = int(gains.argmax())
            if gains[pick] <= 0:
                break
            picks.append(pick)
            free[pick] = False
            total, cost = total + float(worths[pick]), cost + float(prices[pick])
            np.minimum(nearest, squared_distances(points, points[pick : pick + 1])[:, 0], out=nearest)
        return np.asarray(picks, np.int64), total / cost

    def _single_rate(self) -> float:
        """Return what a single label by margin brings, on average over those given before the model learns again."""
        first = best_first(self._unsure, SINGLES, self._generator)
        points = self._points(first)
        nearest = np.full(first.size, np.inf, np.float32)
        total = 0.0
        for place, position in enumerate(first):
            total += float(self._worth[position] * self._novelty(nearest)[place])
            np.minimum(nearest, squared_distances(points, points[place : place + 1])[:, 0], out=nearest)
        return total / first.size

    def _novelty(self, nearest: FloatArray) -> FloatArray:
        return 1.0 - np.exp(-nearest / self._scale) + np.float32(LEAST_WORTH)

    def _spread_scale(self) -> np.float32:
        """Return the squared distance within which items tell of each other: the median to the tenth nearest."""
        near = neighbour_distances(
            self._points(best_first(self._worth, SPREAD_CANDIDATES, self._generator)), SPREAD_NEIGHBOURS
        )
        scale = float(np.median(near.max(axis=1))) if near.shape[1] else 0.0
        return np.float32(scale if scale > 0 else 1.0)

    def _points(self, positions: IntArray) -> FloatArray:
        rows = self._rows[positions]
        return take(self._state.vectors, rows, origin_of(self._state.vectors, rows))

    def _worded(self, draft: _Draft) -> Page:
        chances = self._chances[draft.positions, draft.class_index]
        order = np.lexsort((draft.positions, -chances))
        chances = chances[order].astype(np.float32)
        name, few = quote(self._state.class_names[draft.class_index]), int(self._counts[draft.class_index])
        reason = (
            f"Likely {name} ({percent(float(chances.mean()))} of them by the model's account), "
            f"a class with{_labels(few)}."
        )
        return Page(draft.class_index, self._rows[draft.positions[order]], chances, reason)


def _labels(count: int) -> str:
    return "out a label yet" if not count else f" {count} {'label' if count == 1 else 'labels'}"


def _without_refused(
    probabilities: FloatArray, rows: IntArray, refused: BoolArray | None
) -> npt.NDArray[np.float64]:
    """Return (m, k) chances, none for refused classes; rows with nothing left are zero."""
    chances = np.maximum(probabilities.astype(np.float64), 0.0)
    if refused is not None:
        chances[refused[rows]] = 0.0
    return np.asarray(chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-12))


def _check_arguments(state: PoolState, size: int, refused: BoolArray | None, class_index: int | None) -> None:
    shape = (state.vectors.shape[0], len(state.class_names))
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise BatchInvalidError(f"the size of a page is {size!r}; give a whole number of at least 1")
    if refused is not None and (refused.shape != shape or refused.dtype != np.bool_):
        raise StateInvalidError(
            f"refused has shape {refused.shape} and type {refused.dtype}; give booleans of shape {shape}"
        )
    if class_index is not None and not 0 <= class_index < shape[1]:
        raise StateInvalidError(
            f"class {class_index} is not among the {shape[1]} classes; give an index of one"
        )
