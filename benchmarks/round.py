"""Where the time of a warm round goes, and how long every strategy takes to choose.

`python -m benchmarks.round [--quick] [--strategies epig prospect] [--json FILE]` makes a project over 100,000 vectors
of 256 dimensions with 500 labels of 10 classes in a temporary folder and runs whole rounds in one process, as the
worker does: labels gathered, head learned, pool scored, proposals chosen, all stored. The first round warms the process
and does not count. Then every registered strategy chooses a list of 60 on that pool and on 10,000 items of 64
dimensions with 1,000 classes. With --quick 10,000 items and 1,000 of 100 classes; figures then end in 1e4.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from app.prepare import create_project
from app.project import Project, now
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from app.status import read_status
from benchmarks.report import benchmark_arguments, report
from config.schema import HeadSection
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from models.heads.contract import TrainingSet
from models.heads.registry import heads
from models.heads.scaling import measure_scale
from models.scoring import score_pool
from strategies.contract import PoolState
from strategies.registry import strategies

REPEATS = 3
QUEUE = 60
BUDGETS = {"round_1e5_s": 2.0, "choose_1e5_s": 0.5}


@dataclass(frozen=True)
class Size:
    """How large a pool is.

    Attributes:
        name: ends the names of its figures.
        items: rows.
        dimensions: length of the vectors.
        classes: classes there are.
        labels: labels given.
    """

    name: str
    items: int
    dimensions: int
    classes: int
    labels: int

    @property
    def described(self) -> str:
        """The size in words."""
        return f"{self.items:,} items of {self.dimensions} dimensions, {self.labels} labels, {self.classes:,} classes"


WHOLE, SMALL = Size("1e5", 100_000, 256, 10, 500), Size("1e4", 10_000, 256, 10, 500)
MANY_CLASSES, FEW_CLASSES = (
    Size("1e3_classes", 10_000, 64, 1_000, 2_000),
    Size("1e2_classes", 1_000, 64, 100, 200),
)


def main() -> None:
    """Measure and print."""
    parser = benchmark_arguments("round", "where the time of a warm round goes")
    parser.add_argument(
        "--strategies", nargs="*", metavar="NAME", help="those whose choice is timed; all if not given"
    )
    arguments = parser.parse_args()
    names = strategies.names() if arguments.strategies is None else arguments.strategies
    large, many = (SMALL, FEW_CLASSES) if arguments.quick else (WHOLE, MANY_CLASSES)
    figures = time_rounds(large) | time_choices(large, names) | time_choices(many, names)
    notes = [f"{size.name}: {size.described}; best of {REPEATS}" for size in (large, many)]
    notes.append(f"choose_{large.name}_s is the default strategy in the round; _cpu_s is processor time")
    report(
        "round", figures, json_path=arguments.json, budgets={} if arguments.quick else BUDGETS, notes=notes
    )


def time_rounds(size: Size) -> dict[str, float]:
    """Time whole rounds of a project.

    Args:
        size: of its pool.

    Returns:
        `round_1e5_s`, wall time of the best round; `round_1e5_cpu_s`; its steps as `STEP_1e5_s`, `store_1e5_s` being
        all that is not timed by the round itself.
    """
    with tempfile.TemporaryDirectory() as place:
        project = _project(Path(place), size)
        best: tuple[float, dict[str, float]] = (np.inf, {})
        for repeat in range(REPEATS + 1):
            _label(project, size, first=repeat * 5)
            wall, processor = time.perf_counter(), time.process_time()
            run_now(project)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            latest = read_status(project.database).latest
            assert latest is not None
            if repeat and wall < best[0]:
                steps = {f"{name}_{size.name}_s": value for name, value in latest.metrics["seconds"].items()}
                rest = {
                    f"store_{size.name}_s": wall - sum(steps.values()),
                    f"round_{size.name}_cpu_s": processor,
                }
                best = wall, {f"round_{size.name}_s": wall, **steps, **rest}
        project.close()
    return {name: round(value, 4) for name, value in best[1].items()}


def time_choices(size: Size, names: Sequence[str]) -> dict[str, float]:
    """Time one list of QUEUE by each strategy, on a pool that a head was trained on.

    Args:
        size: of the pool.
        names: of the strategies.

    Returns:
        `choose_NAME_SIZE_s` and `choose_NAME_SIZE_cpu_s`, wall and processor time, the best of REPEATS.
    """
    state = _taught(size)
    figures: dict[str, float] = {}
    for name in names:
        walls, processors = [], []
        for repeat in range(REPEATS):
            wall, processor = time.perf_counter(), time.process_time()
            strategies.get(name)(state, QUEUE, np.random.default_rng(repeat))
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
        figures[f"choose_{name}_{size.name}_s"] = round(min(walls), 4)
        figures[f"choose_{name}_{size.name}_cpu_s"] = round(min(processors), 4)
    return figures


def taught(
    vectors: npt.NDArray[np.floating],
    truth: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    *,
    classes: int,
) -> PoolState:
    """Return the state that a round hands to its strategy, with the answers of a head trained on some items.

    Args:
        vectors: (n, d) of the pool.
        truth: (n,) class of each item.
        rows: (m,) items that have a label, in the order they were given.
        classes: classes there are.
    """
    labels = np.full(len(vectors), -1, np.int64)
    labels[rows] = truth[rows]
    names = tuple(f"class {index}" for index in range(classes))
    known = np.asarray(vectors[rows], np.float32)
    training = TrainingSet(known, truth[rows], classes, names, measure_scale(vectors))
    section = HeadSection()
    trained = heads.get(section.name).fit(training, section=section, seed=0, device=torch.device("cpu"))
    scores = score_pool(vectors, trained)
    return PoolState(
        vectors=vectors,
        labels=labels,
        closed=labels >= 0,
        class_names=names,
        targets=np.full(classes, 1.0 / classes, np.float32),
        probabilities=scores.probabilities,
        balanced_probabilities=scores.balanced_probabilities,
        disagreement=scores.disagreement,
        prior=scores.prior,
        member_rows=scores.member_rows,
        member_probabilities=scores.member_probabilities,
    )


def _vectors(size: Size) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return groups of vectors, one in twenty rare, and the group of each."""
    generator = np.random.default_rng(0)
    shares = 1.0 / np.arange(1, size.classes + 1) ** 0.7
    truth = generator.choice(size.classes, size.items, p=shares / shares.sum())
    truth[: size.classes] = np.arange(size.classes)[: size.items]
    centres = generator.normal(size=(size.classes, size.dimensions)) * 0.6
    vectors = centres[truth] + generator.normal(size=(size.items, size.dimensions))
    return vectors.astype(np.float32), truth.astype(np.int64)


