"""How each column of a pool is spread, so that the card can show where a row lies; computed when first asked for."""

from __future__ import annotations

import json
import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.items import Json
from labeling.pools.contract import Column
from labeling.pools.pool import Pool

BINS = 24
SAMPLE_ROWS = 200_000
"""Rows that are looked at, evenly spread over the pool."""
SAMPLE_VALUES = 20_000_000
"""Values that are looked at in all: of a pool with very many columns fewer rows."""
BLOCK_ROWS = 2_000
COLUMNS_AT_ONCE = 16
"""Columns held in memory together."""
SHOWN_RANGE = (0.5, 99.5)
"""Percentiles between which the bins lie, so that one stray number does not press all others into one."""
CATEGORIES_SHOWN = 50
LONGEST_CATEGORY = 200
DIGITS = 6

FloatArray = npt.NDArray[np.float64]


class ColumnSummaries:
    """The summaries of one pool's columns; safe to use from several threads."""

    def __init__(self, pool: Pool) -> None:
        """Remember the pool; nothing is read yet."""
        self._pool = pool
        self._lock = threading.Lock()
        self._text: bytes | None = None

    def read(self) -> bytes:
        """Return the summaries as JSON; the first call computes them and others wait for it.

        Raises:
            SnapshotError: the pool's files are damaged.
        """
        with self._lock:
            if self._text is None:
                self._text = json.dumps(summarise(self._pool), allow_nan=False).encode()
            return self._text


def summarise(pool: Pool) -> Json:
    """Return how the columns are spread that have numbers or categories; texts and the hidden truth have no summary.

    Args:
        pool: the opened pool.

    Returns:
        `rows`, how many were looked at, and `columns`, by name. Of numbers: `kind` "numeric"; `low` and `high`, the
        ends of the bins; `counts`, BINS of them, what lies beyond an end in the outermost bin; `percentiles`, 101
        values from the least to the greatest; `missing`, a share; `date`, whether they are seconds since 1970. Of
        categories: `kind` "categorical"; `shares`, [category, share], the most frequent first; `missing`. A column
        without any value has `kind` "empty".
    """
    columns = [column for column in pool.columns if column.role != "text"]
    blocks = _blocks(pool.n, min(SAMPLE_ROWS, SAMPLE_VALUES // max(len(columns), 1)))
    found: dict[str, Json] = {}
    for first in range(0, len(columns), COLUMNS_AT_ONCE):
        group = columns[first : first + COLUMNS_AT_ONCE]
        names = [column.name for column in group]
        frame = pd.concat([pool.frame(start, stop, columns=names) for start, stop in blocks])
        found |= {column.name: _summary(column, frame[column.name]) for column in group}
    return {"rows": sum(stop - start for start, stop in blocks), "columns": found}


def _blocks(n: int, most: int) -> list[tuple[int, int]]:
    """Return stretches of rows, evenly spread, `most` rows or a little more in all."""
    if n <= max(most, BLOCK_ROWS):
        return [(start, min(start + BLOCK_ROWS, n)) for start in range(0, n, BLOCK_ROWS)]
    starts = np.linspace(0, n - BLOCK_ROWS, max(most // BLOCK_ROWS, 1)).astype(np.int64)
    return [(int(start), int(start) + BLOCK_ROWS) for start in np.unique(starts)]


def _summary(column: Column, values: pd.Series[Any]) -> Json:
    if column.role == "numeric":
        return _of_numbers(values.to_numpy(dtype=np.float64), date=column.unit is not None)
    shares = values.value_counts(normalize=True)
    if not len(shares):
        return {"kind": "empty"}
    top = shares.iloc[:CATEGORIES_SHOWN]
    told = [[name, _short(share)] for name, share in top.items() if len(str(name)) <= LONGEST_CATEGORY]
    return {"kind": "categorical", "shares": told, "missing": _short(float(values.isna().mean()))}


def _of_numbers(values: FloatArray, *, date: bool) -> Json:
    there = values[np.isfinite(values)]
    if not len(there) or not math.isfinite(float(there.max()) - float(there.min())):
        # The second: numbers so far apart that no float holds their distance.
        return {"kind": "empty"}
    low, high = (float(edge) for edge in np.percentile(there, SHOWN_RANGE))
    if high <= low:
        low, high = float(there.min()), float(there.max())
    counts, _ = np.histogram(there.clip(low, high), bins=BINS, range=(low, high))
    return {
        "kind": "numeric",
        "low": low,
        "high": high,
        "counts": counts.tolist(),
        # Numbers of a long range are shown to as many digits; dates need all of theirs.
        "percentiles": [
            value if date else _short(value) for value in np.percentile(there, np.arange(101)).tolist()
        ],
        "missing": _short(1 - len(there) / len(values)),
        "date": date,
    }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
