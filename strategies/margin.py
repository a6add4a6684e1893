"""Margin: the smallest lead of the likeliest class over the next (Scheffer, Decomain & Wrobel 2001)."""

from __future__ import annotations

import numpy as np

from strategies.contract import Choice, PoolState
from strategies.model_needed import needs_model
from strategies.ranking import open_rows
from strategies.uncertain import uncertain_choice
from strategies.walk import best_rows, small_margin


@needs_model
def margin(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the items whose two likeliest classes are closest, with the class prior taken out.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    rows, scores = best_rows(state, open_rows(state), small_margin, batch, generator)
    return uncertain_choice(state, rows, scores)
