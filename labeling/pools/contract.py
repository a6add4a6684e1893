"""What a reader gives and what the screen is shown: the words of labeling/pools in types.

A reader turns what a path holds into a stream of parts (a few thousand items each, as Arrow arrays); the snapshot
writer stores them. Nothing else reads the user's files, so a new kind of pool is one new reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from config.schema import PoolSection

Kind = Literal["table", "image", "text", "series", "vectors"]
Role = Literal["numeric", "categorical", "text"]
Use = Literal["model", "extra"]
Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and a short line for the person."""

HashArray = npt.NDArray[np.uint64]

DATE_UNIT = "s since 1970-01-01 UTC"
"""The unit of a numeric column that was made from dates."""


@dataclass(frozen=True)
class Column:
    """One stored column.

    Attributes:
        name: as in the user's file.
        role: how an encoder should take it; numeric columns are stored as float64, the others as strings.
        unit: None, or what the numbers count; `DATE_UNIT` marks a date.
        use: "model" for a column that the encoder may read, "extra" for one that is only shown.
    """

    name: str
    role: Role
    unit: str | None = None
    use: Use = "model"


@dataclass(frozen=True)
class Shard:
    """One shard as it was when the pool was imported.

    Attributes:
        name: POSIX path below the shards' folder, or an address.
        size: its bytes.
        mtime_ns: time of its last change; 0 for one at an address.
    """

    name: str
    size: int
    mtime_ns: int = 0


@dataclass(frozen=True)
class Part:
    """A run of b consecutive items. Arrow arrays have length b, in the pool's order.

    Attributes:
        keys: Arrow string array; null or "" is an empty key, which the snapshot refuses.
        columns: one Arrow array for each of `Reading.columns`, in that order.
        problems: Arrow string array; null where the item is readable, else what is wrong, for the person.
        content: (b,) uint64; a hash of what the columns do not hold (image bytes, vectors); None where nothing.
        media: Arrow large_binary array of image bytes, or of packed series, to copy; None where nothing is copied.
        paths: Arrow string array of POSIX paths below the folder, or of addresses, for images that stay where they
            are; or None.
        places: (b, 4) int64, where images lie in shards: number of the shard, first byte, bytes there, and bytes when
            they are unpacked, -1 where they lie there as they are; or None.
        vectors: (b, d) float32 to copy; None where nothing is copied.
        truth: Arrow string array, the hidden truth; null where unknown; None where there is no truth.
    """

    keys: pa.Array
    columns: tuple[pa.Array, ...]
    problems: pa.Array
    content: HashArray | None = None
    media: pa.Array | None = None
    paths: pa.Array | None = None
    places: npt.NDArray[np.int64] | None = None
    vectors: npt.NDArray[np.float32] | None = None
    truth: Any | None = None


@dataclass
class Known:
    """What need not be looked at.

    Attributes:
        items: so many of the first are known from an earlier import: of them a reader must give keys, truth and what
            its notes count, but need open no image; what it gives else is not taken.
    """

    items: int = 0


@dataclass(frozen=True)
class Reading:
    """What a reader found.

    Attributes:
        kind: the kind of the items.
        columns: the columns of every part.
        parts: the items; to be walked through once.
        total: how many items there will be, None where unknown beforehand (for progress only).
        notes: remarks for the person (missing numbers, mixed columns); complete when `parts` is exhausted.
        dimensions: length of the vectors, None for other kinds.
        channels: names of the channels of a series; () where items have none.
        pictures: whether the media of a table's rows are images that are shown beside them.
        shards: the shards that `Part.places` counts; complete when `parts` is exhausted.
        known: told before `parts` is walked through what need not be looked at.
        share: says which share of the source has been read, where `total` is unknown.
    """

    kind: Kind
    columns: tuple[Column, ...]
    parts: Iterator[Part]
    total: int | None = None
    notes: list[str] = field(default_factory=list)
    dimensions: int | None = None
    channels: tuple[str, ...] = ()
    shards: list[Shard] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    share: Callable[[], float] | None = None
    pictures: bool = False


Reader = Callable[[PoolSection, Path], Reading]
"""Opens the path, which exists. Raises PoolError for what is wrong with all of it, at once or while walking."""


@dataclass(frozen=True)
class ItemView:
    """One item, ready to be shown.

    Attributes:
        key: the item's stable key.
        row: the item's row in the pool.
        type: "image", "text", "table", "series", "vector", or "unreadable".
        text: the text of a text item, else None.
        fields: the model's columns as (name, formatted value); "—" where the value is missing.
        extra: the columns that are only shown, likewise.
        problem: why the item cannot be read, None where it can.
        has_image: whether `Pool.image` has something for it.
        has_series: whether `Pool.series` has.
    """

    key: str
    row: int
    type: Literal["image", "text", "table", "series", "vector", "unreadable"]
    text: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    problem: str | None = None
    has_image: bool = False
    has_series: bool = False
