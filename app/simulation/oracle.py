"""The balanced oracle: knows the truth and labels the class that has fewest labels; nothing a person could use."""

from __future__ import annotations

import numpy as np

from app.simulation.pools import LabelledPool
from strategies.contract import Choice, IntArray, PoolState, Strategy
from strategies.ranking import build_choice, open_rows

ORACLE = "oracle"
"""Its name among the strategies of a grid."""


def balanced_oracle(pool: LabelledPool) -> Strategy:
    """Return a strategy that knows a pool's truth: it draws from the class with fewest labels that has open items.

    It shows how far the balance of labels alone could take a model.

    Args:
        pool: whose truth it knows.
    """
    truth = pool.truth

    def choose(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        rows = _balanced_rows(state, truth, batch, generator)
        nothing = np.full(rows.size, -1, np.int64)
        reasons = ["Drawn from the class with fewest labels, by its truth."] * rows.size
        scores = np.linspace(1.0, 0.0, rows.size, endpoint=False)
        return build_choice(rows, scores, ["balance"] * rows.size, reasons, nothing)

    return choose


def _balanced_rows(state: PoolState, truth: IntArray, batch: int, generator: np.random.Generator) -> IntArray:
    size = int(truth.max()) + 1
    counts = np.bincount(truth[state.labels >= 0], minlength=size)
    drawn = generator.permutation(open_rows(state))
    left = {label: list(drawn[truth[drawn] == label]) for label in range(size)}
    rows: list[int] = []
    while len(rows) < batch and any(left.values()):
        label = min((label for label in left if left[label]), key=lambda label: counts[label])
        rows.append(int(left[label].pop()))
        counts[label] += 1
    return np.asarray(rows, np.int64)
