"""Projects over real data for the pictures of the pages: thinned to a long tail, some items labelled truly."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from app.prepare import create_project
from app.project import Project, now
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.pools.truth import read_truth
from labeling.queue import proposals_of
from labeling.round_log import latest_round

ROUNDS, LABELS_A_ROUND = 5, 20
SEED = 7


def make_sdss(data: Path, folder: Path) -> Project:
    """Make a project of SDSS objects with few quasars: magnitudes for the model, the rest to look at."""
    table = pd.read_csv(data / "sdss.csv")
    kept = _thinned(table, "class", {"GALAXY": 2_700, "STAR": 2_250, "QSO": 50})
    kept.to_csv(folder / "sdss.csv", index=False)
    wishes = ProjectWishes(
        name="sdss", pool=str(folder / "sdss.csv"), key="id", columns=tuple("ugriz"), extra=("ra", "dec", "redshift"),
        truth="class", classes=("GALAXY", "STAR", "QSO"), seed=SEED,
    )  # fmt: skip
    return create_project(make_config(wishes, folder / "sdss.yaml"), folder / "sdss.yaml")


def make_banking(data: Path, folder: Path) -> Project:
    """Make a project of BANKING77's questions, 77 classes from 60 texts down to 3."""
    table = pd.read_csv(data / "banking77_train.csv")
    names = sorted(table["category"].unique())
    sizes = np.geomspace(60, 3, len(names)).round().astype(int).tolist()
    kept = _thinned(table, "category", dict(zip(names, sizes, strict=True)))
    kept.to_csv(folder / "banking77.csv", index=False)
    wishes = ProjectWishes(
        name="banking77", pool=str(folder / "banking77.csv"), key="id", text="text", truth="category",
        classes=tuple(names), seed=SEED,
    )  # fmt: skip
    return create_project(make_config(wishes, folder / "banking77.yaml"), folder / "banking77.yaml")


def make_mnist(data: Path, folder: Path) -> Project:
    """Make a project of MNIST images, ten digits from 800 images down to 8."""
    table = pd.read_parquet(data / "mnist_test.parquet")
    table["label"] = table["label"].astype(str)
    sizes = np.geomspace(800, 8, 10).round().astype(int).tolist()
    kept = _thinned(table, "label", dict(zip("0123456789", sizes, strict=True)))
    kept.to_parquet(folder / "mnist.parquet", index=False)
    wishes = ProjectWishes(
        name="mnist", pool=str(folder / "mnist.parquet"), key="id", image="image", truth="label",
        classes=tuple("0123456789"), seed=SEED,
    )  # fmt: skip
    return create_project(make_config(wishes, folder / "mnist.yaml"), folder / "mnist.yaml")


MAKERS: dict[str, Callable[[Path, Path], Project]] = {
    "sdss": make_sdss,
    "banking77": make_banking,
    "mnist": make_mnist,
}
"""By name; each gets the folder of the real data and an empty one for the project."""


def label_truly(project: Project, *, rounds: int = ROUNDS, labels: int = LABELS_A_ROUND) -> None:
    """Run rounds and label the first items of each as they truly are; a last round learns from all of them."""
    truth = dict(
        zip(project.pool.keys(range(project.pool.n)), read_truth(project.paths.pool) or (), strict=True)
    )
    for _ in range(rounds):
        run_now(project)
        with project.database.transaction() as session:
            latest = latest_round(session)
            assert latest is not None
            ids = {entry.name: entry.id for entry in list_classes(session)}
            annotator_id = ensure_annotator(session, name="ann")
            for proposal in proposals_of(session, round_number=latest.number)[:labels]:
                new = NewAnnotation(
                    uid=uuid.uuid4().hex,
                    item_key=proposal.item_key,
                    act=Act.LABEL,
                    class_id=ids[str(truth[proposal.item_key])],
                    round_number=latest.number,
                    kind=proposal.kind,
                    strategy=proposal.strategy,
                    suggested_class_id=proposal.class_id,
                )
                record(session, new=new, annotator_id=annotator_id, now=now())
    run_now(project)


def _thinned(table: pd.DataFrame, column: str, sizes: dict[str, int]) -> pd.DataFrame:
    """Return rows in random order, at most so many of each class."""
    parts = [
        rows.sample(min(size, len(rows)), random_state=SEED)
        for name, size in sizes.items()
        if len(rows := table[table[column] == name])
    ]
    return pd.concat(parts).sample(frac=1.0, random_state=SEED).reset_index(drop=True)
