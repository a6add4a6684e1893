"""k-center: cover the pool with equal balls, the farthest item first (Sener & Savarese 2018, greedy form)."""

from __future__ import annotations

from functools import partial

import numpy as np

from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.covered import covered_rows
from strategies.distances import nearest_squared, origin_of, take
from strategies.model_needed import has_model
from strategies.ranking import build_choice, open_rows
from strategies.spread import FarthestFirst
from strategies.uncertain import boundary_words

FIRST_REFERENCES = 64
"""Labelled items that the first, whole pass over the pool measures to; the others only tighten what it
leaves open."""


def k_center(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the items farthest from everything labelled and proposed before; needs no model.

    Args:
        state: the pool; a model's answer is used for the suggested class only.
        batch: how many items are wanted.
        generator: draws among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return build_choice(rows[:0], np.empty(0), [], [], rows[:0])
    origin = origin_of(state.vectors, rows)
    known = generator.permutation(covered_rows(state))
    if known.size:
        start, first_reason = known, ""
    else:
        start = rows[[_most_central(state, rows, origin)]]
        first_reason = "The most central item of the pool, to begin with."
    positions, gaps = _traverse(state, rows, start, origin, batch, generator)
    chosen = rows[positions]
    reasons = [f"Far from everything labelled or proposed so far (distance {gap:.3g})." for gap in gaps]
    if first_reason:
        chosen, gaps = (
            np.append(start, chosen)[:batch],
            np.append(gaps[:1] if gaps.size else 0.0, gaps)[:batch],
        )
        reasons = [first_reason, *reasons][:batch]
    classes = boundary_words(state, chosen)[0] if has_model(state) else np.full(chosen.size, -1, np.int64)
    return build_choice(chosen, gaps, ["discover"] * chosen.size, reasons, classes)


def _traverse(
    state: PoolState,
    rows: IntArray,
    start: IntArray,
    origin: FloatArray,
    batch: int,
    generator: np.random.Generator,
) -> tuple[IntArray, FloatArray]:
    covered = take(state.vectors, start, origin)
    counted = min(FIRST_REFERENCES, start.size)
    bounds = nearest_squared(state.vectors, rows, covered[:counted], origin)
    bounds[np.isin(rows, start)] = -1.0  # the first pick of an empty pool is open and already taken
    traversal = FarthestFirst(partial(_fetch, state, rows, origin), bounds, covered, counted, generator)
    left = int(np.count_nonzero(bounds >= 0))
    positions = traversal.choose(min(batch, left))
    return positions, np.sqrt(np.maximum(np.asarray(traversal.gaps, np.float32), 0.0))


def _fetch(state: PoolState, rows: IntArray, origin: FloatArray, positions: IntArray) -> FloatArray:
    return take(state.vectors, rows[positions], origin)


def _most_central(state: PoolState, rows: IntArray, origin: FloatArray) -> int:
    """Return the position of the row nearest to the mean, the first of equals."""
    return int(nearest_squared(state.vectors, rows, np.zeros((1, origin.size), np.float32), origin).argmin())
