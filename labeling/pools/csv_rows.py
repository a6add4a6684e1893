"""Rows of a CSV file as Arrow batches of strings, in bounded memory; what is broken is named by its line."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from labeling.pools.errors import PoolColumnsError, PoolContentError, PoolEmptyError

_BLOCK_BYTES = 4 << 20
_DELIMITERS = ",;\t|"
MAX_COLUMNS = 10_000
"""Columns of a table; each is shown, summarised and offered in menus. Rows of numbers belong into a list column."""


class Unremarkable:
    """A file with nothing to say beside its rows."""

    def remarks(self) -> list[str]:
        """Return nothing."""
        return []

    def class_names(self, name: str) -> list[str] | None:
        """Return None: whole numbers in it are numbers."""
        del name
        return None


class CsvRows(Unremarkable):
    """A CSV file with a header. All values are strings, "" where nothing is written."""

    def __init__(self, path: Path) -> None:
        """Read the header.

        Args:
            path: a UTF-8 file, with or without byte order mark; the delimiter is the one of comma, semicolon, tab
                and bar that the header has most of. A column without a name is called `column_1` by its place.

        Raises:
            PoolContentError: the file is not UTF-8, or a quote is never closed.
            PoolColumnsError: two columns have one name, or there are more than `MAX_COLUMNS`.
            PoolEmptyError: the file is empty.
        """
        self.path = path
        header = _read_header(path)
        self.delimiter = max(_DELIMITERS, key=header.count)
        try:
            raw = next(csv.reader(header.splitlines(keepends=True), delimiter=self.delimiter), [])
        except csv.Error as error:
            raise PoolContentError(f"{path}, line 1: the header cannot be read ({error}); mend it") from error
        check_column_count(path, len(raw))
        self.unnamed_first = bool(raw) and not raw[0].strip()
        self.names = [name.strip() or f"column_{place}" for place, name in enumerate(raw, start=1)]
        repeated = sorted(name for name, count in Counter(self.names).items() if count > 1)
        if repeated:
            raise PoolColumnsError(
                f"{path}: more than one column is named {', '.join(map(repr, repeated))}; rename them"
            )
        self.types: dict[str, pa.DataType] = {name: pa.string() for name in self.names}
        self.total: int | None = None
        self._refuse_open_quote()

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches with the named columns, in that order.

        Args:
            names: columns.
            rows: at most so many rows in a batch; None takes as many as a block of the file holds.

        Raises:
            PoolContentError: a row has too many or too few values, or the text is not UTF-8; the line is named.
        """
        options = {
            "read_options": pa.csv.ReadOptions(
                block_size=_BLOCK_BYTES, column_names=self.names, skip_rows_after_names=1
            ),
            "parse_options": pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            "convert_options": pa.csv.ConvertOptions(
                column_types=self.types, include_columns=list(names), strings_can_be_null=False
            ),
        }
        try:
            with pa.csv.open_csv(self.path, **options) as reader:
                for batch in reader:
                    step = rows or max(batch.num_rows, 1)
                    yield from (batch.slice(start, step) for start in range(0, batch.num_rows, step))
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            self._explain()
            raise PoolContentError(f"{self.path} cannot be read as CSV: {error}") from error

    def _refuse_open_quote(self) -> None:
        """Arrow takes everything after an unclosed quote for one value; an odd number of quotes gives it away."""
        quotes = 0
        with self.path.open("rb") as file:
            while chunk := file.read(_BLOCK_BYTES):
                quotes += chunk.count(b'"')
        if quotes % 2:
            self._explain()

    def _explain(self) -> None:
        """Find the first broken line with the slower, stricter reader of the standard library, and raise.

        Raises:
            PoolContentError: with the line, if there is one.
        """
        start = 1
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            try:
                for row in reader:
                    if row and len(row) != len(self.names):
                        raise PoolContentError(
                            f"{self.path}, line {start}: {len(row)} values where the header has {len(self.names)} "
                            f"({', '.join(self.names[:6])}{', …' if len(self.names) > 6 else ''}); mend that line, "
                            "or quote values that contain the delimiter"
                        )
                    start = reader.line_num + 1
            except UnicodeDecodeError as error:
                raise _not_utf8(self.path) from error
            except csv.Error as error:
                raise PoolContentError(
                    f"{self.path}, line {start}: a quoted value that starts here is broken or never ends ({error}); "
                    'close it, or write quotes inside a value twice ("")'
                ) from error


def check_column_count(path: Path, count: int) -> None:
    """Refuse a table that no page could show.

    Raises:
        PoolColumnsError: there are more than `MAX_COLUMNS` columns.
    """
    if count > MAX_COLUMNS:
        raise PoolColumnsError(
            f"{path} has {count:,} columns; at most {MAX_COLUMNS:,} are read: leave some out, or put the numbers "
            "together into one list column of a .parquet file"
        )


def _read_header(path: Path) -> str:
    """Return the header's text; it may span lines where a name in quotes does."""
    with path.open("rb") as file:
        mark = file.read(4)
    if mark[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _not_utf8(path)
    lines = ""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            # A piece at a time: a file without line ends must not be taken for one header.
            while line := file.readline(_BLOCK_BYTES):
                lines += line
                if lines.count('"') % 2 == 0 or len(lines) >= _BLOCK_BYTES:
                    break
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    if len(lines) >= _BLOCK_BYTES:
        raise PoolContentError(
            f"{path}, line 1: the header has more than {_BLOCK_BYTES:,} characters; is it a CSV file?"
        )
    if not lines.strip():
        raise PoolEmptyError(f"{path} is empty; a pool needs a header and at least one row")
    return lines


def _not_utf8(path: Path) -> PoolContentError:
    """Return the error for text that is not UTF-8, with the line of the first byte that is not."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                bad = line[error.start : error.start + 1].hex()
                return PoolContentError(
                    f"{path}, line {number}: byte 0x{bad} is not UTF-8; save the file as UTF-8 "
                    "(iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW) and try again"
                )
    return PoolContentError(f"{path} is not UTF-8; save the file as UTF-8 and try again")
