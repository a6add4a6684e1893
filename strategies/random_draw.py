"""Random: every open item is equally likely. The baseline, and the fairest picture of the pool."""

from __future__ import annotations

import numpy as np

from strategies.contract import Choice, PoolState
from strategies.ranking import build_choice, open_rows


def random_draw(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose items drawn at random, without looking at vectors or model.

    Args:
        state: the pool.
        batch: how many items are wanted.
        generator: draws them.
    """
    rows = open_rows(state)
    drawn = generator.choice(rows, min(batch, rows.size), replace=False) if rows.size else rows
    scores = np.linspace(1.0, 0.0, drawn.size, endpoint=False)
    nothing = np.full(drawn.size, -1, np.int64)
    reasons = ["Drawn at random."] * drawn.size
    return build_choice(drawn, scores, ["discover"] * drawn.size, reasons, nothing)
