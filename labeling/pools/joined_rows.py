"""Rows with the columns of other sources beside them, looked up by a key, in bounded memory.

The other source is read once, into an Arrow file that is mapped and an index of its keys (16 bytes for each row); then
each batch takes what it needs. Items of which the other source knows nothing have no values there.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from config.names import closest
from config.pool_parts import JoinSection
from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.contract import HashArray
from labeling.pools.errors import PoolColumnsError, PoolKeysError
from labeling.pools.hashing import hash_strings
from labeling.pools.key_index import KeyIndex, repeated_rows, write_key_index
from labeling.pools.rows import Rows
from labeling.pools.values import as_strings

_SHOWN = 5
_KEY = 0
"""Place of the key in the stored file; the columns follow."""


class JoinedRows:
    """A source with the columns of another beside its own."""

    def __init__(self, base: Rows, other: Rows, section: JoinSection) -> None:
        """Name the columns; the other source is read when one of its columns is first asked for.

        Args:
            base: the pool's rows.
            other: the other source.
            section: by which columns they fit together.

        Raises:
            PoolColumnsError: a key is no column, cannot be compared, or no name is left for a column.
        """
        self.path, self.total, self.unnamed_first = base.path, base.total, base.unnamed_first
        self._base, self._other = base, other
        self._key = section.key
        self._their_key = section.their_key or section.key
        _check_key(base, self._key, "pool.join.key")
        _check_key(other, self._their_key, "pool.join.their_key" if section.their_key else "pool.join.key")
        self._renamed = _names_apart(base, other, self._their_key, section.prefix or other.path.stem)
        self.names = [*base.names, *self._renamed]
        self.types = {**base.types, **{new: other.types[old] for new, old in self._renamed.items()}}
        self._stored: _Stored | None = None
        self._unmatched = 0

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns.

        Raises:
            PoolKeysError: the other source has a key twice.
            PoolContentError: one of the two is damaged.
        """
        theirs = [name for name in names if name in self._renamed]
        own = [name for name in names if name not in self._renamed]
        if not theirs:
            yield from self._base.batches(own, rows=rows)
            return
        stored = self._store()
        places = {name: 1 + list(self._renamed).index(name) for name in theirs}
        self._unmatched = 0
        for batch in self._base.batches(list(dict.fromkeys([*own, self._key])), rows=rows):
            keys = plain_keys(batch.column(batch.schema.get_field_index(self._key)))
            found = stored.index.rows(keys)
            self._unmatched += int((found < 0).sum())
            arrays = [
                _taken(stored.rows, found, places[name])
                if name in places
                else batch.column(batch.schema.get_field_index(name))
                for name in names
            ]
            yield pa.record_batch(arrays, names=list(names))

    def remarks(self) -> list[str]:
        """Return what the person should know: of both sources, and of items that are in one alone."""
        said = [*self._base.remarks(), *self._other.remarks()]
        if self._unmatched:
            said.append(
                f"{self._other.path.name}: {self._unmatched:,} items have no row there; its columns are empty"
            )
        said += [
            f"column {old!r} of {self._other.path.name} is called {new!r} here"
            for new, old in self._renamed.items()
            if new != old
        ]
        return said

    def class_names(self, name: str) -> list[str] | None:
        """Return the names behind a whole-number column, where its source gives them."""
        if name in self._renamed:
            return self._other.class_names(self._renamed[name])
        return self._base.class_names(name)

    def _store(self) -> _Stored:
        if self._stored is None:
            self._stored = _Stored(self._other, self._their_key, list(self._renamed.values()))
        return self._stored


