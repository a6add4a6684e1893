"""Finding similar items in a whole pool: exact search as goldpan does it, beside indexes of libraries.

`python -m benchmarks.neighbours [--quick] [--sizes 1e5 1e6] [--json FILE]` makes clouds of vectors of 256 dimensions,
float16, and asks each way for the ten nearest of 200 items, one at a time, on one thread. Each way has a process of its
own, so that its memory is its own; one that is expected to take longer than --most-s to build is left out at that size,
and said to be. Libraries are those of `make neighbours`; the absent ones are left out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.memory import MemoryWatch, own_memory_gb
from benchmarks.neighbours_ways import NEAREST, WAYS, IntArray, Way
from benchmarks.report import benchmark_arguments, report

DIMENSIONS, PLANE, CLOUDS = 256, 12, 100
"""Of the vectors; of the plane that each cloud lies along; how many clouds. What encoders give is of this kind: the
nearest items are told apart far better than in noise of 256 dimensions, where nobody's index finds them."""

SIZES, QUICK_SIZES = (100_000, 1_000_000), (10_000,)
QUERIES, WARM = 200, 3
CHUNK_ROWS = 65_536
MOST_S = 180.0


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    figures: dict[str, float] = {}
    notes: list[str] = []
    built: dict[str, tuple[int, float]] = {}
    for items in sorted(arguments.sizes or (QUICK_SIZES if arguments.quick else SIZES)):
        with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="goldpan-neighbours-") as place:
            path = draw(Path(place), items)
            right = run(path, WAYS["exact"])[1]
            for name in arguments.ways:
                expected = _expected_s(built.get(name), items)
                if expected > arguments.most_s:
                    notes.append(f"{name} at {items:,} is left out: about {expected:.0f} s to build")
                    continue
                found, answers = run(path, WAYS[name])
                built[name] = items, found["build_s"]
                found["recall"] = recall(answers, right)
                figures |= {f"{name}_{items}_{figure}": value for figure, value in found.items()}
                print(name, items, {key: round(value, 4) for key, value in found.items()}, flush=True)
    absent = sorted({way.library for way in WAYS.values() if way.library and not find_spec(way.library)})
    if absent:
        notes.append(f"not installed, left out: {', '.join(absent)} (make neighbours)")
    report("neighbours", figures, json_path=arguments.json, notes=notes)


def draw(folder: Path, items: int, *, dimensions: int = DIMENSIONS, seed: int = 0) -> Path:
    """Write clouds of vectors of very different sizes, a chunk at a time.

    Args:
        folder: where `vectors.npy` goes.
        items: how many.
        dimensions: length of the vectors.
        seed: of all that is drawn.
    """
    generator = np.random.default_rng([seed, 0])
    centres = generator.normal(size=(CLOUDS, dimensions)).astype(np.float32)
    planes = generator.normal(size=(CLOUDS, PLANE, dimensions)).astype(np.float32) / np.float32(PLANE**0.5)
    shares = np.geomspace(1, 1e-3, CLOUDS)
    path = folder / "vectors.npy"
    with path.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": (items, dimensions)}
        np.lib.format.write_array_header_1_0(file, header)
        for chunk, low in enumerate(range(0, items, CHUNK_ROWS)):
            generator = np.random.default_rng([seed, 1, chunk])
            size = min(CHUNK_ROWS, items - low)
            values = 0.1 * generator.standard_normal((size, dimensions), dtype=np.float32)
            clouds = generator.choice(CLOUDS, size, p=shares / shares.sum())
            along = generator.standard_normal((size, PLANE), dtype=np.float32)
            for cloud in np.unique(clouds):
                own = clouds == cloud
                values[own] += centres[cloud] + along[own] @ planes[cloud]
            file.write(values.astype("<f2").tobytes())
    return path


def run(path: Path, way: Way) -> tuple[dict[str, float], IntArray]:
    """Measure one way in a process of its own.

    Args:
        path: the vectors.
        way: the way.

    Returns:
        `build_s`, `query_ms` (median) and `query_p95_ms`, `peak_gb` and `index_gb` where the system tells; and
        (QUERIES, NEAREST) the rows that it found.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        before = executor.submit(_prepare, way.name).result()
        with MemoryWatch(executor.submit(os.getpid).result()) as watch:
            figures, answers = executor.submit(_measure, str(path), way.name).result()
    if watch.peak_gb is not None and before is not None:
        figures["peak_gb"] = watch.peak_gb - before
    return figures, answers


def recall(found: IntArray, right: IntArray) -> float:
    """Return the share of the right rows that were found.

    Args:
        found: (q, k) rows.
        right: (q, k) those of exact search.
    """
    return float(
        np.mean([len(np.intersect1d(*pair)) / len(pair[1]) for pair in zip(found, right, strict=True)])
    )


def queries(items: int) -> IntArray:
    """Return the rows whose nearest are asked for.

    Args:
        items: of the pool.
    """
    return np.sort(np.random.default_rng(1).choice(items, min(QUERIES, items), replace=False))


def _prepare(name: str) -> float | None:
    """Import what the way needs, so that its memory and time are not counted; return the process's memory."""
    WAYS[name].prepare()
    return own_memory_gb(os.getpid())


def _measure(path: str, name: str) -> tuple[dict[str, float], IntArray]:
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    before = own_memory_gb(os.getpid())
    threadpool_limits(1, user_api="blas")
    began = time.perf_counter()
    ask = WAYS[name].build(vectors)
    figures = {"build_s": time.perf_counter() - began}
    after = own_memory_gb(os.getpid())
    if before is not None and after is not None:
        figures["index_gb"] = after - before
    asked = queries(len(vectors))
    for row in asked[:WARM]:
        ask(np.asarray(vectors[row], np.float32))
    times, answers = [], np.full((len(asked), NEAREST), -1, np.int64)
    for place, row in enumerate(asked):
        point = np.asarray(vectors[row], np.float32)
        began = time.perf_counter()
        rows = ask(point)
        times.append(1000 * (time.perf_counter() - began))
        answers[place, : len(rows)] = rows
    p50, p95 = np.percentile(times, [50, 95])
    return figures | {"query_ms": float(p50), "query_p95_ms": float(p95)}, answers


def _expected_s(built: tuple[int, float] | None, items: int) -> float:
    return 0.0 if built is None else 1.1 * built[1] * items / built[0]


def _arguments() -> argparse.Namespace:
    parser = benchmark_arguments("neighbours", "similar items: exact search beside libraries' indexes")
    there = [name for name, way in WAYS.items() if not way.library or find_spec(way.library)]
    parser.add_argument(
        "--sizes", nargs="+", type=lambda text: int(float(text)), metavar="N", help="1e5 1e6 …"
    )
    parser.add_argument("--ways", nargs="+", choices=there, default=there, help="all that are installed")
    parser.add_argument(
        "--most-s", type=float, default=MOST_S, help="longest that an index may take to build"
    )
    parser.add_argument("--folder", type=Path, help="where the vectors are drawn; the system's if none")
    return parser.parse_args()


if __name__ == "__main__":
    main()
