"""How a round's time and memory grow with the pool, and how long other libraries take for one query.

`python -m benchmarks.scale [--quick] [--sizes 1e4 1e5 1e6 1e7] [--json FILE] [--plot FILE]` makes pools of vectors of
256 dimensions, float16, with ten planted classes, some very rare, labels 500 items and runs rounds in a spawned process
as the server's worker does, its memory sampled meanwhile. A round on a small pool comes first, so that the process is
warm. `read_SIZE_s` is the time of merely reading the vectors once. Where the libraries goldpan is compared with are
installed (`make peers`), each is asked for one batch of ten on 100,000 items, and its time is divided by that of
goldpan's own strategy of the same idea. Figures of a GPU are measured where torch finds one. --quick takes the two
smallest pools. `--plot` draws the times over the sizes; with `--from FILE …` from what earlier runs wrote by `--json`,
and then nothing is measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from app.project import Project
from app.rounds_plan import begin_round
from app.status import read_status
from app.worker import begin, work_round
from benchmarks.memory import MemoryWatch, own_memory_gb
from benchmarks.report import benchmark_arguments, describe_machine, report
from benchmarks.scale_gpu import ITEMS as PASS_ITEMS
from benchmarks.scale_gpu import pass_figures
from benchmarks.scale_peers import peer_ratios
from benchmarks.scale_plot import save_plot, write_plot
from benchmarks.scale_pool import CHUNK_ROWS, DIMENSIONS, planted_project, set_device, size_name
from models.vectors import open_vectors

REPEATS = 2
WARM_ITEMS = 2_000
LARGE_ITEMS = 5_000_000
"""From so many items on one round is measured in place of the best of REPEATS."""

PEER_ITEMS = 100_000
QUICK_PASS = 1_000_000
SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000, 100_000)
BYTES_PER_ITEM = 2 * 2 * DIMENSIONS + 400
"""What a pool takes on disk while it is measured: the vectors twice, keys, a round's answers."""

STAGES: Mapping[str, tuple[str, ...]] = {
    "gathering": ("read", "agree", "words", "seek"),
    "learning": ("learn",),
    "pass": ("score",),
    "strategy": ("choose",),
}
"""Stage of the figures → steps that the round times itself; what is left is `storing`."""

BUDGETS = {
    "round_1e4_s": 0.7,
    "round_1e5_s": 2.0,
    "round_1e6_s": 6.0,
    "round_1e7_s": 60.0,
    "peak_1e5_gb": 0.5,
    "peak_1e6_gb": 1.0,
    "peak_1e7_gb": 2.0,
    "gpu_round_1e5_s": 0.3,
    "gpu_round_1e6_s": 0.5,
    "gpu_round_1e7_s": 2.0,
    "gpu_pass_1e8_s": 3.0,
}


@dataclass(frozen=True)
class Measured:
    """One round.

    Attributes:
        seconds: from its start to its end, as who waits for it sees it.
        stages: seconds of each stage, `storing` among them; they add up to `seconds`.
        processor_s: seconds of processor time, which other work on the machine changes little.
        peak_gb: most memory that the process had of its own; None where the system does not tell.
    """

    seconds: float
    stages: Mapping[str, float]
    processor_s: float
    peak_gb: float | None


def main() -> None:
    """Measure and print; or draw what was measured before."""
    arguments = _arguments()
    if arguments.measured:
        try:
            write_plot(arguments.measured, arguments.plot, aims=BUDGETS)
        except ValueError as problem:
            sys.exit(str(problem))
        return
    sizes = arguments.sizes or (QUICK_SIZES if arguments.quick else SIZES)
    figures: dict[str, float] = {}
    notes = [
        f"vectors of {DIMENSIONS} dimensions, float16; ten classes, 500 labels; rounds in a warm process of their own"
    ]
    for items in sizes:
        if not _has_room(arguments.folder, items):
            notes.append(f"{size_name(items)}: left out, the disk has too little room")
            continue
        figures |= measure_size(items, folder=arguments.folder)
    if torch.cuda.is_available():
        # The figures above were measured in processes of their own, which are over: the GPU is free.
        figures |= pass_figures(torch.device("cuda"), items=QUICK_PASS if arguments.quick else PASS_ITEMS)
    if not arguments.no_peers:
        ratios, said = peer_ratios(1_000 if arguments.quick else PEER_ITEMS)
        figures |= ratios
        notes += said
    report("scale", figures, json_path=arguments.json, budgets=BUDGETS, notes=notes)
    if arguments.plot is not None:
        save_plot(figures, arguments.plot, aims=BUDGETS, machine=describe_machine())


def items_of(text: str) -> int:
    """Return a number of items written as 1e6 or 1000000.

    Args:
        text: what was typed.

    Raises:
        ValueError: no whole number of at least WARM_ITEMS.
    """
    number = float(text)
    if not (number.is_integer() and number >= WARM_ITEMS):
        raise ValueError(f"{text!r} is no whole number of at least {WARM_ITEMS}")
    return int(number)


