"""Ranking rows by a score, ties drawn by the generator, and building a Choice from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from strategies.contract import Choice, IntArray, PoolState


def open_rows(state: PoolState) -> IntArray:
    """Return the rows that may be proposed, ascending, (m,) int64."""
    return np.flatnonzero(~state.closed).astype(np.int64)


def best_first(scores: npt.NDArray[np.floating], count: int, generator: np.random.Generator) -> IntArray:
    """Return the positions of the highest scores, best first; the generator orders equals.

    Args:
        scores: (m,) finite scores.
        count: how many; all when there are fewer.
        generator: draws the order among equals.

    Returns:
        (min(count, m),) int64 positions in `scores`. Linear in m; only the result is sorted.
    """
    total = scores.shape[0]
    if count <= 0 or total == 0:
        return np.empty(0, np.int64)
    if count < total:
        level = np.partition(scores, total - count)[total - count]
        above = np.flatnonzero(scores > level)
        equal = np.flatnonzero(scores == level)
        kept = np.concatenate([above, generator.choice(equal, count - above.size, replace=False)])
    else:
        kept = np.arange(total)
    order = np.lexsort((generator.random(kept.size), -scores[kept]))
    return kept[order].astype(np.int64)


def top_two(
    probabilities: npt.NDArray[np.floating],
) -> tuple[IntArray, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return, for each row, its likeliest class, that class's probability and the next one's.

    Args:
        probabilities: (m, k) with k >= 1.

    Returns:
        (m,) int64 class indices, (m,) float32 highest and (m,) float32 second highest (0 when k is 1).
    """
    first = probabilities.argmax(axis=1).astype(np.int64)
    if probabilities.shape[1] == 1:
        highest = probabilities[:, 0].astype(np.float32)
        return first, highest, np.zeros_like(highest)
    # numpy partitions row by row; a running pair of maxima over the columns is several times faster for k in
    # the tens.
    highest = np.full(probabilities.shape[0], -1.0, np.float32)
    second = highest.copy()
    for column in range(probabilities.shape[1]):
        value = probabilities[:, column]
        np.maximum(second, np.minimum(value, highest), out=second)
        np.maximum(highest, value, out=highest)
    return first, highest, second


def margins(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return highest minus second highest probability of each row, (m,) float32."""
    _, highest, second = top_two(probabilities)
    return highest - second


def build_choice(
    rows: IntArray,
    scores: npt.NDArray[np.floating],
    kinds: Sequence[str],
    reasons: Sequence[str],
    class_indices: IntArray,
) -> Choice:
    """Return a Choice with the types the contract names.

    Args:
        rows: (b,) rows of the pool, best first.
        scores: (b,) finite scores.
        kinds: b entries of KINDS.
        reasons: b sentences.
        class_indices: (b,) class indices, -1 for none.
    """
    return Choice(
        indices=np.asarray(rows, np.int64),
        scores=np.asarray(scores, np.float64),
        kinds=tuple(kinds),
        reasons=tuple(reasons),
        class_indices=np.asarray(class_indices, np.int64),
    )
