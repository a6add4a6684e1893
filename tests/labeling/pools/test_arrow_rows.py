from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.errors import SnapshotError


def write(path: Path, sizes: list[int], width: int = 3) -> list[str]:
    schema = pa.schema([("s", pa.string())])
    values: list[str] = []
    with pa.ipc.new_file(str(path), schema) as writer:
        for size in sizes:
            part = [f"{len(values) + i}".rjust(width) for i in range(size)]
            values += part
            writer.write_batch(pa.record_batch([pa.array(part)], schema=schema))
    return values


@pytest.mark.parametrize("sizes", [[5], [1, 1, 1], [3, 0, 4], [0, 2, 0]])
def test_value__every_row_of_every_batch(tmp_path: Path, sizes: list[int]) -> None:
    values = write(tmp_path / "a.arrow", sizes)
    rows = ArrowRows(tmp_path / "a.arrow")
    assert len(rows) == len(values)
    assert [rows.value(row, 0) for row in range(len(rows))] == values


@pytest.mark.parametrize("sizes", [[5], [1, 1, 1], [3, 0, 4], [0, 2, 0]])
def test_span__agrees_with_slicing(tmp_path: Path, sizes: list[int]) -> None:
    values = write(tmp_path / "a.arrow", sizes)
    rows = ArrowRows(tmp_path / "a.arrow")
    for start in range(-1, len(values) + 2):
        for stop in range(len(values) + 3):
            assert rows.span(start, stop, 0).to_pylist() == values[max(start, 0) : stop]


def test_take__keeps_the_order_and_repeats(tmp_path: Path) -> None:
    values = write(tmp_path / "a.arrow", [3, 0, 4, 2])
    rows = ArrowRows(tmp_path / "a.arrow")
    wanted = np.random.default_rng(0).integers(0, 9, 50)
    assert rows.take(wanted, 0).to_pylist() == [values[row] for row in wanted]
    assert rows.take(np.array([], dtype=np.int64), 0).to_pylist() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_value__showing_all_rows_in_turn_does_not_fill_the_process(tmp_path: Path) -> None:
    write(tmp_path / "a.arrow", [20] * 400, width=20_000)  # 160 MB
    rows = ArrowRows(tmp_path / "a.arrow")

    def resident_mb() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    before = resident_mb()
    for row in range(0, 8000, 2):
        rows.value(row, 0)
    assert resident_mb() - before < 80


def test_arrow_rows__no_such_file_or_no_arrow(tmp_path: Path) -> None:
    (tmp_path / "b.arrow").write_bytes(b"nothing of the kind")
    (tmp_path / "c.arrow").write_bytes(b"")
    for name in ("a.arrow", "b.arrow", "c.arrow"):
        with pytest.raises(SnapshotError, match=name):
            ArrowRows(tmp_path / name)