def measure_size(
    items: int, *, folder: Path | None = None, dimensions: int = DIMENSIONS, repeats: int = REPEATS
) -> dict[str, float]:
    """Measure rounds on a pool of one size.

    Args:
        items: of the pool.
        folder: where it is made, and removed again; None for the system's folder.
        dimensions: length of its vectors.
        repeats: rounds; the best one counts, and the highest peak.

    Returns:
        `round_SIZE_s`, its processor time `round_SIZE_cpu_s`, `STAGE_SIZE_s`, `read_SIZE_s`, `peak_SIZE_gb` and
        `idle_SIZE_gb` (the process before the round) where the system tells; with `gpu_` in front where there is a GPU.
    """
    name = size_name(items)
    figures: dict[str, float] = {}
    repeats = 1 if items >= LARGE_ITEMS else repeats
    with tempfile.TemporaryDirectory(dir=folder, prefix="goldpan-scale-") as place:
        small, large = Path(place) / "small", Path(place) / "large"
        small.mkdir()
        large.mkdir()
        projects = (
            planted_project(small, WARM_ITEMS, dimensions=dimensions),
            planted_project(large, items, dimensions=dimensions),
        )
        for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
            mark = "gpu_" if device == "cuda" else ""
            for project in projects:
                set_device(project, device)
            found = _rounds(*projects, repeats=repeats)
            figures |= {f"{mark}{key.format(name)}": value for key, value in found.items()}
        vectors = open_vectors(projects[1].paths.vectors).array
        figures[f"read_{name}_s"] = min(read_once(vectors) for _ in range(repeats))
        for project in projects:
            project.close()
    return {key: round(value, 4) for key, value in figures.items()}


def read_once(vectors: npt.NDArray[np.floating]) -> float:
    """Return the seconds it takes to read all vectors once and add up their bits, a chunk at a time.

    Args:
        vectors: (n, d); d times the bytes of a number must be a multiple of 8.
    """
    began, total = time.perf_counter(), 0
    for low in range(0, len(vectors), CHUNK_ROWS):
        total ^= int(np.bitwise_xor.reduce(vectors[low : low + CHUNK_ROWS].view(np.uint64), axis=None))
    del total
    return time.perf_counter() - began


def run_round_in(executor: ProcessPoolExecutor, project: Project) -> Measured:
    """Run one round of a project in a process that was started as the worker is.

    Args:
        executor: of one process.
        project: its next round is begun here, as the supervisor does.
    """
    pid = executor.submit(os.getpid).result()
    revision = read_status(project.database).revision
    spent = executor.submit(time.process_time).result()
    began = time.perf_counter()
    with project.database.transaction() as session:
        begun = begin_round(session, config=project.config, revision=revision)
    assert begun is not None, "another round of this project runs"
    number, seed = begun
    with MemoryWatch(pid) as watch:
        executor.submit(work_round, str(project.paths.config), number, revision, seed).result()
    seconds = time.perf_counter() - began
    spent = executor.submit(time.process_time).result() - spent
    latest = read_status(project.database).latest
    assert latest is not None
    steps: Mapping[str, float] = latest.metrics["seconds"]
    stages = {stage: sum(steps.get(step, 0.0) for step in names) for stage, names in STAGES.items()}
    stages["storing"] = seconds - sum(stages.values())
    return Measured(seconds, stages, spent, watch.peak_gb)


@contextmanager
def worker_process() -> Iterator[ProcessPoolExecutor]:
    """Start one process as `app.worker` does, and end it afterwards."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(1, mp_context=context, initializer=begin, initargs=(os.getpid(),))
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _rounds(small: Project, large: Project, *, repeats: int) -> dict[str, float]:
    """Return figures of the large project, `{}` standing for its size."""
    with worker_process() as executor:
        run_round_in(executor, small)
        idle = own_memory_gb(executor.submit(os.getpid).result())
        runs = [run_round_in(executor, large) for _ in range(repeats)]
    best = min(runs, key=lambda run: run.seconds)
    figures = {"round_{}_s": best.seconds, "round_{}_cpu_s": min(run.processor_s for run in runs)} | {
        f"{stage}_{{}}_s": value for stage, value in best.stages.items()
    }
    peaks = [run.peak_gb for run in runs if run.peak_gb is not None]
    if peaks and idle is not None:
        figures |= {"peak_{}_gb": max(peaks), "idle_{}_gb": idle}
    return figures


def _arguments() -> argparse.Namespace:
    parser = benchmark_arguments("scale", "how a round's time and memory grow with the pool")
    parser.add_argument(
        "--sizes", nargs="+", type=items_of, metavar="N", help="items of the pools: 1e4 1e5 …"
    )
    parser.add_argument(
        "--folder", type=Path, help="where the pools are made, for a while; the system's if none"
    )
    parser.add_argument("--no-peers", action="store_true", help="do not ask the other libraries")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the times over the sizes, as an SVG")
    parser.add_argument(
        "--from", nargs="+", type=Path, dest="measured", metavar="FILE",
        help="with --plot: draw what earlier runs wrote by --json, and measure nothing",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.measured and arguments.plot is None:
        parser.error("--from says what to draw: give --plot FILE too")
    return arguments


def _has_room(folder: Path | None, items: int) -> bool:
    return shutil.disk_usage(folder or tempfile.gettempdir()).free > 1.2 * BYTES_PER_ITEM * items


if __name__ == "__main__":
    main()
