"""The open pool: any item by its row or key, any stretch of rows for an encoder, nothing kept per item.

It reads only the snapshot's folder, and beside it the images or the `.npy` file that stayed where they were. The
hidden truth is not reachable from here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.contract import Column, ItemView, Kind, Role, Use
from labeling.pools.errors import PoolError, PoolKindError, SnapshotError
from labeling.pools.images import browser_image, has_deep_image
from labeling.pools.key_index import KeyIndex
from labeling.pools.media import CopiedMedia, open_media, read_rows
from labeling.pools.series import unpack_series
from labeling.pools.snapshot_file import (
    FIRST_COLUMN,
    HASH_COLUMN,
    ITEMS_FILE,
    KEY_COLUMN,
    KEYS_FILE,
    PROBLEM_COLUMN,
    READABLE_FILE,
    Snapshot,
    read_snapshot_file,
)
from labeling.pools.stretch import Stretch
from labeling.pools.values import format_value
from labeling.pools.vectors import NpyFile, open_npy

DEPTH_LOOKED_AT = 8
"""Images that are opened to tell whether a pool's have more than 8 bits."""

_COMPARED_ROWS = 65_536

IntArray = npt.NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)


def open_pool(folder: Path) -> Pool:
    """Open a snapshot.

    Args:
        folder: the snapshot's folder.

    Raises:
        SnapshotError: it is missing, damaged, or written by a newer goldpan.
    """
    return Pool(folder, read_snapshot_file(folder))


