"""How prospect's list is shared between discover, balance and refine, learned from what they brought.

Refine is the ground: on most pools boundaries that are spread out teach the model most. Discover's share grows with the
chance that it finds a class with hardly any labels; balance's with the number of classes that lack labels and with the
chance that its suggestion is right. Both chances are means of a Beta(1, 1) prior and the latest outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategies.contract import FloatArray, IntArray, Outcome, PoolState
from strategies.seek import seeks_open

ENOUGH_LABELS = 20
"""A class with so many labels lacks none, however many the others have: more of the same teach less and less."""
HARDLY_ANY = 3
"""A class with fewer labels than this is news; finding it is what discover is for."""
WINDOW = 30
"""Outcomes of a kind that count, the latest ones: what paid at the start need not pay now."""
SEEK_WINDOW = 40
SEEK_TRUST = 3
"""What is sought is trusted as if so many proposals for it had been right already."""
SEEK_WORTH = 3.0
"""A class met that was sought is worth the places of so many other items."""
SEEK_LEAST = 0.1
FLOOR = 0.02
"""Discover's least share, so that a pool that changes its face (a class not met yet) is noticed."""
DISCOVER_MOST = 0.03
BALANCE_EACH = 0.04
"""Balance's share for each class in need: likely members of one class are much alike, many of them teach little."""
BALANCE_MOST = 0.3


@dataclass(frozen=True)
class Shares:
    """How the list is shared; the three add up to 1.

    Attributes:
        discover: share of items from regions no label explains.
        balance: share of likely members of classes that lack labels.
        refine: share of boundary items.
    """

    discover: float
    balance: float
    refine: float


def label_counts(state: PoolState) -> IntArray:
    """Return how many labels each class has, (k,) int64."""
    return np.bincount(state.labels[state.labels >= 0], minlength=len(state.class_names)).astype(np.int64)


def wanted_labels(state: PoolState, counts: IntArray) -> FloatArray:
    """Return how many labels each class would have at the wanted balance, at most ENOUGH_LABELS, (k,) float32.

    Args:
        state: the pool.
        counts: (k,) labels of each class.
    """
    fair = state.targets * max(int(counts.sum()), len(state.class_names))
    return np.minimum(np.ceil(fair), ENOUGH_LABELS).astype(np.float32)


def learn_shares(state: PoolState) -> Shares:
    """Return the shares for the next list.

    Args:
        state: the pool; its outcomes say what each kind brought.
    """
    counts = label_counts(state)
    lacking = int(((counts > 0) & (counts < wanted_labels(state, counts))).sum())
    discover = FLOOR + DISCOVER_MOST * _chance(_discover_paid(state.outcomes))
    right = _chance(_balance_paid(state.outcomes))
    balance = min(BALANCE_MOST, BALANCE_EACH * lacking) * (1.0 + right) / 2.0
    return Shares(discover, balance, 1.0 - discover - balance)


def seek_share(state: PoolState) -> float:
    """Return the share of places that go to what a person seeks and has not met: 0 where there is nothing of it.

    All places while one such proposal in three meets a class for the first time or is right, then fewer.

    Args:
        state: the pool; its outcomes tell what was found.
    """
    if not seeks_open(state):
        return 0.0
    recent = _seek_paid(state)[-SEEK_WINDOW:]
    paid = (sum(recent) + SEEK_TRUST) / (len(recent) + SEEK_TRUST)
    return min(1.0, max(SEEK_LEAST, SEEK_WORTH * paid))


def _seek_paid(state: PoolState) -> list[bool]:
    """Return, for each item offered for a class without labels, whether it was of that class or of another new one."""
    seen: set[int] = set()
    paid = []
    for outcome in state.outcomes:
        if outcome.kind == "balance" and outcome.expected_class_index not in seen:
            new = outcome.class_index >= 0 and outcome.class_index not in seen
            paid.append(new or outcome.class_index == outcome.expected_class_index)
        if outcome.class_index >= 0:
            seen.add(outcome.class_index)
    return paid


def _chance(paid: list[bool]) -> float:
    recent = paid[-WINDOW:]
    return (sum(recent) + 1) / (len(recent) + 2)


def _discover_paid(outcomes: tuple[Outcome, ...]) -> list[bool]:
    """Return, for each discover outcome, whether it met a class that had hardly any labels until then."""
    seen: dict[int, int] = {}
    paid = []
    for outcome in outcomes:
        before = seen.get(outcome.class_index, 0)
        if outcome.kind == "discover":
            paid.append(outcome.class_index >= 0 and before < HARDLY_ANY)
        seen[outcome.class_index] = before + 1
    return paid


def _balance_paid(outcomes: tuple[Outcome, ...]) -> list[bool]:
    """Return, for each balance outcome, whether the item was of the class it was proposed for."""
    return [
        outcome.class_index >= 0 and outcome.class_index == outcome.expected_class_index
        for outcome in outcomes
        if outcome.kind == "balance"
    ]
