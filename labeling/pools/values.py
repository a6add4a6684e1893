"""Values of columns: into the two stored types (float64 and string), and into what a person reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.contract import DATE_UNIT, Column, HashArray
from labeling.pools.hashing import hash_numbers, hash_repeated, hash_strings, join_hashes
from labeling.pools.inference import DATE, MISSING, NUMBER, is_textual

NOTHING = "—"
"""Shown where a value is missing."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Converter:
    """Turns the values of one column into the stored type, and counts what was not finite.

    Attributes:
        missing: rows without a usable number so far.
        not_finite: those of them that were NaN or infinite.
    """

    def __init__(self, column: Column) -> None:
        """Make a converter for one column."""
        self.column = column
        self.missing = 0
        self.not_finite = 0

    def convert(self, values: pa.Array) -> pa.Array:
        """Return the values as Arrow float64 (numeric columns) or string; null where there is none."""
        if self.column.role != "numeric":
            return _blank_to_null(as_strings(values))
        plain = _dates(values) if self.column.unit is not None else as_numbers(values)
        numbers = plain.to_numpy(zero_copy_only=False)
        finite = np.isfinite(numbers)
        self.missing += int(len(numbers) - finite.sum())
        self.not_finite += int((~finite).sum()) - _absent(values)
        return pa.array(numbers, mask=~finite)

    def note(self) -> str | None:
        """Return a remark on what was missing, None where nothing was."""
        if not self.missing or self.column.role != "numeric":
            return None
        share = f", {self.not_finite} of them not a finite number" if self.not_finite else ""
        return f"column {self.column.name!r}: {self.missing} missing values{share}"


def as_strings(values: pa.Array) -> pa.Array:
    """Return an Arrow string array of any column that has a plain text form; bytes must be UTF-8."""
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "true", "false")
    return pc.cast(values, pa.string())


def as_numbers(values: pa.Array) -> pa.Array:
    """Return Arrow float64 of numbers, booleans or texts; NaN where a value is missing or no number."""
    if not is_textual(values.type):
        return pc.fill_null(pc.cast(values, pa.float64(), safe=False), math.nan)
    trimmed = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
    usable = pc.fill_null(pc.match_substring_regex(trimmed, NUMBER), False)
    plain = pc.if_else(usable, trimmed, pa.scalar("nan"))
    return pc.cast(plain, pa.float64())


def column_hash(column: Column, values: pa.Array) -> HashArray:
    """Return (b,) uint64 hashes of a converted column's values."""
    if column.role == "numeric":
        return hash_numbers(pc.fill_null(values, math.nan).to_numpy(zero_copy_only=False))
    return hash_repeated(values) if column.role == "categorical" else hash_strings(values)


def item_hash(
    columns: Sequence[Column], arrays: Sequence[pa.Array], content: HashArray | None, count: int
) -> HashArray:
    """Return (count,) uint64, one hash for each item, over its columns in order and its content.

    Args:
        columns: the columns.
        arrays: their converted values.
        content: (count,) uint64 for what no column holds, or None.
        count: number of items.
    """
    total = np.zeros(count, dtype=np.uint64)
    for column, values in zip(columns, arrays, strict=True):
        total = join_hashes(total, column_hash(column, values))
    return total if content is None else join_hashes(total, content)


def no_value(arrays: Sequence[pa.Array], count: int) -> npt.NDArray[np.bool_]:
    """Return (count,) bool, True where none of the arrays has a value."""
    nothing = np.ones(count, dtype=bool)
    for values in arrays:
        nothing &= pc.is_null(values).to_numpy(zero_copy_only=False)
    return nothing


def format_value(column: Column, value: float | str | None) -> str:
    """Return a value as a person reads it: at most six digits, whole numbers whole, dates as ISO 8601.

    Args:
        column: the column it is from.
        value: as stored; None where it is missing.
    """
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if column.unit == DATE_UNIT:
        return _format_date(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def _format_date(seconds: float) -> str:
    try:
        when = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return f"{seconds:.6g} s"
    return when.strftime("%Y-%m-%d" if seconds % 86400 == 0 else "%Y-%m-%d %H:%M:%S")


def _blank_to_null(values: pa.Array) -> pa.Array:
    blank = pc.equal(pc.utf8_trim_whitespace(values), "")
    return pc.if_else(pc.fill_null(blank, True), pa.scalar(None, pa.string()), values)


def _dates(values: pa.Array) -> pa.Array:
    """Return seconds as float64; NaN where there is no valid date."""
    if pa.types.is_duration(values.type):
        return pc.fill_null(
            pc.divide(
                pc.cast(pc.cast(pc.cast(values, pa.duration("us"), safe=False), pa.int64()), pa.float64()),
                1e6,
            ),
            math.nan,
        )
    if pa.types.is_time(values.type):
        micro = pc.cast(pc.cast(values, pa.time64("us"), safe=False), pa.int64())
        return pc.fill_null(pc.divide(pc.cast(micro, pa.float64()), 1e6), math.nan)
    if is_textual(values.type):
        trimmed = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
        usable = pc.fill_null(pc.match_substring_regex(trimmed, DATE), False)
        texts = pd.Series(pc.if_else(usable, trimmed, pa.scalar(None, pa.string())).to_pylist(), dtype=object)
        # Years outside 1677 to 2262 become missing; so does a thirteenth month.
        moments = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
        seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=np.float64)
        return pa.array(seconds)
    stamp = pc.cast(values, pa.timestamp("us", tz=getattr(values.type, "tz", None)), safe=False)
    return pc.fill_null(pc.divide(pc.cast(pc.cast(stamp, pa.int64()), pa.float64()), 1e6), math.nan)


def _absent(values: pa.Array) -> int:
    """Return how many values are not there at all, as against there and not finite."""
    if not is_textual(values.type):
        return int(values.null_count)
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(pc.cast(values, pa.string()), "")))
    absent = pc.is_in(lower, value_set=pa.array([token for token in MISSING if token != "nan"]))
    return int(pc.sum(absent).as_py() or 0)
