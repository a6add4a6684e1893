"""The common end of margin, entropy and disagreement: rows and scores become a Choice with reasons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from strategies.contract import Choice, IntArray, PoolState
from strategies.ranking import build_choice, top_two
from strategies.wording import boundary_reason


def boundary_words(state: PoolState, rows: IntArray) -> tuple[IntArray, list[str]]:
    """Return the likeliest class of each row and a sentence naming the two it lies between.

    Args:
        state: the pool, with a model's answer of at least one class.
        rows: (b,) rows.

    Returns:
        (b,) int64 class indices and b sentences, both from the balanced probabilities.
    """
    assert state.balanced_probabilities is not None
    shares = state.balanced_probabilities[rows]
    first, highest, _ = top_two(shares)
    others = shares.astype(np.float32)  # a copy
    others[np.arange(rows.size), first] = -1.0
    second = others.argmax(axis=1) if shares.shape[1] > 1 else np.full(rows.size, -1)
    reasons = [
        boundary_reason(
            state.class_names,
            int(first[position]),
            int(second[position]),
            (float(highest[position]), float(others[position, second[position]])),
        )
        for position in range(rows.size)
    ]
    return first, reasons


def uncertain_choice(
    state: PoolState,
    rows: IntArray,
    scores: npt.NDArray[np.floating],
    *,
    word: Callable[[float, str], str] | None = None,
) -> Choice:
    """Return the Choice of kind refine for rows picked by an uncertainty.

    Args:
        state: the pool, with a model's answer.
        rows: (b,) rows, best first.
        scores: (b,) their scores.
        word: makes a reason from the score and the sentence that names the two likeliest classes; None keeps
            the sentence.
    """
    first, reasons = boundary_words(state, rows)
    if word is not None:
        reasons = [word(float(score), reason) for score, reason in zip(scores, reasons, strict=True)]
    return build_choice(rows, scores, ["refine"] * rows.size, reasons, first)
