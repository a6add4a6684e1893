"""Out-of-fold logits: every label's logits by a head that was trained without it.

All folds of all repeats are trained as the members of one ensemble, whose weights are 0 on the labels held
out: one batched computation instead of one training a fold. The members of a fold carry no bootstrap weights
and there is one of each, so that ten trainings (5 folds, 2 repeats) cost about what the head's own members
do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.devices import fixed_threads
from models.extensions import Extension, extend
from models.heads.contract import Head, Progress, TrainingSet, no_progress

if TYPE_CHECKING:
    from config.schema import HeadSection

FOLDS = 5
REPEATS = 2
SINGLE_REPEAT_ABOVE = 1000
"""With more labels than this one repeat is enough: its chance is small beside that of the labels."""

CHUNK = 8192


@dataclass(frozen=True)
class OutOfFold:
    """Logits of labels by heads that did not see them. r repeats, m labels, k classes.

    Attributes:
        logits: (r, m, k) float32; class prior taken out.
        tested: (m,) bool; False for a class's only label, which is never held out.
        folds: parts the labels were cut into.
    """

    logits: npt.NDArray[np.float32]
    tested: npt.NDArray[np.bool_]
    folds: int


def out_of_fold(
    head: Head,
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress = no_progress,
    extensions: Sequence[Extension] = (),
) -> OutOfFold | None:
    """Compute out-of-fold logits by repeated stratified cross-validation.

    Args:
        head: the kind of head.
        training: the labels and their vectors.
        section: the head's settings.
        seed: of the cut into folds and the heads' starts.
        device: where to compute.
        progress: told the share done.
        extensions: what adds rows to the labels of each fold.

    Returns:
        The logits; None where fewer than two classes have two labels or more.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
        TrainingDivergedError: the loss became NaN twice.
    """
    counts = training.label_counts
    tested = counts[training.labels] >= 2
    if (counts >= 2).sum() < 2:
        return None
    folds = int(min(FOLDS, max(2, counts.max())))
    repeats = REPEATS if len(training.labels) <= SINGLE_REPEAT_ABOVE else 1
    generator = np.random.default_rng(seed)
    parts = np.stack([assign_folds(training.labels, folds, generator=generator) for _ in range(repeats)])
    parts[:, ~tested] = -1
    held_out = parts[:, None, :] == np.arange(folds)[None, :, None]
    weights = torch.from_numpy(np.where(held_out, 0.0, 1.0).astype(np.float32).reshape(repeats * folds, -1))
    rows, weights = extend(training, weights, extensions, alone=True)
    trained = head.fit(rows, section=section, seed=seed, device=device, progress=progress, weights=weights)
    logits = np.zeros((repeats, len(tested), training.class_count), dtype=np.float32)
    with fixed_threads(), torch.inference_mode():
        for start in range(0, len(tested), CHUNK):
            stop = start + CHUNK
            vectors = torch.tensor(training.vectors[start:stop], dtype=torch.float32).to(device)
            found = trained.logits(vectors).cpu().numpy().reshape(repeats, folds, len(vectors), -1)
            chosen = np.maximum(parts[:, start:stop], 0)
            logits[:, start:stop] = np.take_along_axis(found, chosen[:, None, :, None], axis=1)[:, 0]
    return OutOfFold(logits=logits, tested=tested, folds=folds)


def assign_folds(
    labels: npt.NDArray[np.int64], folds: int, *, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Deal the labels of each class over the folds in turn, starting at a random fold.

    Args:
        labels: (m,) class indices.
        folds: number of parts.
        generator: source of chance.

    Returns:
        (m,) int64; the fold of each label. A class's shares of two folds differ by one label at most.
    """
    parts = np.empty(len(labels), dtype=np.int64)
    for label_class in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label_class))
        parts[rows] = (generator.integers(folds) + np.arange(len(rows))) % folds
    return parts