class Pool:
    """All items of a project, read-only; safe to use from several threads.

    Attributes:
        folder: the snapshot's folder.
        snapshot: its description, with notes for the person.
        n: number of items.
        hash: the content hash.
        kind: "table", "image", "text", "series" or "vectors".
        readable: (n,) bool; False where an item cannot be read.
        columns: the stored columns.
        roles: name → role of the columns that an encoder may read.
    """

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        """Map the files; use `open_pool`.

        Raises:
            SnapshotError: a file is missing or of the wrong length.
        """
        self.folder = folder
        self.snapshot = snapshot
        self.n = snapshot.n
        self.hash = snapshot.hash
        self.kind: Kind = snapshot.kind
        self.columns: tuple[Column, ...] = tuple(each.column() for each in snapshot.columns)
        self.roles: Mapping[str, Role] = MappingProxyType(
            {each.name: each.role for each in self.columns if each.use == "model"}
        )
        self._items = ArrowRows(folder / ITEMS_FILE)
        self.readable = _map(folder / READABLE_FILE, (self.n,), np.bool_)
        table = _map(folder / KEYS_FILE, (2, self.n), np.uint64)
        if len(self._items) != self.n:
            raise SnapshotError(f"{folder} is damaged: its files differ in length; make the snapshot again")
        self._index = KeyIndex(table, lambda rows: self._items.take(rows, KEY_COLUMN))
        self._media = open_media(folder, snapshot, self._items)
        self._given: NpyFile | None = None

    def __len__(self) -> int:
        return self.n

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person should know about the pool: missing numbers, mixed columns, unreadable items."""
        return self.snapshot.notes

    def key(self, row: int) -> str:
        """Return the key of a row.

        Raises:
            IndexError: the row is not in the pool.
        """
        return str(self._items.value(row, KEY_COLUMN))

    def keys(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Return the keys of some rows, in the order asked for.

        Raises:
            IndexError: a row is not in the pool.
        """
        wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
        if len(wanted) and not (int(wanted.min()) >= 0 and int(wanted.max()) < self.n):
            raise IndexError(f"rows {wanted.min()} to {wanted.max()} are not all in a pool of {self.n} items")
        found: list[str] = self._items.take(wanted, KEY_COLUMN).to_pylist()
        return found

    def row(self, key: str) -> int | None:
        """Return the row of a key, None where the pool has no such item."""
        row = int(self.rows([key])[0])
        return None if row < 0 else row

    def rows(self, keys: Sequence[str]) -> IntArray:
        """Return (m,) int64, the row of each key, -1 where the pool has no such item.

        Args:
            keys: m keys, or an Arrow string array.
        """
        return self._index.rows(keys)

    def keys_with(self, text: str, *, most: int) -> list[str]:
        """Return the first keys that contain a text, upper and lower case being the same.

        Args:
            text: a part of a key.
            most: keys at most.
        """
        found: list[str] = []
        for low in range(0, self.n, _COMPARED_ROWS):
            keys = self._items.span(low, min(low + _COMPARED_ROWS, self.n), KEY_COLUMN)
            matching = keys.filter(pc.match_substring(keys, text, ignore_case=True))
            found += matching.slice(0, most - len(found)).to_pylist()
            if len(found) >= most:
                break
        return found

    def known_rows(self, other: Pool) -> IntArray:
        """Return (n,) int64: the row that each item has in another pool, -1 where it is not there or not the same.

        Items are the same if their key and their content are, and both can be read.

        Args:
            other: the pool from before, say.
        """
        found = np.full(self.n, -1, np.int64)
        for low in range(0, self.n, _COMPARED_ROWS):
            high = min(low + _COMPARED_ROWS, self.n)
            rows = other.rows(self._items.span(low, high, KEY_COLUMN).combine_chunks())
            there = np.flatnonzero(rows >= 0)
            own = self._items.span(low, high, HASH_COLUMN).to_numpy()[there]
            same = own == other._items.take(rows[there], HASH_COLUMN).to_numpy()
            same &= self.readable[low:high][there] & other.readable[rows[there]]
            found[low:high][there[same]] = rows[there[same]]
        return found

    def view(self, row: int) -> ItemView:
        """Return one item, ready to be shown.

        Raises:
            IndexError: the row is not in the pool.
        """
        key = self.key(row)
        problem = self._items.value(row, PROBLEM_COLUMN)
        extra = self._shown(row, "extra")
        if problem is not None:
            return ItemView(key, row, "unreadable", extra=extra, problem=str(problem))
        if self.kind == "text":
            return ItemView(key, row, "text", text=str(self._items.value(row, FIRST_COLUMN)), extra=extra)
        if self.kind == "image":
            return ItemView(key, row, "image", extra=extra, has_image=True)
        if self.kind == "series":
            return ItemView(key, row, "series", extra=extra, has_series=True)
        if self.kind == "vectors":
            return ItemView(key, row, "vector", fields=self._vector_fields(row), extra=extra)
        beside = isinstance(self._media, CopiedMedia) and self._media.has(row)
        return ItemView(
            key, row, "table", fields=self._shown(row, "model"), extra=extra,
            has_image=beside and self.has_images, has_series=beside and self.has_series,
        )  # fmt: skip

    @property
    def has_images(self) -> bool:
        """Whether items are images, or have one beside them."""
        return self.kind == "image" or self.snapshot.pictures

    @property
    def has_series(self) -> bool:
        """Whether items are series, or have one beside them."""
        return bool(self.snapshot.channels)

    @cached_property
    def deep_images(self) -> bool:
        """Whether images here have more than 8 bits; told by a few of them."""
        if not self.has_images:
            return False
        rows = np.linspace(0, self.n - 1, min(self.n, DEPTH_LOOKED_AT)).astype(np.int64)
        try:
            return any(has_deep_image(data or b"") for data in self._media_bytes(rows, hurry=True))
        except PoolError:  # a shard that is gone; who asks for its images is told
            return False

    def image(self, row: int, *, stretch: Stretch | None = None) -> tuple[bytes, str] | None:
        """Return an item's image as a browser can show it, and its media type; None where there is none.

        Args:
            row: the item.
            stretch: how the image's numbers become greys; None for as they are, and beyond 8 bits the default.

        Raises:
            IndexError: the row is not in the pool.
            PoolError: the shard that holds it is gone or is another one now.
        """
        if not 0 <= row < self.n:
            raise IndexError(f"row {row} is not in a pool of {self.n} items")
        data = self._media_bytes([row], hurry=True)[0] if self.has_images else None
        return None if data is None else browser_image(data, stretch=stretch)

    def raw_image(self, row: int) -> bytes | None:
        """Return the bytes of an item's image as they came; None where there is none."""
        return self._media_bytes([row], hurry=True)[0] if self.has_images else None

    def values(self, row: int, names: Collection[str]) -> dict[str, float | str | None]:
        """Return some stored columns of an item by name, as they are stored; names that are no column are left out.

        Raises:
            IndexError: the row is not in the pool.
        """
        return {
            column.name: self._items.value(row, place)
            for place, column in enumerate(self.columns, start=FIRST_COLUMN)
            if column.name in names
        }

    def take(self, rows: IntArray, name: str) -> pa.Array:
        """Return one stored column of some items, in the order asked for, as an Arrow array; null where missing.

        Args:
            rows: (m,) int64, each in the pool.
            name: a column of `columns`.
        """
        place = [column.name for column in self.columns].index(name) + FIRST_COLUMN
        return self._items.take(rows, place)

    def problems(self, rows: IntArray) -> list[str]:
        """Return why some items cannot be read, in the order asked for; "" for one that can."""
        found: list[str] = pc.fill_null(self._items.take(rows, PROBLEM_COLUMN), "").to_pylist()
        return found

    def frame(self, start: int, stop: int, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return columns for rows start to stop (not included).

        Args:
            start: first row.
            stop: row after the last.
            columns: names of stored columns, those that are only shown included; None for the model's.

        Returns:
            One column for each of `roles`, or each named one, in the order of `columns` of the pool: float64 with NaN,
            or str with NaN, where missing.
        """
        wanted = set(self.roles if columns is None else columns)
        found = {}
        for place, column in enumerate(self.columns, start=FIRST_COLUMN):
            if column.name in wanted:
                found[column.name] = self._items.span(start, stop, place).to_pandas()
        return pd.DataFrame(found)

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the texts of rows start to stop (not included), "" for an item that cannot be read.

        Raises:
            PoolKindError: the pool has no texts.
        """
        self._need("text")
        texts: list[str] = pc.fill_null(self._items.span(start, stop, FIRST_COLUMN), "").to_pylist()
        return texts

    def images(self, start: int, stop: int) -> list[bytes | None]:
        """Return the images' bytes, as they came, of rows start to stop (not included); None where unreadable.

        Raises:
            PoolKindError: the pool has no images.
            PoolError: a shard is gone or is another one now.
        """
        self._need("image")
        return self._media_bytes(range(max(start, 0), min(stop, self.n)))

    def series(self, start: int, stop: int) -> list[npt.NDArray[np.float32] | None]:
        """Return the series of rows start to stop (not included), (t, c) float32 each; None where there is none.

        Raises:
            PoolKindError: the pool has no series.
        """
        if not self.has_series:
            self._need("series")
        found = self._media_bytes(range(max(start, 0), min(stop, self.n)))
        return [None if data is None else unpack_series(data) for data in found]

    def vectors(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Return (b, d) float32, the ready-made vectors of rows start to stop (not included); unreadable rows are 0.

        Raises:
            PoolKindError: the pool has no vectors of its own.
            SnapshotError: the `.npy` file is gone or has another shape now.
            PoolContentError: it was cut short meanwhile.
        """
        self._need("vectors")
        start, stop = max(start, 0), min(stop, self.n)
        block = self._vectors().block(start, stop)
        block[~np.asarray(self.readable[start:stop])] = 0
        return block

    def _need(self, kind: Kind) -> None:
        if self.kind != kind:
            raise PoolKindError(
                f"this pool's items are of the kind {self.kind!r}, not {kind!r}; choose another encoder"
            )

    def _shown(self, row: int, use: Use) -> tuple[tuple[str, str], ...]:
        return tuple(
            (column.name, format_value(column, self._items.value(row, place)))
            for place, column in enumerate(self.columns, start=FIRST_COLUMN)
            if column.use == use
        )

    def _media_bytes(self, rows: Iterable[int], *, hurry: bool = False) -> list[bytes | None]:
        wanted = [int(row) for row in rows]
        good = [row for row in wanted if self.readable[row]]
        found = dict(zip(good, read_rows(self._media, good, hurry=hurry), strict=True))
        return [found.get(row) for row in wanted]

    def _vectors(self) -> NpyFile:
        if self._given is None:
            path = self.folder / str(self.snapshot.given_vectors)
            if not path.exists():
                raise SnapshotError(
                    f"{path.absolute()} with the vectors is gone; put it back, or make the snapshot again"
                )
            array = open_npy(path)
            if array.shape != (self.n, self.snapshot.dimensions):
                raise SnapshotError(
                    f"{path.absolute()} has shape {array.shape} and had ({self.n}, {self.snapshot.dimensions}) "
                    "when the project was made; put the old file back, or make the snapshot again"
                )
            self._given = array
        return self._given

    def _vector_fields(self, row: int) -> tuple[tuple[str, str], ...]:
        vector = self.vectors(row, row + 1)[0].astype(np.float64)
        first = ", ".join(f"{value:.3g}" for value in vector[:6]) + (", …" if len(vector) > 6 else "")
        length = math.sqrt(float(vector @ vector))
        return (("dimensions", str(len(vector))), ("length", f"{length:.6g}"), ("values", first))


def _map(path: Path, shape: tuple[int, ...], dtype: type[Value]) -> npt.NDArray[Value]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SnapshotError(
            f"{path} cannot be read ({error}); make the snapshot again from its source"
        ) from error
    if array.shape != shape or array.dtype != np.dtype(dtype):
        raise SnapshotError(
            f"{path} is damaged: {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}; make it again"
        )
    return array
