"""Rows of a FITS table as Arrow batches, read through a memory map in bounded memory; needs astropy, the extra `fits`.

Numbers come in this machine's byte order, scaled (TSCAL, TZERO) and unsigned as the header says; TNULL is null. Texts
are bytes in FITS: UTF-8, else Latin-1, blanks at their end cut off. A column with several numbers in a row is a column
of lists. Bits and complex numbers have no place in a table of numbers and texts, and are left out with a remark.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from labeling.pools.csv_rows import Unremarkable, check_column_count
from labeling.pools.errors import PoolColumnsError, PoolContentError, PoolEmptyError, PoolReaderError

FITS_SUFFIXES = (".fits", ".fit", ".fts")
BATCH_ROWS = 8192
BATCH_BYTES = 64 << 20

_CODES: dict[str, pa.DataType] = {
    "L": pa.bool_(), "B": pa.uint8(), "I": pa.int16(), "J": pa.int32(), "K": pa.int64(), "E": pa.float32(),
    "D": pa.float64(),
}  # fmt: skip
_MOVED = {"B": pa.int8(), "I": pa.uint16(), "J": pa.uint32(), "K": pa.uint64()}
_OFFSETS = {"B": -128, "I": 1 << 15, "J": 1 << 31, "K": 1 << 63}
"""What is added to signed numbers that are meant unsigned, and to bytes that are meant signed."""
_FORTRAN = re.compile(r"^([+-]?[0-9.]+)[Dd]([+-]?[0-9]+)$")
_UNFIT = {"X": "bits", "C": "complex numbers", "M": "complex numbers"}
_BROKEN = (OSError, ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError)
"""What astropy raises over a damaged header or table."""


@dataclass(frozen=True)
class _Field:
    """What the header says of one column.

    Attributes:
        name: as in the header.
        kind: the Arrow type of one value, None for texts.
        size: numbers in a row; 0 where it differs from row to row.
        null: what is stored where a value is missing: a whole number, or a text in a table of texts; None for nothing.
        scale: what stored numbers are multiplied with.
        zero: what is added to them then.
        exact: whether the numbers stay whole: as they are, or signed ones moved to unsigned ones.
    """

    name: str
    kind: pa.DataType | None
    size: int = 1
    null: int | str | None = None
    scale: float = 1
    zero: float = 0
    exact: bool = True

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the column."""
        if self.kind is None:
            return pa.string()
        if self.size == 1:
            return self.kind
        return pa.list_(self.kind) if self.size == 0 else pa.list_(self.kind, self.size)


