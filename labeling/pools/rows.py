"""Rows of a file, whatever its format: names, types, and Arrow batches of some columns, as often as wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet

from labeling.pools.csv_rows import CsvRows, Unremarkable, check_column_count
from labeling.pools.errors import PoolColumnsError, PoolContentError, PoolEmptyError, PoolReaderError

BATCH_ROWS = 8192
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
LINE_SUFFIXES = (".txt", ".jsonl", ".ndjson")
BATCH_BYTES = 64 << 20
"""What a batch of numbers may take in memory."""
LINE_BYTES = 16 << 20
"""Longest line of text or JSON that is read."""
MAX_EXPANSION = 1_000
EXPANDED_BYTES = 1 << 30
"""Numbers of a Parquet file that take more than this, and MAX_EXPANSION times the file, are a bomb and no data."""


_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}
"""Parquet's physical types of numbers → bytes of one."""


class Rows(Protocol):
    """A file with named columns.

    Attributes:
        path: the file.
        names: the columns, in the file's order.
        types: the Arrow type of each column.
        total: the number of rows, None where the file must be read to know.
        unnamed_first: whether the first column came without a name, as an index written by pandas does.
    """

    path: Path
    names: list[str]
    types: dict[str, pa.DataType]
    total: int | None
    unnamed_first: bool

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns, in that order, none of them empty.

        Args:
            names: columns.
            rows: at most so many rows in a batch; None leaves it to the file.
        """
        ...

    def remarks(self) -> list[str]:
        """Return what the person should know of the file; complete once all batches were read."""
        ...

    def class_names(self, name: str) -> list[str] | None:
        """Return the names behind a whole-number column, where the file itself gives them, else None."""
        ...


def open_rows(path: Path) -> Rows:
    """Open a file by its ending: CSV or TSV, Parquet, lines of text, lines of JSON.

    Raises:
        PoolReaderError: the ending is none of these.
        PoolContentError: the file is not what its ending says.
        PoolEmptyError: there is nothing in it.
        PoolColumnsError: two columns have one name.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES + LINE_SUFFIXES:
        known = ", ".join(TABLE_SUFFIXES + LINE_SUFFIXES)
        raise PoolReaderError(f"{path}: a table ends in one of {known}; rename or convert the file")
    if path.stat().st_size == 0:
        raise PoolEmptyError(f"{path} is empty (0 bytes); a pool needs at least one item")
    if suffix in (".parquet", ".pq"):
        return ParquetRows(path)
    if suffix == ".txt":
        return TextLines(path)
    return JsonLines(path) if suffix in (".jsonl", ".ndjson") else CsvRows(path)


class ParquetRows(Unremarkable):
    """A Parquet file, read a batch at a time."""

    unnamed_first = False

    def __init__(self, path: Path) -> None:
        """Read the file's footer.

        Raises:
            PoolContentError: it is no Parquet file, or its numbers would take a thousand times the file.
            PoolColumnsError: two columns have one name, or there are too many.
        """
        self.path = path
        try:
            with pa.parquet.ParquetFile(path) as file:
                self.schema = file.schema_arrow
                self.total: int | None = file.metadata.num_rows
                check_column_count(path, len(self.schema))
                self._sizes = _expanded_sizes(file.metadata)
        except (pa.ArrowException, OSError) as error:
            raise PoolContentError(
                f"{path} is not a readable Parquet file ({error}); write it anew"
            ) from error
        self.names = list(self.schema.names)
        self.types = {field.name: field.type for field in self.schema}
        if len(self.types) < len(self.names):
            raise PoolColumnsError(
                f"{path}: two columns have one name; rename them ({', '.join(self.names)})"
            )
        expanded, packed = sum(self._sizes.values()), path.stat().st_size
        if expanded > max(EXPANDED_BYTES, MAX_EXPANSION * packed):
            raise PoolContentError(
                f"{path} has {packed:,} bytes and would take {expanded:,} in memory; such a file is not read"
            )

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns.

        Args:
            names: top-level columns.
            rows: at most so many rows in a batch; fewer where a row's numbers are many.

        Raises:
            PoolContentError: a page of the file is damaged.
        """
        taken = sum(self._sizes.get(name, 0) for name in names)
        rows = max(1, min(rows or BATCH_ROWS, BATCH_BYTES * (self.total or 1) // max(taken, 1)))
        try:
            with pa.parquet.ParquetFile(self.path, pre_buffer=False) as file:
                for batch in file.iter_batches(batch_size=rows, columns=list(names)):
                    if batch.num_rows:
                        yield batch.select(list(names))
        except (pa.ArrowException, OSError) as error:
            raise PoolContentError(f"{self.path} is damaged ({error}); write it anew") from error

    def class_names(self, name: str) -> list[str] | None:
        """Return the names behind a whole-number column, where the file's own metadata give them, else None.

        Files shared on the Hugging Face hub keep them so.
        """
        raw = (self.schema.metadata or {}).get(b"huggingface")
        try:
            names = json.loads(raw)["info"]["features"][name]["names"] if raw else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return [str(each) for each in names] if isinstance(names, list) else None


class TextLines(Unremarkable):
    """A `.txt` file: each line that is not blank is one row of the one column `text`."""

    unnamed_first = False
    total: int | None = None

    def __init__(self, path: Path) -> None:
        """Name the file; it is read in `batches`."""
        self.path = path
        self.names = ["text"]
        self.types: dict[str, pa.DataType] = {"text": pa.string()}

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the lines.

        Raises:
            PoolContentError: a line is not UTF-8.
        """
        lines = (line.rstrip("\r\n") for _, line in _lines(self.path))
        for chunk in _chunks((line for line in lines if line.strip()), rows or BATCH_ROWS):
            yield pa.record_batch([pa.array(chunk, type=pa.string())] * len(names), names=list(names))


