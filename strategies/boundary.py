"""The items on the boundary between classes, by margin: candidates of batch methods, and the end of long lists."""

from __future__ import annotations

import numpy as np

from strategies.contract import IntArray, PoolState
from strategies.walk import Wish, small_margin, walk


def by_margin(state: PoolState, rows: IntArray, count: int, generator: np.random.Generator) -> IntArray:
    """Return the rows whose two likeliest classes are closest, the closest first.

    Args:
        state: the pool, with a model's answer.
        rows: (m,) rows to choose from, ascending.
        count: how many; all when there are fewer.
        generator: draws the order among equals.
    """
    (top,) = walk(state, rows, [Wish(small_margin, count)])
    return rows[top.best(generator)]


def filled_by_margin(
    state: PoolState, rows: IntArray, chosen: IntArray, batch: int, generator: np.random.Generator
) -> IntArray:
    """Return the chosen rows and behind them, up to the batch, those of the rest with the smallest margin.

    Args:
        state: the pool, with a model's answer.
        rows: (m,) open rows, ascending.
        chosen: (c,) rows among them.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    if chosen.size >= min(batch, rows.size):
        return chosen
    rest = np.setdiff1d(rows, chosen)
    return np.concatenate([chosen, by_margin(state, rest, batch - chosen.size, generator)])
