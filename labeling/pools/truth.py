"""The hidden truth, apart from the pool: for demonstrations and benchmarks that say how the work went.

No object that the web page or a model is given leads here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from labeling.pools.errors import SnapshotError

TRUTH_FILE = "truth.parquet"
_GROUP_ROWS = 65536


def read_truth(folder: Path) -> list[str] | None:
    """Return the true label of every item, "" where it is unknown; None where the pool came without any.

    Args:
        folder: a snapshot's folder.

    Raises:
        SnapshotError: the file is damaged.
    """
    path = folder / TRUTH_FILE
    if not path.exists():
        return None
    try:
        column = pa.parquet.read_table(path).column("truth")
    except (pa.ArrowException, OSError, KeyError) as error:
        raise SnapshotError(
            f"{path} is damaged ({error}); make the snapshot again from its source"
        ) from error
    values: list[str] = pc.fill_null(column, "").to_pylist()
    return values


class TruthWriter:
    """Writes the hidden truth part by part; the file appears with the first part."""

    def __init__(self, folder: Path) -> None:
        """Name the folder to write into."""
        self._path = folder / TRUTH_FILE
        self._schema = pa.schema([("truth", pa.string())])
        self._writer: Any = None
        self._waiting: list[pa.Array] = []

    def add(self, values: pa.Array) -> None:
        """Append the true labels of the next items, an Arrow string array."""
        if self._writer is None:
            self._writer = pa.parquet.ParquetWriter(self._path, self._schema)
        self._waiting.append(values)
        if sum(map(len, self._waiting)) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._flush()
            self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            column = pa.chunked_array(self._waiting, type=pa.string())
            self._writer.write_table(pa.table([column], schema=self._schema))
            self._waiting = []
