"""On which rows of a pool the members' own answers are kept: the most disputed ones, and evenly spaced ones.

The most disputed rows of a pool are among the most disputed rows of its parts, so that they can be found part by part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.heads.scaling import spaced_rows

KEPT_ROWS = 4_096
"""Most rows whose members' own answers are kept: half of them the most disputed ones, half evenly spaced."""

COPIES_REACH = 8
"""So many times the disputed rows wanted are looked at for distinct ones."""

KEPT_ENTRIES = 1 << 19
"""Beyond so many probabilities a member, fewer rows are kept: 524 at a thousand classes."""

Disputed: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""(r,) disagreement and (r,) rows, ascending by row."""


def rows_to_keep(
    vectors: npt.NDArray[np.floating], disagreement: npt.NDArray[np.float32], *, class_count: int
) -> npt.NDArray[np.int64]:
    """Return the rows on which every member's own answer is kept, ascending; the same input gives the same rows.

    Of rows that are disputed exactly alike, such as copies of one item, one counts as disputed: ten thousand copies
    would leave no place for anything else.

    Args:
        vectors: (n, d); rows of zeros (unreadable items) are left out.
        disagreement: (n,) how much the members disagree on each row.
        class_count: k; the more classes, the fewer rows.

    Returns:
        (r,) int64: all readable rows where they are few, else the most disputed half and evenly spaced ones.
    """
    reach = disputed_reach(len(disagreement), class_count=class_count)
    return choose_kept(vectors, *most_disputed(disagreement, reach), class_count=class_count)


def disputed_reach(count: int, *, class_count: int) -> int:
    """Return among how many of the most disputed rows of a pool distinct ones are looked for; 0 for a small pool.

    Args:
        count: rows of the pool.
        class_count: k.
    """
    most = kept_count(class_count)
    return 0 if count <= most else min(COPIES_REACH * (most // 2), count - 1)


def choose_kept(
    vectors: npt.NDArray[np.floating],
    values: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    *,
    class_count: int,
) -> npt.NDArray[np.int64]:
    """Return what `rows_to_keep` does, from the most disputed rows alone.

    Args:
        vectors: (n, d).
        values: (r,) their disagreement.
        rows: (r,) the most disputed rows, ascending, as many as `disputed_reach` says.
        class_count: k.

    Returns:
        (s,) int64, ascending.
    """
    count, most = len(vectors), kept_count(class_count)
    if count <= most:
        kept = np.arange(count, dtype=np.int64)
    else:
        _, first = np.unique(values, return_index=True)
        disputed = rows[first[::-1][: most // 2]]
        kept = np.union1d(disputed, spaced_rows(count, most - most // 2)).astype(np.int64)
    return kept[np.asarray(vectors[kept]).any(axis=1)]


def most_disputed(disagreement: npt.NDArray[np.float32], reach: int) -> Disputed:
    """Return the rows of the highest disagreement; among equals the first ones.

    Args:
        disagreement: (b,).
        reach: how many; all where there are fewer.
    """
    if not 0 < reach < len(disagreement):
        rows = np.arange(len(disagreement) if reach > 0 else 0, dtype=np.int64)
        return disagreement[rows], rows
    level = np.partition(disagreement, len(disagreement) - reach)[len(disagreement) - reach]
    above = np.flatnonzero(disagreement > level)
    equal = np.flatnonzero(disagreement == level)[: reach - above.size]
    rows = np.sort(np.concatenate([above, equal])).astype(np.int64)
    return disagreement[rows], rows


def join_disputed(parts: Sequence[Disputed], reach: int) -> Disputed:
    """Return the most disputed rows of a pool from those of its parts.

    Args:
        parts: of `most_disputed` with the same reach, in the order of the pool, rows counted in the pool.
        reach: how many.
    """
    values = np.concatenate([values for values, _ in parts])
    rows = np.concatenate([rows for _, rows in parts])
    best, places = most_disputed(values, reach)
    return best, rows[places]


def kept_count(class_count: int) -> int:
    """Return on how many rows at most the members' own answers are kept; fewer where there are many classes."""
    return min(KEPT_ROWS, max(1, KEPT_ENTRIES // class_count))
