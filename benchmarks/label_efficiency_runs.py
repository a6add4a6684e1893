"""What label_efficiency simulates, and how: contenders, the jobs of two processes, and runs kept on disk.

A contender is written `NAME`, with suffixes: `+density` begins with goldpan's density start, `+names` is told the
class names, `+shares` weighs labels by the share of the pool they stand for (`models.label_shares`), `+pages` confirms
pages of one class. NAME is a registered strategy, a peer, or `oracle`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from app.simulation.oracle import ORACLE, balanced_oracle
from app.simulation.run import RunPlan, RunResult, simulate, whole_pool_accuracy
from app.simulation.running import confirm_page
from benchmarks.peers import registry as peers
from benchmarks.peers.contract import PeerStrategy
from benchmarks.strategy_pools import POOLS, draw
from config.schema import HeadSection
from strategies.contract import Strategy

BATCH, QUEUE = 10, 60
MOST_PAGES = 1_000
"""Pages go on as long as one pays more than single labels; then ten single labels follow."""
HEAD = HeadSection(
    members=1, calibrate=False, imbalance="balanced_weights", device="cpu", weigh_by_share=False
)
"""The one classifier of all: multinomial logistic regression with balanced weights. goldpan's own weighs labels by
share besides, which `+shares` turns on."""
SUFFIXES = ("density", "names", "shares", "pages")
BASE = "margin+density"
"""What everything is compared with: margin, from goldpan's density start."""


@dataclass(frozen=True)
class Contender:
    """Who chooses, and under what terms.

    Attributes:
        name: as it is written, see above.
        who: a registered strategy, a peer, or `oracle`.
        our_start: whether it begins with goldpan's density start.
        names: whether it is told the class names.
        shares: whether labels are weighed by the share of the pool they stand for.
        effort: labels one by one, or pages too.
    """

    name: str
    who: str
    our_start: bool
    names: bool
    shares: bool
    effort: Literal["single", "page"]

    @property
    def key(self) -> str:
        """The name as it stands in figures."""
        return self.name.replace("+", "_")

    @property
    def external(self) -> bool:
        """Whether it is a peer or the oracle: it is asked for a batch, not for a list."""
        return self.who in (*peers.NAMES, ORACLE)


@dataclass(frozen=True)
class Run:
    """What one contender reached on one pool with one seed; what is kept on disk.

    Attributes:
        labels: after each training, how many labels there were.
        decisions: likewise, how many decisions they cost.
        accuracy: likewise, balanced accuracy on the held-out set.
        rare_met: likewise, how many rare classes were met.
        all_classes: labels until every class was met; None where one never was.
        rare_found: rare items labelled in the end.
        whole: balanced accuracy of the model trained on the whole pool with its truth.
        choose_s: mean seconds of a choice.
        cpu_s: processor seconds of the run.
        duplicates: items a peer picked twice in one batch.
    """

    labels: list[int]
    decisions: list[int]
    accuracy: list[float]
    rare_met: list[int]
    all_classes: int | None
    rare_found: int
    whole: float
    choose_s: float
    cpu_s: float
    duplicates: int


Runs = Mapping[str, Mapping[str, Mapping[int, Run]]]
"""Runs by pool, contender and seed."""


@dataclass(frozen=True)
class Job:
    """All runs of one pool as drawn by one seed.

    Attributes:
        pool: name of one of POOLS.
        seed: draws the pool and every run.
        contenders: who runs; names.
        folder: where runs are kept; None keeps none.
    """

    pool: str
    seed: int
    contenders: tuple[str, ...]
    folder: Path | None


def parse(name: str) -> Contender:
    """Read a contender's name.

    Args:
        name: see the module's docstring.

    Raises:
        ValueError: a suffix is unknown.
    """
    who, *suffixes = name.split("+")
    unknown = set(suffixes) - set(SUFFIXES)
    if unknown:
        raise ValueError(f"{name!r} ends in +{unknown.pop()}; known are {', '.join(SUFFIXES)}")
    effort: Literal["single", "page"] = "page" if "pages" in suffixes else "single"
    return Contender(name, who, "density" in suffixes, "names" in suffixes, "shares" in suffixes, effort)


