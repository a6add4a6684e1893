"""BADGE: items whose labels would pull the model far, each in another direction (Ash et al. 2020).

The gradient of an item, were its likeliest class its label, is `g = (p - onehot) ⊗ x`: one number for every class and
dimension. It is never formed. Inner products of two gradients are products of the inner products of their two factors,
which is all that k-means++ (Arthur & Vassilvitskii 2007) needs.

On a pool beyond CANDIDATES open items, a part is drawn with chances that grow with the squared length of the gradient,
and what was unlikely to be drawn weighs more (bottom-k estimate, Cohen & Kaplan 2007), so that the chances of k-means++
stay those of the whole pool on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strategies.boundary import filled_by_margin
from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.distances import nearest_squared, origin_of, take
from strategies.model_needed import needs_model
from strategies.ranking import open_rows
from strategies.spread import pick_highest
from strategies.uncertain import uncertain_choice

CANDIDATES = 4_096
SPREAD_PICKS = 512
"""Beyond so many picks the list goes on by margin alone: nobody labels that far before the next round."""


@dataclass(frozen=True)
class Gradients:
    """Gradients of m items, in their two factors.

    Attributes:
        residuals: (m, k) float32; the probabilities, less 1 at the likeliest class.
        points: (m, d) float32; the vectors, moved by the pool's mean.
        lengths: (m,) float64; squared lengths of the gradients.
    """

    residuals: FloatArray
    points: FloatArray
    lengths: npt.NDArray[np.float64]

    def squared_distances_to(self, position: int) -> npt.NDArray[np.float64]:
        """Return the squared distance of every gradient to one of them, (m,) float64, at least 0."""
        inner = (self.residuals @ self.residuals[position]).astype(np.float64)
        inner *= self.points @ self.points[position]
        return np.maximum(self.lengths + self.lengths[position] - 2.0 * inner, 0.0)


@needs_model
def badge(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose items by k-means++ on the gradients of the last layer; none comes twice.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws candidates and picks.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return uncertain_choice(state, rows[:0], np.empty(0))
    origin = origin_of(state.vectors, rows)
    drawn, chances = _draw_candidates(_squared_lengths(state, rows, origin), generator)
    gradients = gradients_of(state, rows[drawn], origin)
    picks = k_means_plus_plus(gradients, chances, min(batch, SPREAD_PICKS), generator)
    chosen = filled_by_margin(state, rows, rows[drawn[picks]], batch, generator)

    def word(_: float, between: str) -> str:
        return f"{between[:-1]}; it would teach the model something other than the items before it."

    return uncertain_choice(state, chosen, np.linspace(1.0, 0.0, chosen.size, endpoint=False), word=word)


def gradients_of(state: PoolState, rows: IntArray, origin: FloatArray) -> Gradients:
    """Return the gradients of some rows.

    Args:
        state: the pool, with a model's answer.
        rows: (m,) rows.
        origin: (d,) to move the vectors by, so that where a pool lies does not drown how it spreads.
    """
    assert state.balanced_probabilities is not None
    residuals = state.balanced_probabilities[rows].astype(np.float32)
    residuals[np.arange(rows.size), residuals.argmax(axis=1)] -= 1.0
    points = take(state.vectors, rows, origin)
    lengths = _rows_squared(residuals).astype(np.float64) * _rows_squared(points)
    return Gradients(residuals, points, lengths)


def k_means_plus_plus(
    gradients: Gradients, chances: npt.NDArray[np.float64], count: int, generator: np.random.Generator
) -> IntArray:
    """Pick the longest gradient, then others with chances in proportion to the squared distance to the picks.

    Args:
        gradients: of m candidates.
        chances: (m,) above 0 up to 1; how likely each candidate was to become one.
        count: how many; all when there are fewer.
        generator: draws.

    Returns:
        (min(count, m),) int64 distinct positions in the order of picking.
    """
    total = gradients.lengths.size
    nearest = np.full(total, np.inf)
    left = np.ones(total, np.bool_)
    picks = [pick_highest(gradients.lengths, generator)]
    while len(picks) < min(count, total):
        left[picks[-1]] = False
        np.minimum(nearest, gradients.squared_distances_to(picks[-1]), out=nearest)
        # Rounding leaves a pick a hair away from itself; `left` alone keeps it from coming twice.
        weights = np.cumsum(np.where(left, nearest, 0.0) / chances)
        if weights[-1] > 0:
            drawn = int(np.searchsorted(weights, generator.random() * weights[-1], side="right"))
            drawn = min(drawn, total - 1)
        picks.append(
            drawn if weights[-1] > 0 and left[drawn] else int(generator.choice(np.flatnonzero(left)))
        )
    return np.asarray(picks, np.int64)


def _squared_lengths(state: PoolState, rows: IntArray, origin: FloatArray) -> npt.NDArray[np.float64]:
    """Return the squared lengths of the gradients of all rows, in one pass over the pool, (m,) float64."""
    assert state.balanced_probabilities is not None
    shares = state.balanced_probabilities[rows]
    # |p - onehot|² without forming the difference: only the likeliest class's square changes.
    residual = _rows_squared(shares) - 2.0 * shares.max(axis=1) + 1.0
    middle = np.zeros((1, origin.size), np.float32)
    length = nearest_squared(state.vectors, rows, middle, origin).astype(np.float64)
    return length * np.maximum(residual, 0.0)


def _draw_candidates(
    lengths: npt.NDArray[np.float64], generator: np.random.Generator
) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """Return the positions of at most CANDIDATES items and how likely each was to be drawn."""
    total = lengths.size
    if total <= CANDIDATES:
        return np.arange(total), np.ones(total)
    # A little for everyone keeps an item without a gradient possible and the division safe.
    weights = lengths / max(float(lengths.mean()), 1e-300) + 1e-9
    keys = generator.exponential(size=total) / weights
    order = np.argpartition(keys, CANDIDATES)
    drawn = np.sort(order[:CANDIDATES])
    return drawn, np.maximum(-np.expm1(-keys[order[CANDIDATES]] * weights[drawn]), 1e-12)


def _rows_squared(matrix: npt.NDArray[np.floating]) -> FloatArray:
    return np.einsum("ij,ij->i", matrix, matrix, dtype=np.float32)