class _Stored:
    """The other source in a file of its own, which goes when this does.

    Attributes:
        rows: key and columns, mapped.
        index: from a key to its row.
    """

    def __init__(self, other: Rows, key: str, columns: list[str]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="goldpan-join-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        file, index = folder / "rows.arrow", folder / "index.npy"
        hashes = _write(other, key, columns, file)
        self.rows = ArrowRows(file)
        repeated = repeated_rows(hashes, lambda rows: self.rows.take(rows, _KEY))
        blank = pc.equal(self.rows.take(repeated, _KEY), "").to_numpy(zero_copy_only=False)
        repeated = repeated[~blank]
        if len(repeated):
            shown = ", ".join(
                f"{str(self.rows.value(row, _KEY))[:60]!r} again in row {row + 1}"
                for row in repeated[:_SHOWN].tolist()
            )
            raise PoolKeysError(
                f"{other.path}: column {key!r} has {len(repeated)} keys more than once ({shown}"
                f"{', …' if len(repeated) > _SHOWN else ''}); each item takes one row from there: leave one row for "
                "each key, or join by another column"
            )
        write_key_index(index, hashes)
        table = np.load(index, mmap_mode="r", allow_pickle=False)
        self.index = KeyIndex(table, self._keys_of)

    def _keys_of(self, rows: npt.NDArray[np.int64]) -> pa.Array:
        # A key that is empty fits nothing, not even another empty one.
        keys = self.rows.take(rows, _KEY)
        return pc.if_else(pc.equal(keys, ""), pa.scalar(None, pa.string()), keys)


def plain_keys(values: pa.Array) -> pa.Array:
    """Return keys as texts that can be compared: 12, 12.0 and " 12 " are one key; "" where there is none."""
    if pa.types.is_floating(values.type):
        whole = pc.equal(values, pc.floor(values))
        exact = pc.and_(pc.fill_null(whole, False), pc.less(pc.fill_null(pc.abs(values), np.inf), 2.0**53))
        numbers = pc.if_else(exact, values, pa.scalar(0.0, values.type))
        values = pc.if_else(exact, as_strings(pc.cast(numbers, pa.int64())), as_strings(values))
    return pc.utf8_trim_whitespace(pc.fill_null(as_strings(values), ""))


def _write(other: Rows, key: str, columns: list[str], file: Path) -> HashArray:
    """Store key and columns; return the hashes of the keys."""
    hashes: list[HashArray] = [np.empty(0, np.uint64)]
    schema = pa.schema([("key", pa.string()), *((name, other.types[name]) for name in columns)])
    with ExitStack() as stack:
        writer = stack.enter_context(pa.ipc.new_file(str(file), schema))
        for batch in other.batches(list(dict.fromkeys([key, *columns]))):
            keys = plain_keys(batch.column(0))
            arrays = [batch.column(batch.schema.get_field_index(name)) for name in columns]
            writer.write_batch(pa.record_batch([keys, *arrays], schema=schema))
            hashes.append(hash_strings(keys))
    return np.concatenate(hashes)


def _taken(rows: ArrowRows, wanted: npt.NDArray[np.int64], place: int) -> pa.Array:
    """Return the values of some rows, null for -1."""
    there = wanted >= 0
    values = rows.take(wanted[there], place)
    if there.all():
        return values
    places = np.cumsum(there) - 1
    return values.take(pa.array(places, mask=~there))


def _check_key(rows: Rows, name: str, part: str) -> None:
    if name not in rows.names:
        raise PoolColumnsError(
            f"{rows.path}: {part}: {name!r} is not a column{closest(name, rows.names)} "
            f"(columns: {', '.join(rows.names[:40])})"
        )
    kind = rows.types[name]
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise PoolColumnsError(f"{rows.path}: {part}: {name!r} holds {kind}, which cannot be compared")


def _names_apart(base: Rows, other: Rows, key: str, prefix: str) -> dict[str, str]:
    """Return the name here → the name there of each column that is added, the key left out."""
    taken = set(base.names)
    renamed: dict[str, str] = {}
    for name in other.names:
        if name == key:
            continue
        new = name if name not in taken else f"{prefix}_{name}"
        if new in taken:
            raise PoolColumnsError(
                f"{other.path}: its column {name!r} would be called {new!r}, which is taken too; set another "
                "pool.join.prefix"
            )
        taken.add(new)
        renamed[new] = name
    return renamed