class FitsRows(Unremarkable):
    """The first table of a FITS file, or the one that is named."""

    unnamed_first = False

    def __init__(self, path: Path, hdu: str | None = None) -> None:
        """Read the headers; no row is read.

        Args:
            path: the file, not compressed.
            hdu: name or number of the table; None for the first one.

        Raises:
            PoolReaderError: astropy is missing, the file is compressed, or it has no such table.
            PoolContentError: the file is no FITS file, its header is damaged, or it is cut short.
            PoolColumnsError: two columns have one name, or there are too many.
            PoolEmptyError: it is empty, or the table has no row.
        """
        self.path = path
        self.left_out: dict[str, str] = {}
        if path.stat().st_size == 0:
            raise PoolEmptyError(f"{path} is empty (0 bytes); a pool needs at least one item")
        with _opened(path) as hdus:
            self._place = _table_place(path, hdus, hdu)
            table = hdus[self._place]
            self.total: int | None = _whole(path, table)
            self._is_text = table.header["XTENSION"].strip() == "TABLE"
            self._fields = {field.name: field for field in self._described(table)}
        self.names = list(self._fields)
        self.types: dict[str, pa.DataType] = {name: field.type for name, field in self._fields.items()}
        if not self.total:
            raise PoolEmptyError(f"{path}: its table has columns and no rows; a pool needs at least one item")

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns.

        Args:
            names: columns.
            rows: at most so many rows in a batch; fewer where a row's numbers are many.

        Raises:
            PoolContentError: the table is damaged.
        """
        fields = [self._fields[name] for name in names]
        # Of texts, and of lists whose length differs, the header does not say how wide they are.
        width = sum(max(field.size, 1) * (8 if field.kind is not None else 64) for field in fields)
        step = max(1, min(rows or BATCH_ROWS, BATCH_BYTES // max(width, 1)))
        with _opened(self.path) as hdus:
            table = hdus[self._place]
            _whole(self.path, table)
            for start in range(0, self.total or 0, step):
                part = table.data[start : start + step]
                yield pa.record_batch([self._array(part, field) for field in fields], names=list(names))

    def remarks(self) -> list[str]:
        """Return what the person should know: columns that were left out."""
        return [f"column {name!r} holds {why} and is left out" for name, why in self.left_out.items()]

    def _described(self, table: Any) -> Iterator[_Field]:  # noqa: ANN401 - astropy's
        columns = table.columns
        check_column_count(self.path, len(columns))
        names = [str(name) for name in columns.names]
        if len(set(names)) < len(names):
            raise PoolColumnsError(
                f"{self.path}: two columns have one name; rename them ({', '.join(names[:40])})"
            )
        for name, column in zip(names, columns, strict=True):
            found = self._field(name, column)
            if isinstance(found, str):
                self.left_out[name] = found
            else:
                yield found

    def _field(self, name: str, column: Any) -> _Field | str:  # noqa: ANN401 - astropy's
        """Return what a column is, or why it cannot be used."""
        null = column.null if column.null not in (None, "") else None
        if self._is_text:
            return _Field(name, None, null=None if null is None else str(null).strip())
        code, size = str(column.format.format), int(column.format.repeat)
        varies = code in ("P", "Q")
        if varies:
            code, size = str(column.format.p_format), 0
        if code in _UNFIT:
            return _UNFIT[code]
        if code == "A":
            several = varies or "," in str(column.dim or "")
            return "several texts in a row" if several else _Field(name, None) if size else "nothing"
        if code not in _CODES or (size == 0 and not varies):
            return "nothing" if code in _CODES else f"values of the unknown kind {column.format}"
        scale = 1 if column.bscale in (None, "") else column.bscale
        zero = 0 if column.bzero in (None, "") else column.bzero
        whole = int(null) if isinstance(null, int | np.integer) and code in "BIJK" else None
        if (scale, zero) == (1, 0):
            return _Field(name, _CODES[code], size, whole)
        if scale == 1 and zero == _OFFSETS.get(code) and not varies:
            return _Field(name, _MOVED[code], size, whole, zero=zero)
        return _Field(name, pa.float64(), size, whole, scale, zero, exact=False)

    def _array(self, part: Any, field: _Field) -> pa.Array:  # noqa: ANN401 - astropy's
        stored = np.asarray(part)[field.name]
        if field.kind is None:
            return _texts(stored, field, ascii_table=self._is_text)
        if field.size == 0:
            # Scaled by astropy, which finds the numbers of each row beyond the table.
            lists = [np.asarray(each, np.float64) for each in part.field(field.name)]
            return pa.array(lists, type=pa.list_(pa.float64())).cast(field.type, safe=False)
        array = _numbers(stored.reshape(-1), field)
        return array if field.size == 1 else pa.FixedSizeListArray.from_arrays(array, field.size)


def _numbers(stored: npt.NDArray[Any], field: _Field) -> pa.Array:
    """Return numbers as they are meant, from (m,) as they are stored."""
    native = stored.astype(stored.dtype.newbyteorder("="))
    missing = None if field.null is None else native == field.null
    if pa.types.is_boolean(field.kind):
        # A logical value is stored as T, F, or 0 for none.
        return pa.array(native == ord("T"), mask=native == 0)
    if not field.exact:
        return pa.array(native.astype(np.float64) * field.scale + field.zero, mask=missing)
    if field.zero:
        unsigned = native.view(f"u{native.itemsize}")
        moved = unsigned ^ unsigned.dtype.type(1 << (8 * native.itemsize - 1))
        native = moved.view(field.kind.to_pandas_dtype()) if field.kind is not None else moved
    return pa.array(native, mask=missing)


def _texts(stored: npt.NDArray[Any], field: _Field, *, ascii_table: bool) -> pa.Array:
    """Return texts without the blanks at their end; in a table of texts numbers are texts too, as in CSV."""
    stripped = np.char.strip(stored) if ascii_table else np.char.rstrip(stored)
    try:
        decoded = np.char.decode(stripped, "utf-8")
    except UnicodeDecodeError:
        decoded = np.char.decode(stripped, "latin-1")
    values = [text.partition("\0")[0] for text in decoded.tolist()]
    if ascii_table:
        # Fortran writes 1.5D+03.
        values = [_FORTRAN.sub(r"\1E\2", text) if text != field.null else "" for text in values]
    return pa.array(values, type=pa.string())


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a FITS file; what astropy raises over it becomes an error for the person."""
    try:
        from astropy.io import fits  # an extra, and slow to import
        from astropy.utils.exceptions import AstropyWarning
    except ImportError as problem:
        raise PoolReaderError(
            f"{path}: reading FITS needs astropy; install it with: pip install 'goldpan[fits]'"
        ) from problem
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            raise PoolReaderError(f"{path} is compressed; unpack it first: gunzip < {path.name} > table.fits")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            with fits.open(path, memmap=True, mode="readonly") as hdus:
                yield hdus
    except _BROKEN as problem:
        raise PoolContentError(
            f"{path} is not a FITS file that can be read ({problem}); write it anew"
        ) from problem


