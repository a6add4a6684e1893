"""Exact duplicates: items of which everything a model reads is the same, whatever their keys and extra columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from labeling.pools.contract import HashArray
from labeling.pools.hashing import hash_numbers, hash_rows, hash_strings, join_hashes
from labeling.pools.pool import Pool
from labeling.pools.series import pack_series

BLOCK_ROWS = {"image": 256, "series": 256}
USUAL_BLOCK_ROWS = 4_096

IntArray = npt.NDArray[np.int64]


def content_hashes(pool: Pool) -> HashArray:
    """Return (n,) uint64: a hash of what a model reads of each item, a block of items in memory at a time.

    An image's is of its file: the same picture written twice in another format is a near-duplicate, not an exact one.
    Items that cannot be read have one hash.
    """
    hashes = np.zeros(pool.n, np.uint64)
    size = BLOCK_ROWS.get(pool.kind, USUAL_BLOCK_ROWS)
    for start in range(0, pool.n, size):
        stop = min(start + size, pool.n)
        hashes[start:stop] = _block_hashes(pool, start, stop)
    hashes[~np.asarray(pool.readable)] = 0
    return hashes


def equal_groups(hashes: HashArray, readable: npt.NDArray[np.bool_]) -> IntArray:
    """Return (n,) int64: the number of the group of equal items, in the order of first items; −1 where one is alone.

    Args:
        hashes: (n,) uint64, from `content_hashes`.
        readable: (n,) bool; an item that cannot be read equals none.
    """
    groups = np.full(len(hashes), -1, np.int64)
    rows = np.flatnonzero(readable)
    _, first, place, counts = np.unique(
        hashes[rows], return_index=True, return_inverse=True, return_counts=True
    )
    several = counts > 1
    numbers = np.full(len(counts), -1, np.int64)
    numbers[np.flatnonzero(several)[np.argsort(first[several])]] = np.arange(several.sum())
    groups[rows] = numbers[place]
    return groups


def _block_hashes(pool: Pool, start: int, stop: int) -> HashArray:
    if pool.kind == "image":
        return hash_strings(pa.array(pool.images(start, stop), type=pa.large_binary()))
    if pool.kind == "text":
        return hash_strings(pa.array(pool.texts(start, stop), type=pa.string()))
    if pool.kind == "series":
        found = [None if each is None else pack_series(each) for each in pool.series(start, stop)]
        return hash_strings(pa.array(found, type=pa.large_binary()))
    if pool.kind == "vectors":
        return hash_rows(pool.vectors(start, stop))
    total = np.zeros(stop - start, np.uint64)
    frame = pool.frame(start, stop)
    for name in frame:
        values = frame[name]
        if pool.roles[str(name)] == "numeric":
            total = join_hashes(total, hash_numbers(values.to_numpy(np.float64)))
        else:
            total = join_hashes(total, hash_strings(pa.array(values, type=pa.string(), from_pandas=True)))
    return total
