"""What every strategy keeps."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import numpy as np

from goldpan_contracts.errors import require, told
from goldpan_contracts.pools import cold_state, group_vectors, taught_state
from strategies.contract import KINDS, Choice, PoolState, Strategy
from strategies.registry import checked

_STATES = {"without a model": cold_state, "with a model": taught_state}


def check_strategy(strategy: Strategy, *, name: str = "") -> None:
    """Check that a strategy keeps the contract of `strategies.contract`.

    Args:
        strategy: the function.
        name: what messages call it; its own name if empty.

    Raises:
        ContractBrokenError: a promise is not kept.
    """
    called = name or getattr(strategy, "__name__", "the strategy")
    tried = checked(strategy, called)
    for stage, make in _STATES.items():
        state = make(group_vectors())
        _same_again(tried, state, f"{called}, {stage}")
        _right_rows(tried, state, f"{called}, {stage}")
        _readable_reasons(tried, state, f"{called}, {stage}")
        for count in (1, 2, 3):
            tiny = make(group_vectors((count,)))
            choice = _choose(tried, tiny, 60, f"{called}, {stage}, a pool of {count}")
            require(
                set(choice.indices.tolist()) == set(np.flatnonzero(~tiny.closed).tolist()),
                f"{called}, {stage}: a pool of {count} is ranked whole, got rows {choice.indices.tolist()}",
            )
        constant = make(np.full((50, 4), 2.5, np.float32))
        choice = _choose(tried, constant, 20, f"{called}, {stage}, vectors all alike")
        require(len(choice.indices) == 20, f"{called}, {stage}: items that are all alike are ranked, too")


def _choose(strategy: Strategy, state: PoolState, batch: int, where: str, *, seed: int = 7) -> Choice:
    with told(where):
        return strategy(state, batch, np.random.default_rng(seed))


def _same_again(strategy: Strategy, state: PoolState, where: str) -> None:
    before = _fingerprint(state)
    first, second = (_choose(strategy, state, 12, where) for _ in range(2))
    same = all(
        np.array_equal(getattr(first, part.name), getattr(second, part.name)) for part in fields(Choice)
    )
    require(
        same, f"{where}: the same seed gives the same choice; draw from the generator that is given alone"
    )
    require(_fingerprint(state) == before, f"{where}: what a strategy is given is left unchanged")


def _right_rows(strategy: Strategy, state: PoolState, where: str) -> None:
    closed = state.closed.copy()
    closed[90:] = True
    free = int((~closed).sum())
    for batch in (0, 1, 40, 10_000):
        rows = _choose(strategy, replace(state, closed=closed), batch, where).indices
        require(
            len(set(rows.tolist())) == min(batch, free) == len(rows),
            f"{where}: a batch of {batch} from {free} open items is {min(batch, free)} different rows, got {len(rows)}",
        )
        require(not closed[rows].any(), f"{where}: closed items are never proposed")
    nothing = _choose(strategy, replace(state, closed=np.ones_like(closed)), 5, where)
    require(nothing.indices.size == 0, f"{where}: where every item is closed nothing is proposed")


def _readable_reasons(strategy: Strategy, state: PoolState, where: str) -> None:
    choice = _choose(strategy, state, 40, where)
    require(set(choice.kinds) <= set(KINDS), f"{where}: kinds are among {', '.join(KINDS)}")
    require(
        (np.diff(choice.scores) <= 1e-5).all(), f"{where}: the best item is first, so that scores never rise"
    )
    for reason in choice.reasons:
        fine = reason.endswith(".") and "\n" not in reason and reason[:1].isupper()
        require(fine, f"{where}: a reason is one sentence with a capital and a full stop, got {reason!r}")


def _fingerprint(state: PoolState) -> str:
    digest = hashlib.sha256()
    for part in fields(PoolState):
        value = getattr(state, part.name)
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()
