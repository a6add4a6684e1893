"""What belongs together: items of one patient, one night, one image cut into crops, and copies of one another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from labeling.curation.errors import GroupColumnError
from labeling.pools.pool import Pool

IntArray = npt.NDArray[np.int64]
MOST_EXACT = 2.0**53
"""Whole numbers beyond it are not all told apart in a column that was stored as numbers."""


def column_groups(pool: Pool, name: str, rows: IntArray) -> tuple[IntArray, list[str]]:
    """Return the groups of some items by a column of the pool.

    Args:
        pool: the pool.
        name: a stored column.
        rows: (m,) int64; rows of the pool.

    Returns:
        (m,) int64, the number of each item's group, −1 where it has no value and so is alone; and the groups' names by
        number.

    Raises:
        GroupColumnError: the pool's snapshot has no such column, or numbers there are too large to be told apart.
    """
    if name not in {column.name for column in pool.columns}:
        raise GroupColumnError(
            f"pool.group: {name!r} is no column of the project's snapshot of the pool (columns there: "
            f"{', '.join(column.name for column in pool.columns) or 'none'}); `goldpan refresh` takes it in"
        )
    values = pool.take(rows, name)
    encoded = pc.dictionary_encode(values)
    distinct = encoded.dictionary.to_pylist()
    if any(isinstance(value, float) and abs(value) >= MOST_EXACT for value in distinct):
        raise GroupColumnError(
            f"pool.group: {name!r} was stored as numbers, and some are beyond 2^53, where not all whole numbers are "
            "told apart; `goldpan refresh` stores it as text"
        )
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, [_written(value) for value in distinct]


def join_groups(*partitions: IntArray) -> IntArray:
    """Return (m,) int64: what belongs together by any of several partitions, over others too.

    Args:
        partitions: (m,) int64 each, at least one; the number of each item's group, −1 where it is alone.

    Returns:
        The number of each item's group, from 0; every item has one, alone or not.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(partitions[0])
    if not count:
        return np.empty(0, np.int64)
    firsts, others = [], []
    for groups in partitions:
        members = np.flatnonzero(groups >= 0)
        _, first, place = np.unique(groups[members], return_index=True, return_inverse=True)
        firsts.append(members[first][place])
        others.append(members)
    rows, columns = np.concatenate(firsts), np.concatenate(others)
    edges = coo_array((np.ones(len(rows), np.bool_), (rows, columns)), shape=(count, count))
    return np.asarray(connected_components(edges, directed=False)[1], np.int64)


def _written(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
