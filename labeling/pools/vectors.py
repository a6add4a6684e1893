"""The readers of ready-made vectors: a `.npy` file, which stays where it is, or a list column of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
from labeling.pools.errors import (
    PoolColumnsError,
    PoolContentError,
    PoolEmptyError,
    PoolReaderError,
    VectorShapeError,
)
from labeling.pools.fits_rows import FITS_SUFFIXES
from labeling.pools.hashing import hash_rows
from labeling.pools.inference import decide, survey_rows
from labeling.pools.rows import Rows
from labeling.pools.sources import open_source
from labeling.pools.values import Converter, as_strings

MAX_DIMENSIONS = 65_536
"""Longest vector; an encoder's is bound alike."""
_BATCH_ROWS = 4096
_NOT_FINITE = "its vector holds numbers that are not finite"


def read_vectors(section: PoolSection, path: Path) -> Reading:
    """Read vectors: a `.npy` array (n, d), or the list column of a Parquet file.

    The column is the one that `vectors` names, else the only list column. Vectors that hold NaN or infinity belong
    to items that cannot be read.

    Raises:
        PoolReaderError: the file is neither.
        PoolContentError: it is a pickle, an archive or damaged.
        PoolColumnsError: columns that do not exist or clash, or none or several that may be the vectors.
        VectorShapeError: not n rows of the same d numbers, d at least 1.
        PoolEmptyError: there is no row.
    """
    if path.suffix.lower() == ".npy":
        return _read_npy(section, path)
    if path.suffix.lower() not in (".parquet", ".pq", *FITS_SUFFIXES) and not section.join:
        raise PoolReaderError(
            f"{path}: vectors come from a .npy file or from a list column of a .parquet or .fits file"
        )
    return _read_lists(section, path)


@dataclass(frozen=True)
class NpyFile:
    """A checked `.npy` file; nothing of it is held in memory.

    Attributes:
        path: the file.
        shape: (n, d).
        dtype: as stored.
        offset: where the numbers begin, in bytes.
        by_rows: whether a row's numbers lie together.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int
    by_rows: bool

    def block(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Return (b, d) float32, rows start to stop (not included); what exceeds float32 is infinite.

        Rows are read, not mapped, where they lie together: a file that is cut short meanwhile is then an error and
        not the end of the process.

        Raises:
            PoolContentError: the file is shorter than it was.
        """
        start, stop = max(start, 0), min(stop, self.shape[0])
        count = max(stop - start, 0) * self.shape[1]
        try:
            if self.by_rows:
                place = self.offset + start * self.shape[1] * self.dtype.itemsize
                values = np.fromfile(self.path, dtype=self.dtype, count=count, offset=place)
            else:
                values = np.load(self.path, mmap_mode="r", allow_pickle=False)[start:stop].reshape(-1)
        except (OSError, ValueError) as error:
            raise PoolContentError(
                f"{self.path} cannot be read any more ({error}); put it back as it was"
            ) from error
        if len(values) != count:
            raise PoolContentError(f"{self.path} is shorter than it was; put it back as it was")
        with np.errstate(over="ignore"):
            return values.reshape(-1, self.shape[1]).astype(np.float32)


