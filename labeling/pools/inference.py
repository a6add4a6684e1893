"""What the columns of a table are: one pass over the file, then a role for each.

The rules, in their order. A value is missing where it is null or blank; in a column of numbers also where it is
`NA`, `N/A`, `NaN`, `null` or `none`.

* Numbers and booleans stored as such: numeric; booleans: categorical with the values `true` and `false`.
* Dates and times, stored as such or written as ISO 8601 in every row: numeric, in seconds.
* Strings of which every value is a number: numeric.
* Other strings: categorical with at most `MAX_DISTINCT` distinct values, which repeat (at most half as many as
  there are values) and are short (at most `MAX_LENGTH` characters on average); else text.
* A column without any value is left out of the model; lists, structures and bytes cannot be used in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.contract import DATE_UNIT, Column, HashArray
from labeling.pools.hashing import hash_strings
from labeling.pools.rows import Rows

MAX_DISTINCT = 200
MAX_LENGTH = 64

MISSING = ("", "na", "n/a", "nan", "null", "none")
NUMBER = r"^[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
DATE = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
)


@dataclass
class ColumnSurvey:
    """What one pass over a column found; filled batch by batch.

    Attributes:
        values: how many rows have a value.
        numbers: how many of them are numbers, dates how many are dates (strings only).
        distinct: the distinct values, None once there are more than `MAX_DISTINCT`.
        length: characters of all values together.
        blank: rows that are null or "".
        odd: the first value that is no number, and its row from 1.
        hashes: hashes of all values, where the column may be the key.
    """

    values: int = 0
    numbers: int = 0
    dates: int = 0
    distinct: set[str] | None = field(default_factory=set)
    length: int = 0
    blank: int = 0
    odd: tuple[str, int] | None = None
    hashes: list[HashArray] = field(default_factory=list)

    def unique(self) -> bool:
        """Return whether every row has a value of its own."""
        if self.blank or not self.hashes:
            return False
        hashes = np.sort(np.concatenate(self.hashes))
        return bool((hashes[1:] != hashes[:-1]).all())


def survey_rows(
    rows: Rows, names: Sequence[str], key_names: Sequence[str]
) -> tuple[dict[str, ColumnSurvey], int]:
    """Walk through the columns once.

    Args:
        rows: the file.
        names: the columns to look at.
        key_names: those of them that may be the key.

    Returns:
        What was found for each column, and the number of rows.
    """
    found = {name: ColumnSurvey() for name in names}
    wanted = [name for name in names if is_textual(rows.types[name]) or name in key_names]
    total = 0
    for batch in rows.batches(wanted or names[:1]):
        for name in wanted:
            column = batch.column(batch.schema.get_field_index(name))
            if is_textual(rows.types[name]):
                _survey_strings(found[name], pc.cast(column, pa.string()), total)
            if name in key_names:
                keys = pc.cast(column, pa.string())
                found[name].hashes.append(hash_strings(keys))
                found[name].blank += len(keys) - (pc.sum(pc.not_equal(keys, "")).as_py() or 0)
        total += batch.num_rows
    return found, total


def is_textual(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds texts, dictionary-encoded or not."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def decide(name: str, kind: pa.DataType, survey: ColumnSurvey, notes: list[str]) -> Column | None:
    """Return the column with its role, or None where a model cannot use it.

    Args:
        name: the column.
        kind: its Arrow type.
        survey: what the pass over it found.
        notes: a remark is added where a person may want to know.
    """
    if is_textual(kind):
        return _decide_strings(name, survey, notes)
    if pa.types.is_boolean(kind):
        return Column(name, "categorical")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Column(name, "numeric", unit=DATE_UNIT)
    if pa.types.is_duration(kind) or pa.types.is_time(kind):
        return Column(name, "numeric", unit="s")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Column(name, "numeric")
    return None


def _survey_strings(survey: ColumnSurvey, column: pa.Array, start: int) -> None:
    trimmed = pc.utf8_trim_whitespace(pc.fill_null(column, ""))
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(MISSING))
    present = trimmed.filter(pc.invert(missing))
    survey.values += len(present)
    survey.length += pc.sum(pc.utf8_length(present)).as_py() or 0
    numeric = pc.match_substring_regex(present, NUMBER)
    numbers = pc.sum(numeric).as_py() or 0
    survey.numbers += numbers
    if numbers < len(present):
        survey.dates += pc.sum(pc.match_substring_regex(present, DATE)).as_py() or 0
        if survey.odd is None:
            other = pc.index(numeric, False).as_py()
            row = pc.indices_nonzero(pc.invert(missing))[other].as_py()
            survey.odd = (present[other].as_py(), start + row + 1)
    if survey.distinct is not None:
        survey.distinct.update(pc.unique(present).slice(0, MAX_DISTINCT + 1).to_pylist())
        if len(survey.distinct) > MAX_DISTINCT:
            survey.distinct = None


def _decide_strings(name: str, survey: ColumnSurvey, notes: list[str]) -> Column | None:
    if not survey.values:
        notes.append(f"column {name!r} has no value in any row and is left out of the model")
        return None
    if survey.numbers == survey.values:
        return Column(name, "numeric")
    if survey.dates == survey.values:
        return Column(name, "numeric", unit=DATE_UNIT)
    few = survey.distinct is not None and 2 * len(survey.distinct) <= survey.values
    short = survey.length <= MAX_LENGTH * survey.values
    column = Column(name, "categorical" if few and short else "text")
    if 2 * survey.numbers >= survey.values and survey.odd:
        value, row = survey.odd
        notes.append(
            f"column {name!r} mixes {survey.numbers} numbers with {survey.values - survey.numbers} other values "
            f"(the first: {value[:40]!r} in row {row}); it is taken as {column.role}"
        )
    return column
