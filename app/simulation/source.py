"""A project with hidden truth, as items to simulate on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.project import Project, open_project
from app.seek_words import encode_words
from app.seeking import class_words
from app.simulation.errors import LabelledPoolError
from app.simulation.pools import LabelledItems, SeekScores
from config.files import load_config
from labeling.pools.truth import read_truth
from models.encoders.seek import learns_from_names, seeks_by_words
from models.errors import VectorsError
from models.seeking import words_scores
from models.vectors import VectorFile, open_vectors
from strategies.contract import FloatArray


def items_of_project(config_path: Path, *, name: str | None = None, names: bool = False) -> LabelledItems:
    """Read the vectors and the hidden truth of a project.

    Items without a truth, and those that cannot be read, are left out.

    Args:
        config_path: the project's file.
        name: what to call the pool; None for the project's name.
        names: whether the class names are to be known: then they are sought by words, where the encoder knows words.

    Returns:
        The items; their class names in alphabetical order.

    Raises:
        LabelledPoolError: the project has no hidden truth, or no vectors.
        config.errors.GoldpanError: the project cannot be opened.
    """
    load_config(config_path)  # its own message where the file is wrong or missing
    project = open_project(config_path)
    try:
        truth = read_truth(project.paths.pool)
        if truth is None:
            raise LabelledPoolError(
                f"{config_path} has no hidden truth to simulate with; make the project with "
                "`goldpan init … --truth COLUMN`, or for images in folders with --labels-from-folders"
            )
        file = _vectors(project, config_path)
        known = np.asarray([bool(value) for value in truth]) & np.asarray(project.pool.readable, bool)
        if not known.any():
            raise LabelledPoolError(
                f"{config_path}: no readable item has a truth; fill the column of --truth"
            )
        class_names, codes = np.unique(
            np.asarray(truth, dtype=object)[known].astype(str), return_inverse=True
        )
        vectors = np.ascontiguousarray(file.array[known], np.float32)
        words = tuple(str(value) for value in class_names)
        seeds = _seeds(project, file, vectors, words) if names else None
        return LabelledItems(
            name or project.config.project.name, vectors, codes.astype(np.int64).ravel(), words, seeds
        )
    finally:
        project.close()


def _vectors(project: Project, config_path: Path) -> VectorFile:
    try:
        return open_vectors(project.paths.vectors, expected_rows=project.pool.n, pool_hash=project.pool.hash)
    except VectorsError as problem:
        raise LabelledPoolError(f"{problem}: `goldpan round {config_path}` does") from problem


def _seeds(
    project: Project, file: VectorFile, vectors: FloatArray, class_names: Sequence[str]
) -> SeekScores | None:
    """Seek each class by its name, as a person would who knows nothing but the names."""
    if not seeks_by_words(file.encoder):
        return None
    words = encode_words(project, [class_words(name, "") for name in class_names])
    sought = [place for place, name in enumerate(class_names) if words[class_words(name, "")].any()]
    if not sought:
        return None
    columns = np.stack([words[class_words(class_names[place], "")] for place in sought])
    points = columns.astype(np.float32) if learns_from_names(file.encoder) else None
    return SeekScores(words_scores(vectors, columns), np.asarray(sought, np.int64), points)