class JsonLines(Unremarkable):
    """A `.jsonl` file: each line is a JSON object, each of its keys a column of strings."""

    unnamed_first = False

    def __init__(self, path: Path) -> None:
        """Read all lines once, for the names of the columns.

        Raises:
            PoolContentError: a line is no JSON object.
            PoolEmptyError: there is no line.
        """
        self.path = path
        found: dict[str, None] = {}
        total = 0
        for line in self._objects():
            found.update(dict.fromkeys(line))
            total += 1
        if not total:
            raise PoolEmptyError(f"{path} has no line with a JSON object; a pool needs at least one item")
        self.total: int | None = total
        self.names = list(found)
        self.types: dict[str, pa.DataType] = {name: pa.string() for name in self.names}

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches; what is no text is written as JSON writes it, null and absent as null.

        Raises:
            PoolContentError: a line is no JSON object.
        """
        for chunk in _chunks(self._objects(), rows or BATCH_ROWS):
            columns = [
                pa.array([_as_text(line.get(name)) for line in chunk], type=pa.string()) for name in names
            ]
            yield pa.record_batch(columns, names=list(names))

    def _objects(self) -> Iterator[dict[str, Any]]:
        for number, line in _lines(self.path):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise PoolContentError(
                    f"{self.path}, line {number}: not JSON ({error}); mend that line"
                ) from error
            if not isinstance(value, dict):
                raise PoolContentError(
                    f"{self.path}, line {number}: a JSON {type(value).__name__}; each line is an object {{…}}"
                )
            yield value


def _expanded_sizes(metadata: Any) -> dict[str, int]:  # noqa: ANN401 - Parquet's own
    """Return the bytes that the numbers of each top-level column take once they are unpacked; texts are not counted."""
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            width = _WIDTHS.get(chunk.physical_type, 0)
            name = chunk.path_in_schema.split(".", 1)[0]
            sizes[name] = sizes.get(name, 0) + chunk.num_values * width
    return sizes


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file with their numbers, from 1.

    Raises:
        PoolContentError: a line is not UTF-8, or longer than `LINE_BYTES`.
    """
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LINE_BYTES + 1), b""), start=1):
            if len(line) > LINE_BYTES:
                raise PoolContentError(
                    f"{path}, line {number}: longer than {LINE_BYTES:,} bytes; break it up"
                )
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise PoolContentError(
                    f"{path}, line {number}: not UTF-8 ({error.reason}); save the file as UTF-8 and try again"
                ) from error


def _chunks(values: Iterator[Any], rows: int) -> Iterator[list[pa.Array]]:
    chunk = []
    for value in values:
        chunk.append(value)
        if len(chunk) == rows:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _as_text(value: pa.Array) -> str | None:
    if value is None or isinstance(value, str):
        # A lone surrogate is legal in JSON and in no UTF-8 text.
        return None if value is None else value.encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
