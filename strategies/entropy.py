"""Entropy: the items whose class the model knows least about (Shannon 1948; Settles 2009, section 3.1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.contract import Choice, PoolState
from strategies.model_needed import needs_model
from strategies.ranking import open_rows
from strategies.uncertain import uncertain_choice
from strategies.walk import Answers, best_rows
from strategies.wording import percent


@needs_model
def entropy(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the items whose balanced probabilities have the highest entropy.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    rows, scores = best_rows(state, open_rows(state), little_known, batch, generator)

    def word(score: float, between: str) -> str:
        return f"Uncertain ({percent(min(max(score, 0.0), 1.0))} of the most possible). {between}"

    return uncertain_choice(state, rows, scores, word=word)


def little_known(answers: Answers) -> npt.NDArray[np.float32]:
    """Return each item's entropy over the most possible, the class prior taken out."""
    return relative_entropy(answers.balanced_probabilities)


def relative_entropy(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return each row's entropy over the most possible with that many classes, (m,) float32 from 0 to 1.

    Args:
        probabilities: (m, k); with k of 1 every row is 0.
    """
    classes = probabilities.shape[1]
    total = np.zeros(probabilities.shape[0], np.float32)
    for column in range(classes):
        share = np.maximum(probabilities[:, column].astype(np.float32), 1e-12)
        total -= share * np.log(share)
    return total / np.float32(np.log(classes)) if classes > 1 else np.zeros_like(total)
