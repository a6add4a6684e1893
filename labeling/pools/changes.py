"""Did the pool change since its snapshot was made, and what moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from config.schema import PoolSection
from labeling.fetching.fetcher import Fetcher
from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.contract import HashArray, Part, Reading
from labeling.pools.errors import PoolContentError
from labeling.pools.pool import Pool
from labeling.pools.registry import locate, place_of, readers
from labeling.pools.snapshot_file import HASH_COLUMN, ITEMS_FILE
from labeling.pools.stamps import source_stamp
from labeling.pools.values import item_hash

_SHOWN = 5


@dataclass(frozen=True)
class PoolChange:
    """What is different in the source now. Labels belong to keys, so they stay with what kept its key.

    Attributes:
        added: items whose key the snapshot does not have.
        removed: items of the snapshot whose key is gone.
        changed: items with the same key and other content.
        moved: items with the same key and content in another row.
        added_keys: the first few of them; so the next two.
        removed_keys: the first few.
        changed_keys: the first few.
    """

    added: int
    removed: int
    changed: int
    moved: int
    added_keys: tuple[str, ...] = ()
    removed_keys: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return one sentence for the person."""
        parts = []
        for name, count, keys in (
            ("added", self.added, self.added_keys),
            ("removed", self.removed, self.removed_keys),
            ("changed", self.changed, self.changed_keys),
        ):
            if count:
                parts.append(f"{count:,} {name} ({', '.join(keys)}{', …' if count > len(keys) else ''})")
        if self.moved:
            parts.append(f"{self.moved:,} in another row")
        return f"the pool changed since the project was made: {'; '.join(parts)}"


def pool_changed(pool: Pool, section: PoolSection, base: Path) -> PoolChange | None:
    """Compare a snapshot with its source as it is now.

    Size and time of the last change are compared first; only where they differ is everything read and hashed again.

    Args:
        pool: the open snapshot.
        section: the pool's configuration.
        base: the folder that `section.path` is relative to.

    Returns:
        What is different, None where the content is the same.

    Raises:
        PoolMissingError: the source is gone. The snapshot itself can still be used.
        PoolError: the source cannot be read any more.
    """
    path = place_of(section, base)
    source = pool.snapshot.source
    if source_stamp(section, path) == (source.files, source.size, source.mtime_ns):
        return None
    fetcher = Fetcher()
    try:
        return compare(
            pool, readers.get(pool.snapshot.reader)(section, locate(section, base, fetcher=fetcher))
        )
    finally:
        fetcher.release()


def compare(pool: Pool, reading: Reading) -> PoolChange | None:
    """Return what differs between a snapshot and a reading, None where nothing does.

    Raises:
        PoolError: the source cannot be read.
    """
    items = ArrowRows(pool.folder / ITEMS_FILE)
    tally = _Tally(pool, items)
    try:
        for part in reading.parts:
            tally.add(part, item_hash(reading.columns, part.columns, part.content, len(part.keys)))
    except pa.ArrowException as error:
        raise PoolContentError(
            f"{pool.snapshot.source.path} holds values that cannot be converted ({error})"
        ) from error
    return tally.result()


class _Tally:
    """Counts differences part by part; a bit for each item is all that stays."""

    def __init__(self, pool: Pool, items: ArrowRows) -> None:
        self._pool, self._items = pool, items
        self._seen = np.zeros(pool.n, dtype=bool)
        self._added = self._changed = self._moved = self._count = 0
        self._added_keys: list[str] = []
        self._changed_keys: list[str] = []

    def add(self, part: Part, hashes: HashArray) -> None:
        """Take in the next items of the source."""
        keys = pc.fill_null(part.keys, "")
        rows = self._pool.rows(keys)
        new = rows < 0
        known = rows[~new]
        self._seen[known] = True
        before = self._items.take(known, HASH_COLUMN).to_numpy(zero_copy_only=False)
        differs = before != hashes[~new]
        places = np.arange(self._count, self._count + len(keys))
        self._moved += int(((known != places[~new]) & ~differs).sum())
        self._added += int(new.sum())
        self._changed += int(differs.sum())
        names = np.asarray(keys.to_pylist(), dtype=object)
        self._added_keys += names[new][: _SHOWN - len(self._added_keys)].tolist()
        self._changed_keys += names[~new][differs][: _SHOWN - len(self._changed_keys)].tolist()
        self._count += len(keys)

    def result(self) -> PoolChange | None:
        """Return the differences, None where there are none."""
        gone = np.flatnonzero(~self._seen)
        if not (self._added or self._changed or self._moved or len(gone)):
            return None
        return PoolChange(
            added=self._added,
            removed=len(gone),
            changed=self._changed,
            moved=self._moved,
            added_keys=tuple(self._added_keys),
            removed_keys=tuple(self._pool.keys(gone[:_SHOWN])),
            changed_keys=tuple(self._changed_keys),
        )