def _table_place(path: Path, hdus: Any, wanted: str | None) -> int:  # noqa: ANN401 - astropy's
    """Return the place of the table among the file's parts."""
    parts = list(enumerate(hdus))
    tables = {place: str(hdu.name or "") for place, hdu in parts if _is_table(hdu)}
    listed = ", ".join(f"{name or 'without a name'} ({place})" for place, name in tables.items())
    if not tables:
        shapes = ", ".join(f"{hdu.name or place} {tuple(hdu.shape)}" for place, hdu in parts[:5])
        raise PoolReaderError(
            f"{path} holds no table, only images ({shapes}); give a FITS file with a table, or the images as a folder "
            "of .png files"
        )
    if wanted is None:
        return next(iter(tables))
    named = [place for place, name in tables.items() if name.lower() == wanted.lower()]
    if named:
        return named[0]
    if wanted.isdecimal() and int(wanted) in tables:
        return int(wanted)
    raise PoolReaderError(f"{path}: pool.hdu: there is no table {wanted!r}; its tables are {listed}")


def _is_table(hdu: Any) -> bool:  # noqa: ANN401 - astropy's
    # A compressed image is stored as a table and is none.
    return hdu.header.get("XTENSION", "").strip() in ("BINTABLE", "TABLE", "A3DTABLE") and not hdu.header.get(
        "ZIMAGE", False
    )


def _whole(path: Path, table: Any) -> int:  # noqa: ANN401 - astropy's
    """Return the number of rows, once the file is seen to be long enough for all of them.

    Beyond its end a memory map has nothing, and the process would end.
    """
    header = table.header
    count, width, heap = (int(header.get(name, 0)) for name in ("NAXIS2", "NAXIS1", "PCOUNT"))
    start = int(table.fileinfo()["datLoc"])
    size = path.stat().st_size
    if min(count, width, heap) < 0 or start + count * width + heap > size:
        there = max(size - start, 0) // max(width, 1)
        raise PoolContentError(
            f"{path} is cut short: its table should have {count:,} rows and the file ends after {min(there, count):,}; "
            "copy or download it again"
        )
    return count
