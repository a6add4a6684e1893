"""From key to row in a pool of any size: sorted key hashes in a memory-mapped file, each hit checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.contract import HashArray
from labeling.pools.hashing import hash_strings

IntArray = npt.NDArray[np.int64]

PART_ROWS = 65_536
"""Keys read together where many of them may repeat."""


class KeyIndex:
    """Finds rows by key. Two keys of one hash are told apart by comparing the keys themselves."""

    def __init__(
        self,
        table: npt.NDArray[np.uint64],
        keys_of: Callable[[IntArray], pa.Array],
        hasher: Callable[[pa.Array], HashArray] = hash_strings,
    ) -> None:
        """Make an index over what `write_key_index` wrote.

        Args:
            table: (2, n) uint64; the sorted key hashes, and the row that each belongs to.
            keys_of: gives the keys of (m,) int64 rows as an Arrow string array.
            hasher: the hash of an Arrow string array's values.
        """
        self._hashes = table[0]
        self._rows = table[1]
        self._keys_of = keys_of
        self._hasher = hasher

    def rows(self, keys: Sequence[str] | pa.Array) -> IntArray:
        """Return (m,) int64, the row of each key, -1 where the pool has no such key.

        Args:
            keys: m keys, or an Arrow string array of them.
        """
        wanted = keys if isinstance(keys, pa.Array) else pa.array(list(keys), type=pa.string())
        found = np.full(len(wanted), -1, dtype=np.int64)
        hashes = self._hasher(wanted)
        places = np.searchsorted(self._hashes, hashes, side="left").astype(np.int64)
        open_ = np.arange(len(wanted))
        while len(open_):
            # One step for each equal hash: the second step happens only on a true collision.
            inside = places[open_] < len(self._hashes)
            open_ = open_[inside]
            open_ = open_[self._hashes[places[open_]] == hashes[open_]]
            if not len(open_):
                break
            rows = self._rows[places[open_]].astype(np.int64)
            same = _equal(self._keys_of(rows), wanted.take(pa.array(open_)))
            found[open_[same]] = rows[same]
            open_ = open_[~same]
            places[open_] += 1
        return found


def write_key_index(path: Path, hashes: HashArray) -> None:
    """Write the index of a pool whose row i has the key hash `hashes[i]`.

    Args:
        path: the `.npy` file to write.
        hashes: (n,) uint64.
    """
    order = np.argsort(hashes, kind="stable")
    np.save(path, np.stack([hashes[order], order.astype(np.uint64)]), allow_pickle=False)


def repeated_rows(hashes: HashArray, keys_of: Callable[[IntArray], pa.Array]) -> IntArray:
    """Return the rows, ascending, whose key an earlier row already has.

    Keys are read a part at a time, and only those whose hash another row has: however many repeat, few are in memory.

    Args:
        hashes: (n,) uint64, the key hash of each row.
        keys_of: gives the keys of (m,) int64 rows as an Arrow string array.
    """
    order = np.argsort(hashes, kind="stable")
    twin = hashes[order][1:] == hashes[order][:-1]
    inside = np.zeros(len(order), dtype=bool)
    inside[1:] |= twin
    inside[:-1] |= twin
    # Rows of one hash stand together, the lower row first; so do the rows of one key, among them.
    suspects = order[inside].astype(np.int64)
    found = [np.empty(0, np.int64)]
    known = pa.array([], type=pa.string())
    known_hash: np.uint64 | None = None
    for start in range(0, len(suspects), PART_ROWS):
        rows = suspects[start : start + PART_ROWS]
        keys = pc.cast(keys_of(rows), pa.string())
        codes = keys.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        again = np.ones(len(rows), dtype=bool)
        again[np.unique(codes, return_index=True)[1]] = False
        own = hashes[rows]
        if known_hash == own[0]:
            again |= pc.is_in(keys, value_set=known).to_numpy(zero_copy_only=False)
        found.append(rows[again])
        last = pc.unique(keys.filter(pa.array(own == own[-1])))
        same = known_hash == own[-1]
        known, known_hash = (pc.unique(pa.concat_arrays([known, last])) if same else last), own[-1]
    return np.sort(np.concatenate(found))


def _equal(left: pa.Array, right: pa.Array) -> npt.NDArray[np.bool_]:
    """Return where two Arrow string arrays of one length agree; a null agrees with nothing."""
    same: npt.NDArray[np.bool_] = pc.fill_null(pc.equal(left, right), False).to_numpy(zero_copy_only=False)
    return same