def _project(folder: Path, size: Size) -> Project:
    """Make a project over vectors whose first labels are given; nothing was run."""
    vectors, truth = _vectors(size)
    np.save(folder / "pool.npy", vectors)
    np.save(folder / "truth.npy", truth)
    wishes = ProjectWishes(
        name="round",
        pool=str(folder / "pool.npy"),
        classes=tuple(f"class {index}" for index in range(size.classes)),
        seed=1,
    )
    project = create_project(make_config(wishes, folder / "round.yaml"), folder / "round.yaml")
    _label(project, size, first=0, count=size.labels)
    return project


def _label(project: Project, size: Size, *, first: int, count: int = 5) -> None:
    """Label some items truly, from a place in a fixed order on."""
    truth = np.load(project.paths.config.parent / "truth.npy", allow_pickle=False)
    order = np.random.default_rng(1).permutation(size.items)
    rows = order[size.labels + first :][:count] if count < size.labels else order[:count]
    with project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="benchmark")
        classes = list_classes(session)
        for row, key in zip(rows.tolist(), project.pool.keys(rows), strict=True):
            new = NewAnnotation(
                uid=uuid.uuid4().hex, item_key=key, act=Act.LABEL, class_id=classes[int(truth[row])].id
            )
            record(session, new=new, annotator_id=annotator_id, now=now())


def _taught(size: Size) -> PoolState:
    """Return the state that a round hands to its strategy, with a real head's answers."""
    vectors, truth = _vectors(size)
    rows = np.random.default_rng(1).permutation(size.items)[: size.labels]
    return taught(vectors, truth, rows, classes=size.classes)


if __name__ == "__main__":
    main()
