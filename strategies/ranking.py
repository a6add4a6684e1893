"""Ranking rows by a score, ties drawn by the generator, and building a Choice from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from strategies.contract import Choice, IntArray, PoolState

PART_ROWS = 65_536
"""Rows looked at together."""

LEAST_WAITING = 8_192
"""Scores that may wait before the lowest of them are let go."""


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
    top = TopRows(count)
    top.add(scores)
    return top.best(generator)


class TopRows:
    """The highest of scores that come in parts: what `best_first` finds in all of them, most of them let go at once.

    Scores that equal the lowest of the highest are all kept: the draw among them is the same whatever the parts.
    """

    def __init__(self, count: int) -> None:
        """Start without scores.

        Args:
            count: how many positions are wanted.
        """
        self._count = count
        self._total = 0
        self._positions: list[IntArray] = []
        self._scores: list[npt.NDArray[np.floating]] = []
        self._waiting, self._due = 0, max(2 * count, LEAST_WAITING)
        self._level = -np.inf

    def add(self, scores: npt.NDArray[np.floating]) -> None:
        """Take in the scores of the next positions.

        Args:
            scores: (b,) finite scores.
        """
        if self._count <= 0:
            return
        found = np.flatnonzero(scores >= self._level).astype(np.int64, copy=False)
        self._positions.append(found + self._total)
        self._scores.append(scores[found])
        self._total += scores.size
        self._waiting += found.size
        if self._waiting > self._due:
            kept, positions = self._pruned()
            self._scores, self._positions, self._waiting = [kept], [positions], kept.size
            # Where nearly all are equal, all of them stay: then the next look is due when there are twice as many.
            self._due = max(2 * kept.size, LEAST_WAITING)

    def merge(self, later: TopRows) -> None:
        """Take in what was found among the positions that follow those seen so far.

        Args:
            later: of the same count; its positions are counted from 0.
        """
        self._positions += [positions + self._total for positions in later._positions]
        self._scores += later._scores
        self._total += later._total
        # Whatever is among the highest of all is among the highest of its part.
        self._level = max(self._level, later._level)

    def pruned(self) -> TopRows:
        """Return the same with nothing kept that cannot be among the highest, to be sent somewhere."""
        if self._total and self._scores:
            scores, positions = self._pruned()
            self._scores, self._positions, self._waiting = [scores], [positions], scores.size
        return self

    def best(self, generator: np.random.Generator) -> IntArray:
        """Return the positions of the highest scores, best first.

        Args:
            generator: draws the order among equals.

        Returns:
            (min(count, m),) int64, m being the number of scores that came.
        """
        if not self._total:
            return np.empty(0, np.int64)
        scores, positions = self._pruned()
        if self._count < self._total:
            above = positions[scores > self._level]
            equal = positions[scores == self._level]
            drawn = generator.choice(equal, self._count - above.size, replace=False)
            chosen = np.searchsorted(positions, np.concatenate([above, drawn])).astype(np.int64)
        else:
            chosen = np.arange(scores.size, dtype=np.int64)
        order = np.lexsort((generator.random(chosen.size), -scores[chosen]))
        return positions[chosen[order]].astype(np.int64)

    def _pruned(self) -> tuple[npt.NDArray[np.floating], IntArray]:
        """Return scores and positions that may still be among the highest, ascending by position; raise the level."""
        scores, positions = np.concatenate(self._scores), np.concatenate(self._positions)
        if scores.size <= self._count:
            return scores, positions
        # As a float of Python it is compared in the type of the scores, without a change of its value.
        self._level = float(np.partition(scores, scores.size - self._count)[scores.size - self._count])
        kept = scores >= self._level
        return scores[kept], positions[kept]


def row_parts(rows: IntArray) -> Iterator[IntArray]:
    """Yield rows in parts, so that what is worked out for each row of a large pool need not be held for all.

    Args:
        rows: (m,) rows.
    """
    for start in range(0, rows.size, PART_ROWS):
        yield rows[start : start + PART_ROWS]


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
