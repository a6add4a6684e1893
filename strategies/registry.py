"""Every strategy by name, wrapped in the checks of the contract.

To add one: write its file, then add one line below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

import numpy as np
import numpy.typing as npt

from config.registry import Registry
from strategies.badge import badge
from strategies.balanced_entropy import balanced_entropy
from strategies.checks import check_batch, check_choice, check_state
from strategies.cluster_margin import cluster_margin
from strategies.contract import Choice, PoolState, Strategy
from strategies.density_start import density_start
from strategies.disagreement import disagreement
from strategies.entropy import entropy
from strategies.epig import epig
from strategies.galaxy import galaxy
from strategies.k_center import k_center
from strategies.least_confidence import least_confidence
from strategies.margin import margin
from strategies.prospect import prospect
from strategies.random_draw import random_draw
from strategies.seek import seek
from strategies.typiclust import typiclust

strategies: Registry[Strategy] = Registry("strategy")


def register_strategy(name: str) -> Callable[[Strategy], Strategy]:
    """Return a decorator that registers a strategy under a name, wrapped in the checks.

    Args:
        name: lower case, words joined by underscores.

    Raises:
        DuplicateNameError: the name is taken.
    """

    def store(strategy: Strategy) -> Strategy:
        return strategies.register(name)(checked(strategy, name))

    return store


def checked(strategy: Strategy, name: str) -> Strategy:
    """Wrap a strategy so that its inputs are checked and read-only and its answer is checked.

    Args:
        strategy: the function.
        name: its name, for messages.
    """

    @wraps(strategy)
    def choose(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        check_batch(batch)
        check_state(state)
        choice = strategy(_read_only(state), int(batch), generator)
        check_choice(choice, state, int(batch), strategy=name)
        return choice

    return choose


def _read_only(state: PoolState) -> PoolState:
    parts: dict[str, Any] = {field.name: getattr(state, field.name) for field in fields(state)}
    arrays = [name for name, part in parts.items() if isinstance(part, np.ndarray)]
    parts.update({name: _frozen(parts[name]) for name in arrays})
    return PoolState(**parts)


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view


register_strategy("random")(random_draw)
register_strategy("margin")(margin)
register_strategy("entropy")(entropy)
register_strategy("disagreement")(disagreement)
register_strategy("k_center")(k_center)
register_strategy("density")(density_start)
register_strategy("prospect")(prospect)
register_strategy("least_confidence")(least_confidence)
register_strategy("badge")(badge)
register_strategy("typiclust")(typiclust)
register_strategy("cluster_margin")(cluster_margin)
register_strategy("galaxy")(galaxy)
register_strategy("balanced_entropy")(balanced_entropy)
register_strategy("epig")(epig)
register_strategy("seek")(seek)
strategies.seal()
