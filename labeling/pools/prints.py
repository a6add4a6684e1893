"""Fingerprints of a pool's items: small enough to travel in a shared config, enough to say which items changed.

Each item is 20 hexadecimal digits: 12 of its key's hash, 8 of its content's. Neither the key nor the content can be
read from them. A key that is gone can so be named only where somebody else remembers it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.contract import HashArray
from labeling.pools.hashing import hash_strings
from labeling.pools.pool import Pool
from labeling.pools.snapshot_file import HASH_COLUMN, ITEMS_FILE, KEY_COLUMN

MOST_ITEMS = 100_000
"""Pools of more items travel without fingerprints: they would be far larger than all else in the file."""

SHOWN = 5
"""Keys that a message names of each kind."""

_DIGITS = 20
_A_LINE = 50
_PART = 50_000
_KEY_BITS, _CONTENT_BITS = np.uint64(48), np.uint64(32)


@dataclass(frozen=True)
class PoolDifference:
    """How a pool differs from the one whose fingerprints there are.

    Attributes:
        added: keys of items that are new here.
        changed: keys of items whose content is another here.
        gone: how many items are not here.
        gone_keys: the keys of those, as far as they are known.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: int
    gone_keys: tuple[str, ...]

    def describe(self) -> str:
        """Return what differs, in words; a pool in another order, or with other columns, says so."""
        parts = [
            f"{count:,} {what}{_named(keys, count)}"
            for what, count, keys in (
                ("added", len(self.added), self.added),
                ("gone", self.gone, self.gone_keys),
                ("changed", len(self.changed), self.changed),
            )
            if count
        ]
        return "; ".join(parts) or "the same items, in another order or with columns of other names"


def pool_prints(pool: Pool) -> list[str]:
    """Return the fingerprints of a pool's items in its order, _A_LINE items a line; nothing for a large pool.

    Args:
        pool: the open snapshot.
    """
    if pool.n > MOST_ITEMS:
        return []
    keys, contents = _hashes(pool)
    digits = [f"{int(key):012x}{int(content):08x}" for key, content in zip(keys, contents, strict=True)]
    return ["".join(digits[start : start + _A_LINE]) for start in range(0, len(digits), _A_LINE)]


def compare_prints(prints: Sequence[str], pool: Pool, *, known: Collection[str] = ()) -> PoolDifference:
    """Say which items of a pool are not what the fingerprints say.

    Args:
        prints: as `pool_prints` gave them.
        pool: the open snapshot of the other pool.
        known: keys that the other pool may have had, to name those that are gone.
    """
    joined = "".join(prints)
    then = {
        int(joined[start : start + 12], 16): int(joined[start + 12 : start + _DIGITS], 16)
        for start in range(0, len(joined), _DIGITS)
    }
    keys, contents = _hashes(pool)
    added = [row for row, key in enumerate(keys.tolist()) if key not in then]
    changed = [
        row
        for row, (key, content) in enumerate(zip(keys.tolist(), contents.tolist(), strict=True))
        if then.get(key, content) != content
    ]
    gone = set(then) - set(keys.tolist())
    names = list(dict.fromkeys(known))
    hashes = _shortened(hash_strings(pa.array(names, type=pa.string())), _KEY_BITS).tolist()
    return PoolDifference(
        added=tuple(pool.keys(added)),
        changed=tuple(pool.keys(changed)),
        gone=len(gone),
        gone_keys=tuple(name for name, key in zip(names, hashes, strict=True) if key in gone),
    )


def _hashes(pool: Pool) -> tuple[HashArray, HashArray]:
    """Return (n,) the hashes of the keys and of the contents, shortened."""
    items = ArrowRows(pool.folder / ITEMS_FILE)
    keys, contents = [], []
    for start in range(0, pool.n, _PART):
        stop = min(start + _PART, pool.n)
        keys.append(hash_strings(items.span(start, stop, KEY_COLUMN).combine_chunks()))
        contents.append(items.span(start, stop, HASH_COLUMN).to_numpy())
    nothing = np.zeros(0, np.uint64)
    return (
        _shortened(np.concatenate([nothing, *keys]), _KEY_BITS),
        _shortened(np.concatenate([nothing, *contents]), _CONTENT_BITS),
    )


def _shortened(hashes: HashArray, bits: np.uint64) -> HashArray:
    return hashes & ((np.uint64(1) << bits) - np.uint64(1))


def _named(keys: Sequence[str], count: int) -> str:
    if not keys:
        return ""
    shown = ", ".join(keys[:SHOWN])
    return f" ({shown}{', …' if count > min(len(keys), SHOWN) else ''})"
