"""Rows of an Arrow IPC file, memory-mapped: any one row is reached without reading the others."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from labeling.pools.errors import SnapshotError

IntArray = npt.NDArray[np.int64]
_RELEASE_EVERY = 1000


class ArrowRows:
    """A read-only view of an uncompressed Arrow IPC file; safe to read from several threads.

    Holds one small object for each batch of the file and none for a row.
    """

    def __init__(self, path: Path) -> None:
        """Map a file.

        Args:
            path: an Arrow IPC file.

        Raises:
            SnapshotError: it is missing or is no such file.
        """
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(self._map)))
            self._batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        except (OSError, ValueError, pa.ArrowException) as error:
            raise SnapshotError(
                f"{path} cannot be read ({error}); the pool's snapshot is damaged: make it again from its source"
            ) from error
        self.schema = reader.schema
        self._reads = 0
        sizes = [batch.num_rows for batch in self._batches]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def value(self, row: int, column: int) -> Any:  # noqa: ANN401 — what the column holds
        """Return one value as a Python object; bytes and texts are copied out of the map.

        Raises:
            IndexError: the row is not in the file.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} is not in a pool of {len(self)} items")
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        value = self._batches[number].column(column)[row - int(self._starts[number])].as_py()
        self._reads += 1
        if self._reads % _RELEASE_EVERY == 0:
            self.release()
        return value

    def is_there(self, row: int, column: int) -> bool:
        """Return whether one value is not null, without reading it; the row is in the file."""
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        return bool(self._batches[number].column(column)[row - int(self._starts[number])].is_valid)

    def release(self) -> None:
        """Take the file's pages off this process's account; they stay in the system's cache and are found again.

        Without this a server that shows a million items in turn seems to hold all of them.
        """
        if hasattr(self._map, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def span(self, start: int, stop: int, column: int) -> pa.ChunkedArray:
        """Return the values of rows start to stop (not included) of one column, as an Arrow chunked array."""
        start, stop = max(start, 0), min(stop, len(self))
        pieces = []
        first = int(np.searchsorted(self._starts, start, side="right")) - 1
        for number in range(max(first, 0), len(self._batches)):
            offset = int(self._starts[number])
            if offset >= stop:
                break
            begin = max(start - offset, 0)
            end = min(stop - offset, self._batches[number].num_rows)
            if end > begin:
                pieces.append(self._batches[number].column(column).slice(begin, end - begin))
        return pa.chunked_array(pieces, type=self.schema.field(column).type)

    def take(self, rows: IntArray, column: int) -> pa.Array:
        """Return the values of some rows of one column, in the order asked for, as an Arrow array.

        Args:
            rows: (m,) int64, each in the file; may repeat.
            column: number of the column.
        """
        if not len(rows):
            return pa.array([], type=self.schema.field(column).type)
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(numbers, kind="stable")
        sorted_rows, sorted_numbers = rows[order], numbers[order]
        used, first = np.unique(sorted_numbers, return_index=True)
        pieces = []
        for number, begin, end in zip(used.tolist(), first, np.append(first[1:], len(rows)), strict=True):
            inside = sorted_rows[begin:end] - self._starts[number]
            pieces.append(self._batches[number].column(column).take(pa.array(inside)))
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return pa.concat_arrays(pieces).take(pa.array(back))
