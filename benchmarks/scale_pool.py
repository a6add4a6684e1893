"""Pools of any size for `benchmarks.scale`: planted classes, some of them very rare, written and labelled in chunks.

The same seed gives the same vectors whatever the size of the machine; nothing of a pool is held in memory but one
byte for each item, the class it was planted in.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.prepare import create_project
from app.project import Project, now
from app.setup import ProjectWishes, make_config
from config.files import load_config, save_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes

SHARES = (0.5, 0.25, 0.12, 0.06, 0.04, 0.02, 0.007, 0.002, 0.0007, 0.0003)
"""Share of the pool that each class is planted in; three items of 10,000 are of the rarest."""

DIMENSIONS = 256
LABELS = 500
CHUNK_ROWS = 65_536
SPREAD = 0.15
"""How far centres lie from the middle in each dimension, in the width of a class: neighbours overlap a little."""

TRUTH_FILE = "truth.npy"
ANNOTATOR = "benchmark"


@dataclass(frozen=True)
class Planted:
    """A pool on disk.

    Attributes:
        path: the `.npy` file, (n, d) float16.
        truth: (n,) int8; the class each item was planted in, an index into SHARES.
    """

    path: Path
    truth: npt.NDArray[np.int8]


def size_name(items: int) -> str:
    """Return how a size ends the names of its figures: 1e6 for a million, the number itself where it is not round.

    Args:
        items: at least 1.
    """
    digits = str(items)
    rest = digits.rstrip("0")
    return f"{rest}e{len(digits) - len(rest)}" if len(rest) == 1 and items >= 10 else digits


def plant(folder: Path, items: int, *, dimensions: int = DIMENSIONS, seed: int = 0) -> Planted:
    """Write a pool of planted classes into a folder, a chunk at a time.

    Args:
        folder: where `pool.npy` and `truth.npy` go.
        items: how many; at least as many as there are classes.
        dimensions: length of the vectors.
        seed: of centres, classes and noise.

    Raises:
        ValueError: there are fewer items than classes.
    """
    if items < len(SHARES):
        raise ValueError(f"a pool of {items} items cannot hold {len(SHARES)} classes; ask for more items")
    truth = np.random.default_rng([seed, 0]).choice(len(SHARES), items, p=SHARES).astype(np.int8)
    truth[: len(SHARES)] = np.arange(len(SHARES))
    np.save(folder / TRUTH_FILE, truth, allow_pickle=False)
    centres = np.random.default_rng([seed, 1]).standard_normal((len(SHARES), dimensions)) * SPREAD
    path = folder / "pool.npy"
    with path.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": (items, dimensions)}
        np.lib.format.write_array_header_1_0(file, header)
        for chunk, low in enumerate(range(0, items, CHUNK_ROWS)):
            generator = np.random.default_rng([seed, 2, chunk])
            part = truth[low : low + CHUNK_ROWS]
            noise = generator.standard_normal((part.size, dimensions), dtype=np.float32)
            file.write((noise + centres[part].astype(np.float32)).astype("<f2").tobytes())
    return Planted(path, truth)


def labelled_rows(truth: npt.NDArray[np.int8], count: int, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Return the rows that are labelled: as many of each class as there are, the rest from the large ones.

    Args:
        truth: (n,) class of each item.
        count: how many labels; at most n.
        seed: of the draw.
    """
    generator = np.random.default_rng([seed, 3])
    fair = count // len(SHARES)
    parts = []
    for index in range(len(SHARES)):
        rows = np.flatnonzero(truth == index)
        parts.append(rows if rows.size <= fair else generator.choice(rows, fair, replace=False))
    chosen = np.concatenate(parts)
    left = count - chosen.size
    if left > 0:
        open_rows = np.ones(truth.size, bool)
        open_rows[chosen] = False
        more = generator.choice(np.flatnonzero(open_rows), left, replace=False)
        chosen = np.concatenate([chosen, more])
    return np.sort(chosen).astype(np.int64)


def planted_project(
    folder: Path, items: int, *, dimensions: int = DIMENSIONS, labels: int = LABELS
) -> Project:
    """Make a project over a planted pool and give its labels; no round is run.

    Args:
        folder: an empty folder.
        items: of the pool.
        dimensions: length of the vectors.
        labels: how many items are labelled, truly.
    """
    planted = plant(folder, items, dimensions=dimensions)
    config_path = folder / "scale.yaml"
    names = tuple(f"class {index}" for index in range(len(SHARES)))
    wishes = ProjectWishes(name="scale", pool=str(planted.path), classes=names, seed=1)
    project = create_project(make_config(wishes, config_path), config_path)
    give_labels(project, planted.truth, labelled_rows(planted.truth, min(labels, items)))
    return project


def give_labels(project: Project, truth: npt.NDArray[np.int8], rows: npt.NDArray[np.int64]) -> None:
    """Label items with the classes they were planted in, in one transaction.

    Args:
        project: the project.
        truth: (n,) class of each item.
        rows: (m,) items.
    """
    with project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name=ANNOTATOR)
        classes = list_classes(session)
        for row, key in zip(rows.tolist(), project.pool.keys(rows), strict=True):
            class_id = classes[int(truth[row])].id
            new = NewAnnotation(uid=uuid.uuid4().hex, item_key=key, act=Act.LABEL, class_id=class_id)
            record(session, new=new, annotator_id=annotator_id, now=now())


def set_device(project: Project, device: str) -> None:
    """Write into the project's file where its head computes.

    Args:
        project: the project.
        device: "cpu" or "cuda".
    """
    config = load_config(project.paths.config)
    head = config.head.model_copy(update={"device": device})
    save_config(config.model_copy(update={"head": head}), project.paths.config)