def plan_of(contender: Contender, pool: str, seed: int) -> RunPlan:
    """Return the plan of a run.

    Args:
        contender: who chooses.
        pool: name of the pool.
        seed: of the run.
    """
    terms = POOLS[pool]
    external = contender.external
    return RunPlan(
        strategy=contender.who,
        start="density" if contender.our_start and not external else None,
        head=HEAD.model_copy(update={"weigh_by_share": contender.shares}),
        seed=seed,
        budget=terms.effort_labels if contender.name == BASE else terms.labels,
        batch=BATCH,
        queue=BATCH if external else QUEUE,
        effort=contender.effort,
        exceptions="named",
        pages=MOST_PAGES,
        names=contender.names,
    )


def run(contender: Contender, pool_name: str, seed: int) -> Run:
    """Simulate one run.

    Args:
        contender: who chooses.
        pool_name: one of POOLS.
        seed: draws the pool and the run.
    """
    began = time.process_time()
    pool = draw(pool_name, seed)
    choose: Strategy | None = None
    if contender.who == ORACLE:
        choose = balanced_oracle(pool)
    elif contender.who in peers.NAMES:
        choose = PeerStrategy(peers.get(contender.who), own_start=not contender.our_start)
    policy = confirm_page if contender.effort == "page" else None
    result = simulate(pool, plan_of(contender, pool_name, seed), choose, page_policy=policy)
    return _kept(
        result,
        whole=_whole(pool_name, seed),
        cpu_s=time.process_time() - began,
        duplicates=choose.duplicates if isinstance(choose, PeerStrategy) else 0,
    )


def run_all(jobs: Sequence[Job], *, processes: int) -> Iterator[tuple[Job, dict[str, Run]]]:
    """Run everything, the costly pools first.

    Args:
        jobs: what is to be run.
        processes: how many at once; 1 runs here.

    Yields:
        Each job with its runs by contender, as they are done.
    """
    costly_first = sorted(jobs, key=lambda job: -POOLS[job.pool].labels)
    if processes == 1:
        yield from ((job, run_job(job)) for job in costly_first)
        return
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as executor:
        futures = {executor.submit(run_job, job): job for job in costly_first}
        for future in as_completed(futures):
            yield futures[future], future.result()


def run_job(job: Job) -> dict[str, Run]:
    """Run a job, or read its runs where they are kept.

    Args:
        job: what is to be run.
    """
    return {name: _run_or_read(job, parse(name)) for name in job.contenders}


def _run_or_read(job: Job, contender: Contender) -> Run:
    if job.folder is None:
        return run(contender, job.pool, job.seed)
    plan = plan_of(contender, job.pool, job.seed)
    code = _code_hash(not contender.external)
    digest = sha256(repr((plan, contender, code, peers.versions())).encode()).hexdigest()[:12]
    path = job.folder / f"{job.pool}-{contender.key}-{job.seed}-{digest}.json"
    if path.exists():
        return Run(**json.loads(path.read_text(encoding="utf-8")))
    result = run(contender, job.pool, job.seed)
    job.folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(asdict(result)), encoding="utf-8")
    part.replace(path)
    return result


@lru_cache(maxsize=2)
def _whole(pool_name: str, seed: int) -> float:
    return whole_pool_accuracy(draw(pool_name, seed), HEAD, seed=seed)


@cache
def _code_hash(with_strategies: bool) -> str:
    """Return the hash of the code a run depends on: a figure of older code must not pass for one of the new."""
    root = Path(__file__).resolve().parent.parent
    folders = ["app/simulation", "models", "benchmarks/peers", *(["strategies"] if with_strategies else [])]
    files = sorted(file for folder in folders for file in (root / folder).rglob("*.py"))
    digest = sha256()
    for file in [*files, root / "benchmarks/strategy_pools.py"]:
        digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def _kept(result: RunResult, *, whole: float, cpu_s: float, duplicates: int) -> Run:
    steps, summary = result.steps, result.summary
    everyone = summary["labels_to_all_classes"]
    return Run(
        labels=[int(value) for value in steps["labels"]],
        decisions=[int(value) for value in steps["decisions"]],
        accuracy=[float(value) for value in steps["balanced_accuracy"]],
        rare_met=[int(value) for value in steps["rare_met"]],
        all_classes=int(everyone) if np.isfinite(everyone) else None,
        rare_found=int(summary["rare_found"]),
        whole=whole,
        choose_s=float(summary["choose_s"]),
        cpu_s=cpu_s,
        duplicates=duplicates,
    )
