"""The reader of time series: list columns of a Parquet file, one for each channel, or a `.npy` array.

A series is stored as bytes beside the items, as images are: it may have any length, and the channels of one item share
it. Gaps are NaN. Points are taken as evenly spaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from config.schema import PoolSection
from labeling.pools.columns import (
    check_columns,
    choose_key,
    extra_columns,
    key_candidates,
    row_keys,
    row_numbers,
    shown_columns,
    truth_values,
)
from labeling.pools.contract import Column, Part, Reading
from labeling.pools.errors import PoolColumnsError, PoolContentError, PoolEmptyError, PoolReaderError
from labeling.pools.fits_rows import FITS_SUFFIXES
from labeling.pools.hashing import hash_strings
from labeling.pools.inference import decide, survey_rows
from labeling.pools.rows import Rows
from labeling.pools.sources import open_source
from labeling.pools.values import Converter, as_strings
from labeling.pools.vectors import list_columns

FloatArray = npt.NDArray[np.float32]

MAX_POINTS = 10_000_000
"""Series that have more points are kept as unreadable."""

_BATCH_ROWS = 256
_SHAPE = np.dtype("<u4")
_NUMBERS = np.dtype("<f4")


def pack_series(values: FloatArray) -> bytes:
    """Return a series as bytes: its length and its channels, then the numbers.

    Args:
        values: (t, c) float32; row i is point i, column j channel j; NaN where there is no value.
    """
    return np.asarray(values.shape, dtype=_SHAPE).tobytes() + np.ascontiguousarray(values, _NUMBERS).tobytes()


def unpack_series(data: bytes) -> FloatArray:
    """Return (t, c) float32 of what `pack_series` made."""
    length, channels = (int(side) for side in np.frombuffer(data, dtype=_SHAPE, count=2))
    numbers = np.frombuffer(data, dtype=_NUMBERS, count=length * channels, offset=2 * _SHAPE.itemsize)
    return numbers.reshape(length, channels).astype(np.float32)


def read_series(section: PoolSection, path: Path) -> Reading:
    """Read time series: the list columns that `series` names, else the only one; or a `.npy` array.

    An array is (items, points) or (items, points, channels). A series without a finite number, or whose channels differ
    in length, belongs to an item that cannot be read.

    Raises:
        PoolReaderError: the file is neither Parquet nor `.npy`.
        PoolColumnsError: columns that do not exist or clash, hold no lists of numbers, or none or several that may be
            the series.
        PoolContentError: the file is damaged, a pickle, or not of numbers in two or three dimensions.
        PoolEmptyError: there is no row.
    """
    if path.suffix.lower() == ".npy":
        return _read_npy(section, path)
    if path.suffix.lower() not in (".parquet", ".pq", *FITS_SUFFIXES) and not section.join:
        raise PoolReaderError(
            f"{path}: series come from list columns of a .parquet or .fits file or from a .npy file"
        )
    rows = open_source(section, path)
    check_columns(section, rows)
    channels = _channels(section, rows)
    if rows.total == 0:
        raise PoolEmptyError(f"{path} has columns and no rows; a pool needs at least one item")
    notes: list[str] = []
    candidates = key_candidates(section, rows)
    shown = list(dict.fromkeys([*candidates, *shown_columns(section)]))
    surveys = survey_rows(rows, shown, candidates)[0] if shown else {}
    key = choose_key(section, rows, candidates, surveys, notes)
    decided = {name: decide(name, rows.types[name], surveys[name], []) for name in shown_columns(section)}
    columns = tuple(extra_columns(section, decided))
    parts = _parts(section, rows, key, channels, columns, notes)
    return Reading("series", columns, parts, rows.total, notes, channels=channels)


def split_lists(column: pa.Array) -> list[FloatArray | None]:
    """Return each row's numbers, NaN for a null among them; None for a row without a list."""
    there = column.is_valid()
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    # list_flatten drops null lists, whether they have a place in the values (fixed size) or not.
    flat = pc.list_flatten(column.filter(there))
    values = pc.fill_null(pc.cast(flat, pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    given = there.to_numpy(zero_copy_only=False)
    pieces = iter(np.split(values, np.cumsum(lengths[given])[:-1]))
    return [next(pieces) if is_there else None for is_there in given]


def side_by_side(pieces: Sequence[FloatArray | None]) -> FloatArray | str:
    """Return (t, c) of the channels of one item, or what is wrong with them."""
    there = [piece for piece in pieces if piece is not None]
    if len(there) < len(pieces):
        return "there is no series in this row"
    lengths = {len(piece) for piece in there}
    if len(lengths) > 1:
        return f"its channels differ in length ({', '.join(str(len(piece)) for piece in there)} points)"
    return np.stack(there, axis=1)


def _read_npy(section: PoolSection, path: Path) -> Reading:
    if section.key or shown_columns(section) or section.truth or section.columns or section.series:
        raise PoolColumnsError(
            f"{path}: a .npy file has no columns; remove pool.key, series, columns, extra and truth, or put series "
            "and columns together into one .parquet file"
        )
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise PoolContentError(
            f"{path} is not an array that can be read safely ({error}); write it with "
            "numpy.save(path, array, allow_pickle=False), real numbers only"
        ) from error
    if not isinstance(array, np.memmap) or array.dtype.kind not in "fiub" or array.ndim not in (2, 3):
        raise PoolContentError(
            f"{path}: series are one array of real numbers of the shape (items, points) or (items, points, channels)"
        )
    if not array.size:
        raise PoolEmptyError(f"{path} has shape {array.shape}; a pool needs at least one item with one point")
    channels = tuple(f"channel {place + 1}" for place in range(array.shape[2] if array.ndim == 3 else 1))
    return Reading("series", (), _npy_parts(array), len(array), channels=channels)


def _npy_parts(array: npt.NDArray[Any]) -> Iterator[Part]:
    numbers = row_numbers()
    for start in range(0, len(array), _BATCH_ROWS):
        with np.errstate(over="ignore"):
            block = np.asarray(array[start : start + _BATCH_ROWS], dtype=np.float32)
        yield _part(row_keys(numbers, len(block)), (), [each.reshape(len(each), -1) for each in block])


def _channels(section: PoolSection, rows: Rows) -> tuple[str, ...]:
    found = list_columns(rows)
    wrong = [name for name in section.series if name not in found]
    if wrong:
        raise PoolColumnsError(
            f"{rows.path}: pool.series: {wrong[0]!r} holds {rows.types[wrong[0]]}, not lists of numbers"
            f" (columns with lists of numbers: {', '.join(found) or 'none'})"
        )
    if section.series:
        return section.series
    if len(found) == 1:
        return (found[0],)
    raise PoolColumnsError(
        f"{rows.path}: {len(found)} columns hold lists of numbers; name the channels in pool.series"
        f" (columns: {', '.join(found or rows.names)})"
    )


def _parts(
    section: PoolSection,
    rows: Rows,
    key: str | None,
    channels: tuple[str, ...],
    columns: tuple[Column, ...],
    notes: list[str],
) -> Iterator[Part]:
    converters = [Converter(column) for column in columns]
    aside = [*shown_columns(section), *(name for name in (key, section.truth) if name)]
    names = list(dict.fromkeys([*channels, *aside]))
    numbers = row_numbers()
    for batch in rows.batches(names, rows=_BATCH_ROWS):
        arrays = tuple(each.convert(batch.column(names.index(each.column.name))) for each in converters)
        keys = (
            row_keys(numbers, batch.num_rows) if key is None else as_strings(batch.column(names.index(key)))
        )
        lists = [split_lists(batch.column(names.index(name))) for name in channels]
        series = [side_by_side(pieces) for pieces in zip(*lists, strict=True)]
        yield _part(keys, arrays, series, truth=truth_values(rows, section.truth, batch))
    notes.extend([*rows.remarks(), *(note for note in (each.note() for each in converters) if note)])


def _part(
    keys: pa.Array,
    columns: tuple[pa.Array, ...],
    series: Sequence[FloatArray | str],
    *,
    truth: pa.Array | None = None,
) -> Part:
    problems = [each if isinstance(each, str) else _problem(each) for each in series]
    packed = [
        None if isinstance(each, str) or problem is not None else pack_series(each)
        for each, problem in zip(series, problems, strict=True)
    ]
    media = pa.array(packed, type=pa.large_binary())
    return Part(
        keys=keys,
        columns=columns,
        problems=pa.array(problems, type=pa.string()),
        content=hash_strings(media),
        media=media,
        truth=truth,
    )


def _problem(values: FloatArray) -> str | None:
    if len(values) > MAX_POINTS:
        return f"its series has {len(values):,} points, more than the {MAX_POINTS:,} that are read"
    if not len(values):
        return "its series has no points"
    return None if np.isfinite(values).any() else "its series holds no finite number"
