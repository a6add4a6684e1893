"""How few labels goldpan needs, against margin and against other libraries, on real imbalanced pools.

`python -m benchmarks.label_efficiency [--quick] [--json FILE] [--seeds 0 1] [--pools digits] [--strategies galaxy]`.
Simulated from no label, ten labels a round, one classifier for all; docs/benchmarks.md says what is measured and how
to read it. `make peers` makes the environment in which the other libraries can run; where one is absent, it is said and
left out. The pools beyond scikit-learn's digits need the folder of real data: GOLDPAN_DATA, else `../shared/data`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from rich.console import Console

from app.simulation.oracle import ORACLE
from benchmarks.label_efficiency_curves import write_curves
from benchmarks.label_efficiency_report import (
    ALONE,
    BASE_SHARES,
    NAMED,
    NAMED_PAGES,
    OURS,
    PAGES,
    TARGETS,
    findings_of,
    print_tables,
)
from benchmarks.label_efficiency_runs import BASE, Job, Run, parse, run_all
from benchmarks.peers import registry as peers
from benchmarks.report import benchmark_arguments, report
from benchmarks.round import WHOLE, time_rounds
from benchmarks.strategy_pools import POOLS, data_folder
from strategies.registry import strategies

SEEDS, MORE_SEEDS, QUICK_SEEDS = tuple(range(10)), tuple(range(20)), (0, 1)
"""Measured on; tuning uses other seeds, from 1000 on."""

SHORT_POOLS = ("digits", "sdss", "htru2")
"""Runs take seconds here, and one seed differs much from the next: they get MORE_SEEDS."""

MARGIN_PEER = "skactiveml_margin"
SAME_MARGIN, SAME_MARGIN_POOL = ("small_text_margin", "modal_margin"), "digits"
"""On the same answers they pick the rows of MARGIN_PEER (a test holds it): they run on one pool, to be seen."""
COSTLY_POOL = "banking77"
COSTLY_PEERS = ("skactiveml_badge", "skactiveml_typiclust", "small_text_coreset")
COSTLY_SEEDS, SOME_SEEDS = 2, 3
"""On the pool with 77 classes and 100 rounds COSTLY_PEERS and pages take minutes a run: so many seeds, none in the
quick form. CoreSet, random and the oracle there, and peers with our start on all pools: SOME_SEEDS."""


def contenders(pool: str, wanted: Sequence[str] | None, *, quick: bool, place: int = 0) -> list[str]:
    """Return who runs on a pool.

    Args:
        pool: name of one of POOLS.
        wanted: strategies and peers beside those that always run; None for all of the comparison.
        quick: leave out what takes long.
        place: of the seed among the seeds.
    """
    if pool == "needles":
        return [NAMED, f"{ALONE}+names", ORACLE, OURS, BASE]
    costly, few = pool == COSTLY_POOL, place >= SOME_SEEDS
    paged = (place < COSTLY_SEEDS and not quick) if costly else place < len(SEEDS)
    always = [OURS, ALONE, BASE, *([NAMED] if costly else [])]
    if paged:
        always += [PAGES, NAMED_PAGES] if costly else [PAGES]
    if wanted is None:
        beside = [] if costly and few else ["random", ORACLE, BASE_SHARES]
        wanted = [*beside, *([] if costly else ["margin"]), *_peers(pool, quick, place)]
    return list(dict.fromkeys([*always, *wanted]))


def _peers(pool: str, quick: bool, place: int) -> list[str]:
    here = [name for name in peers.available() if pool == SAME_MARGIN_POOL or name not in SAME_MARGIN]
    few = place >= SOME_SEEDS
    if pool == COSTLY_POOL:
        costly = COSTLY_PEERS if quick or place >= COSTLY_SEEDS else ()
        return [name for name in here if name == MARGIN_PEER or not (few or name in costly)]
    if place >= len(SEEDS):
        here = [name for name in here if name == MARGIN_PEER]
    return here if quick or few else [*here, *(f"{name}+density" for name in here)]


def left_out(pools: Sequence[str], *, quick: bool) -> list[str]:
    """Return one sentence for each thing that the comparison leaves out.

    Args:
        pools: names of the pools.
        quick: whether the quick form runs.
    """
    absent = [name for name in peers.NAMES if name not in peers.available()]
    notes = [f"not installed, so left out: {', '.join(absent)}; run `make peers`"] if absent else []
    if not peers.available():
        return notes
    some = "left out in the quick form" if quick else f"the first {SOME_SEEDS} seeds alone"
    notes.append(f"peers with our start: {some}")
    if set(pools) - {SAME_MARGIN_POOL}:
        notes.append(
            f"left out but on {SAME_MARGIN_POOL}: {', '.join(SAME_MARGIN)}, which pick the rows of {MARGIN_PEER}"
        )
    if set(pools) & set(SHORT_POOLS) and not quick:
        notes.append(
            f"{PAGES}, and peers but {MARGIN_PEER}, on {', '.join(SHORT_POOLS)}: the first {len(SEEDS)} seeds alone"
        )
    if COSTLY_POOL in pools:
        notes.append(
            f"left out on {COSTLY_POOL}: margin, which picks the rows of {MARGIN_PEER}; peers with our start"
        )
        some = "none in the quick form" if quick else f"the first {COSTLY_SEEDS} seeds alone"
        notes.append(f"{', '.join((*COSTLY_PEERS, PAGES, NAMED_PAGES))} on {COSTLY_POOL}: {some}")
        notes.append(
            f"random, {ORACLE}, {BASE_SHARES}, skactiveml_coreset on {COSTLY_POOL}: the first {SOME_SEEDS} seeds alone"
        )
    return notes


def main() -> None:
    """Run the benchmark as the command line asks."""
    arguments = _arguments()
    began = time.perf_counter()
    pools = arguments.pools or list(POOLS)
    notes = []
    if not data_folder().is_dir():
        missing = [pool for pool in pools if POOLS[pool].needs_data]
        notes.append(f"{data_folder()} is not there: left out {', '.join(missing)}; set GOLDPAN_DATA")
        pools = [pool for pool in pools if pool not in missing]
    notes += left_out(pools, quick=arguments.quick) if arguments.strategies is None else []
    try:
        runs = collect(_jobs(arguments, pools), processes=arguments.processes)
    except BrokenProcessPool:
        sys.exit(
            "a worker process was killed, perhaps for want of memory; run again with --processes 1, and with --runs "
            "FOLDER, which keeps what is finished"
        )
    found = findings_of(runs)
    found.figures |= time_rounds(WHOLE)
    found.figures["seconds"] = time.perf_counter() - began
    report("label_efficiency", found.figures, json_path=arguments.json, budgets=_budgets())
    print_tables(runs, found.figures, [*found.notes, *notes])
    if arguments.curves:
        write_curves(runs, arguments.curves)


def collect(jobs: Sequence[Job], *, processes: int) -> dict[str, dict[str, dict[int, Run]]]:
    """Run the jobs, telling on stderr how far it is.

    Args:
        jobs: what is to be run.
        processes: how many at once.

    Returns:
        Runs by pool, contender and seed.
    """
    runs: dict[str, dict[str, dict[int, Run]]] = {}
    console = Console(stderr=True)
    for done, (job, by_name) in enumerate(run_all(jobs, processes=processes), start=1):
        console.print(f"{done} of {len(jobs)}: {job.pool}, seed {job.seed}", highlight=False)
        for name, run in by_name.items():
            runs.setdefault(job.pool, {}).setdefault(name, {})[job.seed] = run
    return runs


def seeds_of(pool: str, *, quick: bool) -> tuple[int, ...]:
    """Return the seeds a pool is measured on.

    Args:
        pool: name of one of POOLS.
        quick: whether the quick form runs.
    """
    if quick:
        return QUICK_SEEDS
    return MORE_SEEDS if pool in SHORT_POOLS else SEEDS


def _jobs(arguments: argparse.Namespace, pools: Sequence[str]) -> list[Job]:
    return [
        Job(
            pool,
            seed,
            tuple(contenders(pool, arguments.strategies, quick=arguments.quick, place=place)),
            arguments.runs,
        )
        for pool in pools
        for place, seed in enumerate(arguments.seeds or seeds_of(pool, quick=arguments.quick))
    ]


def _budgets() -> dict[str, float]:
    return {target.figure: target.limit for target in TARGETS if not target.least}


def _arguments() -> argparse.Namespace:
    parser = benchmark_arguments("label_efficiency", "How few labels goldpan needs, against other libraries.")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        help="default 0 to 9 (0 to 19 on short pools), with --quick 0 and 1",
    )
    parser.add_argument("--pools", nargs="+", choices=list(POOLS), help="default all")
    parser.add_argument(
        "--strategies", nargs="+", type=_contender, metavar="NAME",
        help=f"run these beside {OURS}, {ALONE} and {BASE} in place of margin, random, the oracle and the peers; "
        "NAME+density begins with our density start",
    )  # fmt: skip
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="default 2")
    parser.add_argument(
        "--runs", type=Path, metavar="FOLDER",
        help="keep every run here, and take those that are here already unless the code they depend on changed",
    )  # fmt: skip
    parser.add_argument("--curves", type=Path, metavar="FOLDER", help="draw the curves here, an SVG a pool")
    return parser.parse_args()


def _contender(name: str) -> str:
    try:
        who = parse(name).who
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if who in peers.NAMES and who not in peers.available():
        raise argparse.ArgumentTypeError(f"{who} is not installed here; run `make peers` and use .venv-peers")
    if who not in (*strategies.names(), *peers.NAMES, ORACLE):
        known = ", ".join([*strategies.names(), *peers.NAMES, ORACLE])
        raise argparse.ArgumentTypeError(f"there is no strategy {who!r}; there are {known}")
    return name


if __name__ == "__main__":
    main()