def open_npy(path: Path) -> NpyFile:
    """Check a `.npy` file: an array of shape (n, d), real numbers. Nothing is ever unpickled.

    Raises:
        PoolContentError: a pickle, an archive, damaged, or not real numbers.
        VectorShapeError: not two-dimensional, or no columns.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise PoolContentError(
            f"{path} is not an array that can be read safely ({error}); write it with "
            "numpy.save(path, array, allow_pickle=False), real numbers only"
        ) from error
    if not isinstance(array, np.memmap):
        raise PoolContentError(f"{path} is an archive of arrays; save the one with the vectors as .npy")
    if array.dtype.kind not in "fiub":
        raise PoolContentError(f"{path} holds {array.dtype}, vectors are real numbers; convert it to float32")
    if array.ndim != 2 or not 1 <= array.shape[1] <= MAX_DIMENSIONS:
        raise VectorShapeError(
            f"{path} has shape {array.shape}; vectors are (items, dimensions), at least 1 dimension and at most "
            f"{MAX_DIMENSIONS:,}"
        )
    by_rows = bool(array.flags.c_contiguous)
    return NpyFile(path, (array.shape[0], array.shape[1]), array.dtype, int(array.offset), by_rows)


def list_columns(rows: Rows) -> list[str]:
    """Return the columns that hold lists of numbers."""
    return [name for name in rows.names if _is_number_list(rows.types[name])]


def _read_npy(section: PoolSection, path: Path) -> Reading:
    if section.key or shown_columns(section) or section.truth or section.columns or section.vectors:
        raise PoolColumnsError(
            f"{path}: a .npy file has no columns; remove pool.key, vectors, columns, extra and truth, or put vectors "
            "and columns together into one .parquet file"
        )
    file = open_npy(path)
    if not file.shape[0]:
        raise PoolEmptyError(f"{path} has shape {file.shape}; a pool needs at least one item")
    return Reading("vectors", (), _npy_parts(file), file.shape[0], dimensions=file.shape[1])


def _npy_parts(file: NpyFile) -> Iterator[Part]:
    numbers = row_numbers()
    for start in range(0, file.shape[0], _BATCH_ROWS):
        block = file.block(start, start + _BATCH_ROWS)
        yield Part(row_keys(numbers, len(block)), (), _problems(block), content=hash_rows(block))


def _read_lists(section: PoolSection, path: Path) -> Reading:
    rows = open_source(section, path)
    check_columns(section, rows)
    vectors = _vector_column(section, rows)
    if not rows.total:
        why = (
            "has columns and no rows"
            if rows.total == 0
            else "does not say how many rows it has; write it as .parquet"
        )
        raise PoolEmptyError(f"{path} {why}; a pool needs at least one item")
    dimensions = _dimensions(rows, vectors)
    notes: list[str] = []
    candidates = key_candidates(section, rows)
    shown = list(dict.fromkeys([*candidates, *shown_columns(section)]))
    surveys = survey_rows(rows, shown, candidates)[0] if shown else {}
    key = choose_key(section, rows, candidates, surveys, notes)
    decided = {name: decide(name, rows.types[name], surveys[name], []) for name in shown_columns(section)}
    columns = tuple(extra_columns(section, decided))
    parts = _list_parts(section, rows, key, vectors, dimensions, columns, notes)
    return Reading("vectors", columns, parts, rows.total, notes, dimensions=dimensions)


def _is_number_list(kind: pa.DataType) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _vector_column(section: PoolSection, rows: Rows) -> str:
    found = list_columns(rows)
    if section.vectors is not None:
        if section.vectors in found:
            return section.vectors
        raise PoolColumnsError(
            f"{rows.path}: pool.vectors: {section.vectors!r} holds {rows.types[section.vectors]}, not lists of numbers"
            f" (columns with lists of numbers: {', '.join(found) or 'none'})"
        )
    if len(found) == 1:
        return found[0]
    if found:
        raise PoolColumnsError(
            f"{rows.path}: several columns hold lists; set pool.vectors to one of: {', '.join(found)}"
        )
    raise PoolColumnsError(
        f"{rows.path}: no column holds lists of numbers (columns: {', '.join(rows.names)}); use another reader"
    )


def _dimensions(rows: Rows, name: str) -> int:
    """Return the length of the first vector that is there."""
    for batch in rows.batches([name]):
        lengths = pc.drop_null(pc.list_value_length(batch.column(0)))
        if len(lengths):
            length = int(lengths[0].as_py())
            if not 1 <= length <= MAX_DIMENSIONS:
                raise VectorShapeError(
                    f"{rows.path}: the first vector in {name!r} has {length or 'no'} numbers; allowed: 1 to "
                    f"{MAX_DIMENSIONS:,}"
                )
            return length
    raise VectorShapeError(f"{rows.path}: no row of {name!r} holds a vector")


def _list_parts(
    section: PoolSection,
    rows: Rows,
    key: str | None,
    vectors: str,
    dimensions: int,
    columns: tuple[Column, ...],
    notes: list[str],
) -> Iterator[Part]:
    converters = [Converter(column) for column in columns]
    names = list(
        dict.fromkeys([vectors, *shown_columns(section), *(name for name in (key, section.truth) if name)])
    )
    numbers = row_numbers()
    start = 0
    for batch in rows.batches(names, rows=_BATCH_ROWS):
        arrays = tuple(each.convert(batch.column(names.index(each.column.name))) for each in converters)
        keys = (
            row_keys(numbers, batch.num_rows) if key is None else as_strings(batch.column(names.index(key)))
        )
        block = _block(batch.column(0), dimensions, f"{rows.path}: column {vectors!r}", start)
        problems = _problems(block)
        truth = truth_values(rows, section.truth, batch)
        yield Part(keys, arrays, problems, content=hash_rows(block), vectors=block, truth=truth)
        start += batch.num_rows
    notes.extend([*rows.remarks(), *(note for note in (each.note() for each in converters) if note)])


def _block(column: pa.Array, dimensions: int, place: str, start: int) -> npt.NDArray[np.float32]:
    """Return (b, d) float32; a row without a vector is NaN throughout."""
    lengths = pc.fill_null(pc.list_value_length(column), dimensions).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(lengths != dimensions)
    if len(wrong):
        row = int(wrong[0])
        raise VectorShapeError(
            f"{place}, row {start + row + 1}: {int(lengths[row])} numbers where the first vector has {dimensions}; "
            "all vectors must have one length"
        )
    there = column.is_valid().to_numpy(zero_copy_only=False)
    # list_flatten drops null lists, whether they have a place in the values (fixed size) or not.
    flat = pc.list_flatten(column.filter(column.is_valid()))
    values = pc.fill_null(pc.cast(flat, pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    block = np.full((len(column), dimensions), np.nan, dtype=np.float32)
    with np.errstate(over="ignore"):
        block[there] = values.reshape(-1, dimensions)
    return block


def _problems(block: npt.NDArray[np.float32]) -> pa.Array:
    """Return, for (b, d) vectors, an Arrow string array: null where all numbers are finite."""
    finite = np.asarray(np.isfinite(block).all(axis=1))
    return pc.if_else(pa.array(finite), pa.scalar(None, pa.string()), pa.scalar(_NOT_FINITE))
