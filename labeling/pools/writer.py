"""Stores the parts of a reading as the files of a snapshot, in bounded memory (16 bytes stay for each item)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.contract import HashArray, Part, Reading
from labeling.pools.earlier import OtherSourceError, Taken
from labeling.pools.errors import PoolEmptyError, PoolKeysError
from labeling.pools.hashing import hash_strings
from labeling.pools.key_index import repeated_rows, write_key_index
from labeling.pools.snapshot_file import (
    HASH_COLUMN,
    ITEMS_FILE,
    KEY_COLUMN,
    KEYS_FILE,
    MEDIA_FILE,
    PLACES_FILE,
    PROBLEM_COLUMN,
    READABLE_FILE,
    VECTORS_FILE,
    Snapshot,
    Source,
    StoredColumn,
    StoredShard,
    write_snapshot_file,
)
from labeling.pools.truth import TruthWriter
from labeling.pools.values import item_hash

_MEDIA_BATCH_BYTES = 16 << 20
_SHOWN = 5
PLACES = ("shard", "offset", "stored", "size")
"""Columns of `places.arrow`."""


class ContentHash:
    """A hash of keys and item hashes in their order, whatever the parts they arrive in."""

    def __init__(self) -> None:
        """Start with no items."""
        self._keys, self._lengths, self._items = sha256(), sha256(), sha256()

    def add(self, keys: pa.Array, hashes: HashArray) -> None:
        """Take in the next items.

        Args:
            keys: Arrow string array of b keys, none null.
            hashes: (b,) uint64, their item hashes.
        """
        self._keys.update(_bytes_of(keys))
        self._lengths.update(pc.binary_length(keys).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        self._items.update(hashes.astype("<u8").tobytes())

    def hexdigest(self) -> str:
        """Return the SHA-256 of all so far, in hexadecimal."""
        return sha256(self._keys.digest() + self._lengths.digest() + self._items.digest()).hexdigest()


class SnapshotWriter:
    """Writes one snapshot into an empty folder: `add` the parts, `close`, `finish`.

    Attributes:
        count: items so far.
    """

    def __init__(self, folder: Path, reading: Reading) -> None:
        """Open the files.

        Args:
            folder: an empty folder.
            reading: what is being read; its parts are given to `add`.
        """
        self.count = 0
        self._folder, self._reading = folder, reading
        fields = [
            ("key", pa.string()),
            ("hash", pa.uint64()),
            ("problem", pa.string()),
            ("path", pa.string()),
        ]
        for column in reading.columns:
            stored = pa.float64() if column.role == "numeric" else pa.string()
            fields.append((f"column.{column.name}", stored))
        self._schema = pa.schema(fields)
        self._items = pa.ipc.new_file(str(folder / ITEMS_FILE), self._schema)
        self._media: pa.Array = None
        self._places: pa.Array = None
        self._vectors: BinaryIO | None = None
        self._truth = TruthWriter(folder)
        self._content = ContentHash()
        self._key_hashes: list[HashArray] = []
        self._readable: list[pa.Array] = []
        self._empty: list[npt.NDArray[np.int64]] = []

    def add(self, part: Part) -> None:
        """Store the next items."""
        size = len(part.keys)
        keys = pc.fill_null(part.keys, "")
        hashes = item_hash(self._reading.columns, part.columns, part.content, size)
        paths = part.paths if part.paths is not None else pa.nulls(size, pa.string())
        arrays = [keys, pa.array(hashes), part.problems, paths, *part.columns]
        self._add_items(pa.record_batch(arrays, schema=self._schema))
        self._add_media([] if part.media is None else _split(part.media))
        self._add_aside(part.places, part.vectors)
        self._add_truth(part)

    def add_again(self, part: Part, taken: Taken) -> None:
        """Store the next items as an earlier import had stored them.

        Args:
            part: what the source gives now; its keys and its hidden truth count.
            taken: as they were stored.

        Raises:
            OtherSourceError: the keys differ.
        """
        keys = pc.fill_null(part.keys, "")
        if not taken.items.schema.equals(self._schema) or not taken.items.column(KEY_COLUMN).equals(
            pc.cast(keys, pa.string())
        ):
            raise OtherSourceError("the source has other items than the earlier import had")
        self._add_items(taken.items)
        self._add_media(taken.media)
        self._add_aside(taken.places, taken.vectors)
        self._add_truth(part)

    @property
    def content(self) -> str:
        """The hash of all items so far."""
        return self._content.hexdigest()

    def flush(self) -> None:
        """Hand all that was added to the system."""
        if self._vectors is not None:
            self._vectors.flush()

    def close(self) -> None:
        """Close all files."""
        for file in (self._items, self._media, self._places, self._vectors, self._truth):
            if file is not None:
                file.close()

    def finish(self, *, reader: str, source: Source, place: str) -> Snapshot:
        """Check the keys and write what needs all items.

        Args:
            reader: the reader's name.
            source: where the pool came from.
            place: the path, for messages.

        Raises:
            PoolEmptyError: there was no item.
            PoolKeysError: keys are empty or given twice.
        """
        if not self.count:
            raise PoolEmptyError(f"{place} holds no item; a pool needs at least one")
        hashes = np.concatenate(self._key_hashes)
        self._check_keys(hashes, place)
        write_key_index(self._folder / KEYS_FILE, hashes)
        readable = np.concatenate(self._readable)
        np.save(self._folder / READABLE_FILE, readable, allow_pickle=False)
        unreadable = int((~readable).sum())
        notes = list(self._reading.notes)
        if unreadable:
            notes.append(
                f"{unreadable} items cannot be read; they are kept, shown as unreadable and not proposed"
            )
        snapshot = Snapshot(
            reader=reader,
            kind=self._reading.kind,
            n=self.count,
            hash=self._content.hexdigest(),
            source=source,
            columns=tuple(
                StoredColumn(name=each.name, role=each.role, unit=each.unit, use=each.use)
                for each in self._reading.columns
            ),
            unreadable=unreadable,
            dimensions=self._reading.dimensions,
            channels=self._reading.channels,
            shards=tuple(StoredShard(name=each.name, size=each.size) for each in self._reading.shards),
            pictures=self._reading.pictures,
            notes=tuple(notes),
        )
        write_snapshot_file(self._folder, snapshot)
        _flush_all(self._folder)
        return snapshot

    def _add_items(self, batch: pa.RecordBatch) -> None:
        keys, hashes, problems = (batch.column(place) for place in (KEY_COLUMN, HASH_COLUMN, PROBLEM_COLUMN))
        self._items.write_batch(batch)
        self._content.add(keys, hashes.to_numpy(zero_copy_only=False))
        self._key_hashes.append(hash_strings(keys))
        self._readable.append(problems.is_null().to_numpy(zero_copy_only=False))
        blank = np.flatnonzero(pc.equal(keys, "").to_numpy(zero_copy_only=False))
        self._empty.append(blank + self.count)
        self.count += len(batch)

    def _add_truth(self, part: Part) -> None:
        if part.truth is not None:
            self._truth.add(part.truth)

    def _add_media(self, pieces: Iterable[pa.Array]) -> None:
        for piece in pieces:
            if self._media is None:
                schema = pa.schema([("media", pa.large_binary())])
                self._media = pa.ipc.new_file(str(self._folder / MEDIA_FILE), schema)
            self._media.write_batch(pa.record_batch([piece], names=["media"]))

    def _add_aside(
        self, places: npt.NDArray[np.int64] | None, vectors: npt.NDArray[np.float32] | None
    ) -> None:
        if places is not None:
            if self._places is None:
                fields = [(name, pa.int64()) for name in PLACES]
                self._places = pa.ipc.new_file(str(self._folder / PLACES_FILE), pa.schema(fields))
            numbers = [pa.array(column) for column in places.T]
            self._places.write_batch(pa.record_batch(numbers, names=list(PLACES)))
        if vectors is not None:
            if self._vectors is None:
                self._vectors = (self._folder / VECTORS_FILE).open("wb")
                shape = (self._reading.total, self._reading.dimensions)
                header = {"descr": "<f4", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(self._vectors, header)
            self._vectors.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())

    def _check_keys(self, hashes: HashArray, place: str) -> None:
        problems = []
        empty = np.concatenate(self._empty)
        if len(empty):
            problems.append(f"{len(empty)} keys are empty (rows {_some(empty, lambda row: str(row + 1))})")
        items = ArrowRows(self._folder / ITEMS_FILE)
        repeated = repeated_rows(hashes, lambda rows: items.take(rows, KEY_COLUMN))
        repeated = repeated[~np.isin(repeated, empty)]
        if len(repeated):
            shown = _some(
                repeated, lambda row: f"{items.value(row, KEY_COLUMN)[:60]!r} again in row {row + 1}"
            )
            problems.append(f"{len(repeated)} keys are given more than once ({shown})")
        if problems:
            raise PoolKeysError(
                f"{place}: {' and '.join(problems)}; every item needs a key of its own: mend them, name another column "
                "as pool.key, or leave it out to number the rows"
            )


def _bytes_of(texts: pa.Array) -> memoryview:
    """Return the UTF-8 bytes of an Arrow string array without nulls, one text after the other, where they lie."""
    _, offset_buffer, data = texts.buffers()
    if not len(texts) or data is None:
        return memoryview(b"")
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)
    start, stop = int(offsets[texts.offset]), int(offsets[texts.offset + len(texts)])
    return memoryview(data)[start:stop]


def _split(media: pa.Array) -> list[pa.Array]:
    """Cut an array of bytes into pieces of bounded size; one value larger than that is a piece of its own."""
    lengths = pc.fill_null(pc.binary_length(media), 0).to_numpy(zero_copy_only=False)
    pieces, start, size = [], 0, 0
    for row, length in enumerate(lengths.tolist()):
        if row > start and size + length > _MEDIA_BATCH_BYTES:
            pieces.append(media.slice(start, row - start))
            start, size = row, 0
        size += length
    pieces.append(media.slice(start))
    return pieces


def _some(rows: npt.NDArray[np.int64], name: Callable[[int], str]) -> str:
    return ", ".join(name(row) for row in rows[:_SHOWN].tolist()) + (", …" if len(rows) > _SHOWN else "")


def _flush_all(folder: Path) -> None:
    """Bring every file to disk before the folder gets its name."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
