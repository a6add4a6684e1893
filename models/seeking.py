"""From what a person says they seek to a column of scores: words and example items by their vectors, criteria as given.

A column tells how like each item is to one thing sought: higher is more alike, comparable within the column only, 0 for
unreadable items, never NaN. Vectors are read in chunks from a memory map; only float16 columns are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import SeekInvalidError

CHUNK_ROWS = 16_384
HalfColumns = npt.NDArray[np.float16]


@dataclass(frozen=True)
class SeekColumns:
    """What is sought, ready for a strategy. n items, s things sought.

    Attributes:
        scores: (n, s) float16; column j tells how like each item is to the j-th thing sought.
        classes: (s,) int64; the class index each column is about; -1 for none.
    """

    scores: HalfColumns
    classes: npt.NDArray[np.int64]


def words_scores(vectors: npt.NDArray[np.floating], words: npt.NDArray[np.floating]) -> HalfColumns:
    """Return how like each item is to each text sought, by the cosine of their vectors.

    Args:
        vectors: (n, d) of the pool, often a memory map; unreadable rows are zero.
        words: (w, d) vectors of the texts in the pool's space, by the pool's own encoder.

    Returns:
        (n, w) float16, -1 to 1.

    Raises:
        SeekInvalidError: shapes that do not fit, NaN or infinity, or a text the encoder knows nothing of.
    """
    words = _checked(vectors, words, "words")
    empty = np.flatnonzero(~words.any(axis=1))
    if empty.size:
        raise SeekInvalidError(
            f"the encoder knows nothing of text {empty[0] + 1} of {len(words)} (its vector is zero); use other words, "
            "or point to an example item"
        )
    directions = _unit(words).T
    found = np.zeros((vectors.shape[0], len(words)), np.float16)
    for start in range(0, vectors.shape[0], CHUNK_ROWS):
        part = _unit(np.asarray(vectors[start : start + CHUNK_ROWS], np.float32))
        found[start : start + CHUNK_ROWS] = part @ directions
    return found


def examples_scores(vectors: npt.NDArray[np.floating], examples: npt.NDArray[np.floating]) -> HalfColumns:
    """Return how near each item is to the nearest of some example items.

    Near is counted in the pool's own width (root mean square distance from its mean): the units of the vectors do not
    matter.

    Args:
        vectors: (n, d) of the pool, often a memory map; unreadable rows are zero.
        examples: (e, d) vectors of the example items, e >= 1.

    Returns:
        (n,) float16; 1 at an example, falling towards 0 far away; 0 for unreadable items.

    Raises:
        SeekInvalidError: no examples, shapes that do not fit, NaN or infinity, or an example that is unreadable.
    """
    examples = _checked(vectors, examples, "example items")
    if not examples.any(axis=1).all():
        raise SeekInvalidError("an example item is unreadable (its vector is zero); choose another item")
    origin, width = _middle(vectors)
    points = (examples - origin) / width
    norms = (points * points).sum(axis=1)
    found = np.zeros(vectors.shape[0], np.float16)
    for start in range(0, vectors.shape[0], CHUNK_ROWS):
        raw = np.asarray(vectors[start : start + CHUNK_ROWS], np.float32)
        part = (raw - origin) / width
        squared = (part * part).sum(axis=1)[:, None] + norms - 2.0 * (part @ points.T)
        near = 1.0 / (1.0 + np.maximum(squared.min(axis=1), 0.0))
        found[start : start + CHUNK_ROWS] = np.where(raw.any(axis=1), near, 0.0)
    return found


def criterion_scores(values: npt.NDArray[np.generic], *, rows: int) -> HalfColumns:
    """Return a criterion on columns as a column of scores.

    Args:
        values: (n,) bool, True where the item meets it; or (n,) floating-point, higher where it is met better, NaN
            where nothing is known.
        rows: n, the items of the pool.

    Returns:
        (n,) float16: a mask as 0 and 1; graded values by minus the log of the share of items that meet it better, so
        that the best ones stand out whatever the unit and the tail; equals alike, unknown ones 0.

    Raises:
        SeekInvalidError: another length or type, or a graded criterion without any known value.
    """
    values = np.asarray(values)
    if values.shape != (rows,) or values.dtype.kind not in "bf":
        raise SeekInvalidError(
            f"a criterion gave {values.dtype} of shape {values.shape}; needed is one bool or floating-point number for "
            f"each of the {rows} items"
        )
    if values.dtype.kind == "b":
        return values.astype(np.float16)
    known = ~np.isnan(values)
    if rows and not known.any():
        raise SeekInvalidError("a criterion is unknown for every item; choose columns that hold values")
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    # The middle of its equals stands for each of them.
    better = counts[::-1].cumsum()[::-1] - 0.5 * counts
    scores = np.zeros(rows, np.float16)
    scores[known] = -np.log(better / known.sum())[place]
    return scores


def join_columns(parts: Sequence[tuple[HalfColumns, int]], *, rows: int) -> SeekColumns:
    """Put columns side by side.

    Args:
        parts: columns, (n,) or (n, w) float16, each with the class index it is about, -1 for none.
        rows: n, the items of the pool.

    Raises:
        SeekInvalidError: a column of another length, or with NaN or infinity.
    """
    columns: list[HalfColumns] = []
    classes: list[int] = []
    for part, class_index in parts:
        block = np.asarray(part, np.float16).reshape(len(part), -1)
        if len(block) != rows or not np.isfinite(block).all():
            raise SeekInvalidError(
                f"column {len(classes) + 1} of what is sought has {len(block)} scores for {rows} items, or holds NaN"
            )
        columns.append(block)
        classes += [class_index] * block.shape[1]
    scores = np.concatenate(columns, axis=1) if columns else np.zeros((rows, 0), np.float16)
    return SeekColumns(scores, np.asarray(classes, np.int64))


def _checked(
    vectors: npt.NDArray[np.floating], points: npt.NDArray[np.floating], what: str
) -> npt.NDArray[np.float32]:
    points = np.asarray(points)
    if points.ndim != 2 or not len(points) or points.shape[1] != vectors.shape[1]:
        raise SeekInvalidError(
            f"{what} have vectors of shape {points.shape}; needed is (at least 1, {vectors.shape[1]}), from the pool's "
            "own encoder"
        )
    if not np.isfinite(points).all():
        raise SeekInvalidError(f"the vectors of {what} hold NaN or infinity; encode them again")
    return points.astype(np.float32)


def _unit(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.sqrt((block * block).sum(axis=1, keepdims=True))
    return np.divide(block, lengths, out=np.zeros_like(block), where=lengths > 0)


def _middle(vectors: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.float32], float]:
    """Return the mean and the width of up to 20,000 evenly spaced readable rows."""
    step = max(1, vectors.shape[0] // 20_000)
    some = np.asarray(vectors[::step], np.float32)
    some = some[some.any(axis=1)]
    if not len(some):
        return np.zeros(vectors.shape[1], np.float32), 1.0
    origin = some.mean(axis=0, dtype=np.float32)
    width = float(np.sqrt(np.mean(((some - origin) ** 2).sum(axis=1))))
    return origin, width if width > 0 else 1.0
