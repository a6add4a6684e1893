"""What a strategy does that needs a model or its members, while there is none: density, with a reason that says so."""

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
        return _density_because("No model yet", state, batch, generator)

    return choose


def needs_members(strategy: Strategy) -> Strategy:
    """Wrap a strategy that reads the members' own answers, so that without two of them density chooses in its place.

    Args:
        strategy: called only when there is a model and at least two of its members have answered on some rows.
    """

    @wraps(strategy)
    def choose(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        answers = state.member_probabilities
        if answers is not None and answers.shape[0] > 1 and answers.shape[1] > 0:
            return strategy(state, batch, generator)
        return _density_because("No two members of a model to compare", state, batch, generator)

    return needs_model(choose)


def _density_because(why: str, state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    choice = density_start(state, batch, generator)
    return replace(choice, reasons=tuple(f"{why}: {_lower_first(reason)}" for reason in choice.reasons))


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
