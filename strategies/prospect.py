"""Prospect, the default; for now margin with a density start."""

from __future__ import annotations

import numpy as np

from strategies.contract import Choice, PoolState
from strategies.margin import margin


def prospect(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    return margin(state, batch, generator)
