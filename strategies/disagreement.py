"""Disagreement: BALD, the information a label would bring about the ensemble (Houlsby et al. 2011)."""

from __future__ import annotations

import numpy as np

from strategies.contract import Choice, PoolState
from strategies.model_needed import needs_model
from strategies.ranking import open_rows
from strategies.uncertain import uncertain_choice
from strategies.walk import best_rows, members_disagree


@needs_model
def disagreement(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the items on which the members of the ensemble disagree most.

    Args:
        state: the pool, with a model's answer; `state.disagreement` is the mutual information in nats.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    rows, scores = best_rows(state, open_rows(state), members_disagree, batch, generator)

    def word(score: float, between: str) -> str:
        return f"The model's members disagree ({score:.2f} nats). {between}"

    return uncertain_choice(state, rows, scores, word=word)
