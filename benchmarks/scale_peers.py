"""One query of other libraries beside goldpan's own strategy of the same idea, on the same vectors and answers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.peers.contract import PeerStrategy
from benchmarks.peers.registry import NAMES, available, get
from benchmarks.round import taught
from benchmarks.scale_pool import LABELS, SHARES, labelled_rows, plant
from strategies.contract import PoolState
from strategies.registry import strategies

BATCH = 10
"""Items that a query is for: as many as get labelled before the model learns again."""

REPEATS = 2
OURS = {"margin": "margin", "badge": "badge", "coreset": "k_center", "typiclust": "typiclust"}
"""End of a peer's name → goldpan's strategy of the same idea."""


def peer_ratios(items: int) -> tuple[dict[str, float], list[str]]:
    """Time one query of each peer that is installed, and of goldpan's strategy of the same idea.

    Args:
        items: of the pool.

    Returns:
        `peer_NAME_SIZE_s`, `own_STRATEGY_SIZE_s` and `ratio_NAME_SIZE`, how many times as long the peer takes; and
        sentences on what was left out. Nothing where no peer is installed.
    """
    names = available()
    absent = [name for name in NAMES if name not in names]
    said = [f"not installed, left out: {', '.join(absent)} (make peers)"] if absent else []
    if not names:
        return {}, said
    state = _state(items)
    # A peer's users hold float64; what a conversion costs is not charged to it.
    wide = replace(state, vectors=np.asarray(state.vectors, np.float64))
    figures: dict[str, float] = {}
    ending = f"1e{len(str(items)) - 1}"
    own: dict[str, float] = {}
    for name in names:
        ours = OURS[name.rsplit("_", 1)[1]]
        if ours not in own:
            own[ours] = _best(partial(_ask_own, ours, state))
            figures[f"own_{ours}_{ending}_s"] = own[ours]
        took = _best(partial(_ask_peer, name, wide))
        figures[f"peer_{name}_{ending}_s"] = took
        figures[f"ratio_{name}_{ending}"] = took / own[ours]
    return {name: round(value, 4) for name, value in figures.items()}, said


def _state(items: int) -> PoolState:
    with tempfile.TemporaryDirectory() as place:
        planted = plant(Path(place), items)
        vectors = np.load(planted.path, allow_pickle=False)
    truth = planted.truth.astype(np.int64)
    return taught(vectors, truth, labelled_rows(planted.truth, min(LABELS, items)), classes=len(SHARES))


def _ask_own(name: str, state: PoolState, seed: int) -> None:
    strategies.get(name)(state, BATCH, np.random.default_rng(seed))


def _ask_peer(name: str, state: PoolState, seed: int) -> None:
    PeerStrategy(get(name))(state, BATCH, np.random.default_rng(seed))


def _best(ask: Callable[[int], None]) -> float:
    times = []
    for seed in range(REPEATS):
        began = time.perf_counter()
        ask(seed)
        times.append(time.perf_counter() - began)
    return min(times)
