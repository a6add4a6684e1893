"""A stored column as colours: numbers along a ramp, texts as classes. One or two passes, nothing kept for an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.pools.pool import Pool

CHUNK_ROWS = 65_536

NAMES_MOST = 20
"""Different texts that are told apart by colour."""

OTHER_PLACES = NAMES_MOST - 1
"""Of more, so many: the last colour is for all others."""

TALLY_MOST = 50_000
"""Different texts that are counted at once; of more, the rarer half is let go."""

SAMPLE_ROWS = 200_000
"""Rows that say how far the ramp reaches."""

REACH = (0.01, 0.99)
"""Quantiles at the ends of the ramp, so that a few stray values do not leave one colour to all others."""

NAME_MOST = 200
"""Characters of a text that are kept as its name."""


def column_values(pool: Pool, name: str) -> tuple[npt.NDArray[np.float16], tuple[float, float]]:
    """Return a numeric column along a ramp.

    Args:
        pool: the opened pool.
        name: of a stored numeric column.

    Returns:
        (n,) float16, 0 to 1, NaN where the value is missing; values beyond the ends are 0 or 1. And what 0 and 1 stand
        for: the 1st and the 99th percentile, or the least and the largest value where these are the same.
    """
    low, high = _reach(pool, name)
    scale = 1.0 / (high - low) if high > low else 0.0
    values = np.empty(pool.n, np.float16)
    for start, part in _parts(pool, name):
        numbers = part.to_numpy(np.float64)
        values[start : start + len(numbers)] = np.clip((numbers - low) * scale, 0, 1)
    return values, (low, high)


def column_codes(pool: Pool, name: str) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    """Return a column of texts as codes.

    Args:
        pool: the opened pool.
        name: of a stored column.

    Returns:
        (n,) int16 place of each item's text among the names, -1 where it is missing; and the names, the most frequent
        first: all texts where there are few, else the most frequent ones and one name for all others.
    """
    tally: dict[str, int] = {}
    for _, part in _parts(pool, name):
        for text, count in part.value_counts(dropna=True).items():
            tally[str(text)] = tally.get(str(text), 0) + int(count)
        if len(tally) > TALLY_MOST:
            tally = dict(sorted(tally.items(), key=lambda entry: -entry[1])[: TALLY_MOST // 2])
    names = top_names(tally)
    known = pd.Index([name for name in names if name in tally], dtype="str")
    codes = np.empty(pool.n, np.int16)
    for start, part in _parts(pool, name):
        found = known.get_indexer(pd.Index(part.astype("str"))) if len(known) else np.full(len(part), -1)
        other = np.where(part.isna().to_numpy(), -1, len(names) - 1)
        codes[start : start + len(part)] = np.where(found >= 0, found, other)
    return codes, tuple(name[:NAME_MOST] for name in names)


def top_names(tally: Mapping[str, int]) -> tuple[str, ...]:
    """Return the names to tell apart, the most frequent first, equal ones by name.

    Args:
        tally: how often each occurs.
    """
    order = sorted(tally, key=lambda name: (-tally[name], name))
    if len(order) <= NAMES_MOST:
        return tuple(order)
    return (*order[:OTHER_PLACES], f"{len(order) - OTHER_PLACES:,} others")


def _parts(pool: Pool, name: str) -> Iterator[tuple[int, pd.Series]]:
    for start in range(0, pool.n, CHUNK_ROWS):
        yield start, pool.frame(start, min(start + CHUNK_ROWS, pool.n), columns=[name])[name]


def _reach(pool: Pool, name: str) -> tuple[float, float]:
    step = -(-pool.n // SAMPLE_ROWS)
    sample = np.concatenate([part.to_numpy(np.float64)[::step] for _, part in _parts(pool, name)])
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return 0.0, 1.0
    low, high = (float(edge) for edge in np.quantile(sample, REACH))
    return (low, high) if high > low else (float(sample.min()), float(sample.max()))
