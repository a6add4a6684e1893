"""Least confidence: the items whose likeliest class is least likely (Lewis & Gale 1994)."""

from __future__ import annotations

import numpy as np

from strategies.contract import Choice, PoolState
from strategies.model_needed import needs_model
from strategies.ranking import open_rows
from strategies.uncertain import uncertain_choice
from strategies.walk import best_rows, little_confidence


@needs_model
def least_confidence(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the items whose highest probability is lowest, with the class prior taken out.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    rows, scores = best_rows(state, open_rows(state), little_confidence, batch, generator)
    return uncertain_choice(state, rows, scores)
