"""How long a large pool takes from its file to a project, and how much memory meanwhile.

`python -m benchmarks.import_pool [--quick] [--sizes 1e6] [--formats parquet csv npy] [--json FILE]` writes a table of
eight numbers, a category and a key for each item as Parquet and as CSV, and vectors of 256 dimensions as `.npy`, and
makes a project of each in a spawned process, as `goldpan init` does before its first round. Its own memory is sampled
meanwhile. Then rows are added to the Parquet file and `goldpan refresh` is timed likewise.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmarks.memory import MemoryWatch
from benchmarks.report import benchmark_arguments, report
from benchmarks.scale import items_of, worker_process
from benchmarks.scale_pool import plant, size_name

SIZES, QUICK_SIZES = (1_000_000,), (100_000,)
FORMATS = ("parquet", "csv", "npy")
COLUMNS = 8
CHUNK_ROWS = 65_536
ADDED_SHARE = 0.01
"""Share of new rows that the pool grows by before it is refreshed."""


def main() -> None:
    """Measure and print."""
    parser = benchmark_arguments("import_pool", "time and memory from a pool's file to a project")
    parser.add_argument(
        "--sizes", nargs="+", type=items_of, metavar="N", help="items of the pools: 1e5 1e6 …"
    )
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS, help="all if not given")
    parser.add_argument(
        "--folder", type=Path, help="where the pools are made, for a while; the system's if none"
    )
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for items in arguments.sizes or (QUICK_SIZES if arguments.quick else SIZES):
        for kind in arguments.formats:
            figures |= measure_import(kind, items, folder=arguments.folder)
    notes = ["_s is from the file to vectors and map; _gb is the most memory of the process's own meanwhile"]
    report("import_pool", figures, json_path=arguments.json, notes=notes)


def measure_import(kind: str, items: int, *, folder: Path | None = None) -> dict[str, float]:
    """Make a project of a file, and refresh it once the file has more rows.

    Args:
        kind: one of FORMATS.
        items: rows.
        folder: where it is made, and removed again; None for the system's folder.

    Returns:
        `init_KIND_SIZE_s` with a figure for each stage (`import`, `vectors`, `map`), `init_KIND_SIZE_gb`, and for
        Parquet `refresh_KIND_SIZE_s` and `_gb`.
    """
    mark = f"{kind}_{size_name(items)}"
    with tempfile.TemporaryDirectory(dir=folder, prefix="goldpan-import-") as place:
        path = write_pool(Path(place), kind, items)
        config = Path(place) / "import.yaml"
        figures = _measured(make_project, path, config, mark=f"init_{mark}")
        if kind == "parquet":
            write_pool(Path(place), kind, items + int(items * ADDED_SHARE))
            figures |= _measured(refresh_project, path, config, mark=f"refresh_{mark}")
    return figures


def write_pool(folder: Path, kind: str, items: int) -> Path:
    """Write a pool's file, a chunk at a time; the first rows are the same whatever their number.

    Args:
        folder: where it goes.
        kind: one of FORMATS.
        items: rows.
    """
    if kind == "npy":
        return plant(folder, items).path
    path = folder / f"pool.{kind}"
    chunks = _chunks(items)
    first = next(chunks)
    if kind == "csv":
        with pa.csv.CSVWriter(path, first.schema) as writer:
            for chunk in (first, *chunks):
                writer.write(chunk)
    else:
        with pa.parquet.ParquetWriter(path, first.schema) as writer:
            for chunk in (first, *chunks):
                writer.write(chunk)
    return path


def make_project(pool: str, config_path: str) -> dict[str, float]:
    """Make a project as `goldpan init` does, without a first round; returns the seconds of each stage.

    Args:
        pool: the pool's file.
        config_path: the project's file.
    """
    from app.prepare import create_project
    from app.setup import ProjectWishes, make_config

    clock = _Clock()
    config = make_config(ProjectWishes(name="import", pool=pool, classes=("a", "b")), Path(config_path))
    create_project(config, Path(config_path), stage=clock.stage).close()
    return clock.seconds()


def refresh_project(pool: str, config_path: str) -> dict[str, float]:
    """Take over a pool that changed, as `goldpan refresh` does; returns the seconds of each stage.

    Args:
        pool: not used; the project knows it.
        config_path: the project's file.
    """
    from app.prepare import refresh_pool
    from app.project import open_project

    del pool
    clock = _Clock()
    project = open_project(Path(config_path))
    refresh_pool(project, stage=clock.stage)
    project.close()
    return clock.seconds()


class _Clock:
    """Tells how long each stage of a preparation took."""

    def __init__(self) -> None:
        self._begun: list[tuple[str, float]] = []

    def stage(self, name: str) -> Callable[[float, str], None]:
        self._begun.append((name, time.perf_counter()))
        return lambda share, what: None

    def seconds(self) -> dict[str, float]:
        names = {"Importing the pool": "import", "Computing the vectors": "vectors", "Drawing the map": "map"}
        ends = [began for _, began in self._begun[1:]] + [time.perf_counter()]
        spans = zip(self._begun, ends, strict=True)
        return {names.get(name, name): end - began for (name, began), end in spans}


def _measured(
    work: Callable[[str, str], dict[str, float]], path: Path, config: Path, *, mark: str
) -> dict[str, float]:
    with worker_process() as executor:
        pid = executor.submit(_imported).result()
        began = time.perf_counter()
        with MemoryWatch(pid) as watch:
            stages = executor.submit(work, str(path), str(config)).result()
        figures = {f"{mark}_s": time.perf_counter() - began}
    figures |= {f"{mark}_{stage}_s": value for stage, value in stages.items()}
    if watch.peak_gb is not None:
        figures[f"{mark}_gb"] = watch.peak_gb
    return {name: round(value, 3) for name, value in figures.items()}


def _imported() -> int:
    """Import what both works need, so that it is not timed; returns the process's number."""
    import os

    import app.prepare
    import models.encoders.registry
    import models.projection

    del app, models
    return os.getpid()


def _chunks(items: int) -> Iterator[pa.RecordBatch]:
    names: Sequence[str] = [f"x{column}" for column in range(COLUMNS)]
    kinds = np.array(["red", "green", "blue"])
    for chunk, low in enumerate(range(0, items, CHUNK_ROWS)):
        # Whole chunks are drawn: a longer pool begins with the rows of a shorter one.
        generator = np.random.default_rng([7, chunk])
        values = generator.normal(size=(CHUNK_ROWS, COLUMNS)).round(4)
        colours = kinds[generator.integers(0, len(kinds), CHUNK_ROWS)]
        count = min(CHUNK_ROWS, items - low)
        keys = [f"item-{row:08d}" for row in range(low, low + count)]
        columns = {name: values[:count, place] for place, name in enumerate(names)}
        yield pa.record_batch({"id": keys, **columns, "colour": colours[:count]})


if __name__ == "__main__":
    main()
