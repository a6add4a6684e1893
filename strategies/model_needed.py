"""What a strategy does that needs a model, while there is none: density, with a reason that says so."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps

import numpy as np

from strategies.contract import Choice, PoolState, Strategy
from strategies.density_start import density_start


def has_model(state: PoolState) -> bool:
    """Return whether the state carries a model's answer for at least one class."""
    return state.probabilities is not None and state.probabilities.shape[1] > 0


def needs_model(strategy: Strategy) -> Strategy:
    """Wrap a strategy that reads probabilities, so that without a model density chooses in its place.

    Args:
        strategy: called only when there is a model.
    """

    @wraps(strategy)
    def choose(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        if has_model(state):
            return strategy(state, batch, generator)
        choice = density_start(state, batch, generator)
        return replace(
            choice, reasons=tuple(f"No model yet: {_lower_first(reason)}" for reason in choice.reasons)
        )

    return choose


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
