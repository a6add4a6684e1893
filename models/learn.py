"""The one call a round makes to learn from its labels: choose a head, train, cross-validate, calibrate."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.choice import choose_head, head_label
from models.class_names import LearnNames, counts_with_names
from models.extensions import Extension, extend
from models.folds import out_of_fold
from models.heads.contract import Head, Progress, TrainedHead, TrainingSet, check_training, no_progress
from models.heads.registry import heads
from models.heads.scaling import spaced_rows
from models.label_shares import WeighByShare
from models.losses import bootstrap_weights
from models.metrics import predictions_of, report, temperature_of
from models.mixup import Mixup
from models.predictions import OutOfFoldPredictions
from models.pseudo_labels import PseudoLabels
from models.quality import QualityReport

if TYPE_CHECKING:
    from config.schema import HeadSection


@dataclass(frozen=True)
class Learned:
    """What came of the labels of one round.

    Attributes:
        trained: the head, trained on all labels.
        temperature: what its logits are to be divided by; 1 where the section asks for no calibration.
        quality: how good it is, by cross-validation.
        seconds: how long each step took: "compare", "train", "cross_validate", "calibrate".
        predictions: what the heads of the cross-validation say of labels they did not see, a row being a label's place
            in the training set; None where there were too few labels.
    """

    trained: TrainedHead
    temperature: float
    quality: QualityReport
    seconds: Mapping[str, float]
    predictions: OutOfFoldPredictions | None = None


UNLABELLED_ROWS = 4000
"""Unlabelled vectors of a pool that are worth handing to `learn`; of more it reads evenly spaced ones."""


def learn(
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress = no_progress,
) -> Learned:
    """Train a head on labels, and find out how good it is.

    Args:
        training: the labels and their vectors; two classes with a label each suffice; not changed.
        section: the head's settings; its name may be "auto".
        seed: of all chance; the same arguments give the same answer on the same kind of device.
        device: where to compute.
        progress: told the share done, 0 to 1, and what is being done.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
        NotEnoughLabelsError: fewer than two classes have a label; the message says what is missing.
        TrainingDivergedError: the loss became NaN twice.
        config.errors.UnknownNameError: there is no such head.
    """
    check_training(training)
    started = time.perf_counter()
    choice = choose_head(
        training, section=section, seed=seed, device=device,
        progress=lambda share, _text: progress(0.3 * share, "comparing heads"),
    )  # fmt: skip
    section, begun = choice.section, 0.3 if choice.candidates else 0.0
    head = heads.get(section.name)

    def told(text: str, start: float, stop: float) -> Progress:
        low, width = begun + (1 - begun) * start, (1 - begun) * (stop - start)
        return lambda share, _text: progress(low + width * share, text)

    extensions = _extensions(head, training, section=section, seed=seed, device=device)
    chosen_at = time.perf_counter()
    trained = _train(
        head, training, extensions, section=section, seed=seed, device=device,
        progress=told("training", 0.0, 0.45),
    )  # fmt: skip
    trained_at = time.perf_counter()
    found = out_of_fold(
        head, training, section=section, seed=seed, device=device,
        progress=told("cross-validating", 0.45, 0.95), extensions=extensions,
    )  # fmt: skip
    tested_at = time.perf_counter()
    temperature = temperature_of(found, training) if section.calibrate else 1.0
    quality = report(found, training, temperature=temperature, corrected=trained.corrected, seed=seed)
    predictions = predictions_of(found, training, temperature=temperature, corrected=trained.corrected)
    quality = replace(quality, head=head_label(section), candidates=choice.candidates)
    progress(1.0, "calibrating")
    seconds = {
        "compare": chosen_at - started,
        "train": trained_at - chosen_at,
        "cross_validate": tested_at - trained_at,
        "calibrate": time.perf_counter() - tested_at,
    }
    return Learned(
        trained=trained, temperature=temperature, quality=quality, seconds=seconds, predictions=predictions
    )


def train_head(
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress = no_progress,
) -> TrainedHead:
    """Train a head on labels as `learn` does, without finding out how good it is.

    Args:
        training: the labels and their vectors; not changed.
        section: the head's settings; its name may be "auto".
        seed: of all chance.
        device: where to compute.
        progress: told the share done.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
        TrainingDivergedError: the loss became NaN twice.
        config.errors.UnknownNameError: there is no such head.
    """
    check_training(training)
    section = choose_head(training, section=section, seed=seed, device=device).section
    head = heads.get(section.name)
    extensions = _extensions(head, training, section=section, seed=seed, device=device)
    return _train(head, training, extensions, section=section, seed=seed, device=device, progress=progress)


def wants_unlabelled(section: HeadSection) -> bool:
    """Tell whether a head with these settings learns from unlabelled vectors too.

    Args:
        section: the head's settings.
    """
    return section.semi_supervised or section.name == "sade"


def pick_unlabelled(
    vectors: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], *, section: HeadSection
) -> npt.NDArray[np.float32] | None:
    """Read some of a pool's unlabelled vectors, evenly spaced, where the settings ask for them.

    Args:
        vectors: (n, d) of the pool, often a memory map; rows of zeros (unreadable items) are left out.
        labels: (n,) class index, below 0 for items without a label.
        section: the head's settings.

    Returns:
        (u, d) with u up to `UNLABELLED_ROWS`; None where nothing would be learned from them.
    """
    if not wants_unlabelled(section):
        return None
    rows = np.flatnonzero(labels < 0)
    read = np.asarray(vectors[rows[spaced_rows(len(rows), UNLABELLED_ROWS)]], dtype=np.float32)
    return read[read.any(axis=1)]


def _extensions(
    head: Head, training: TrainingSet, *, section: HeadSection, seed: int, device: torch.device
) -> list[Extension]:
    found: list[Extension] = (
        [WeighByShare()] if section.weigh_by_share and training.shares is not None else []
    )
    if section.learn_names and training.name_points is not None and len(training.name_points.labels):
        found.append(LearnNames(training.name_points))
    if section.mixup:
        found.append(Mixup(seed=seed))
    if section.semi_supervised and training.unlabelled is not None:
        first = out_of_fold(
            head, training, section=section, seed=seed, device=device, extensions=tuple(found)
        )
        temperature = temperature_of(first, training)
        found.append(PseudoLabels(head, section=section, seed=seed, device=device, temperature=temperature))
    return found


def _train(
    head: Head,
    training: TrainingSet,
    extensions: Sequence[Extension],
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> TrainedHead:
    if not extensions:
        return head.fit(training, section=section, seed=seed, device=device, progress=progress)
    weights = bootstrap_weights(section.members, len(training.labels), seed=seed)
    rows, weights = extend(training, weights, extensions, alone=False)
    trained = head.fit(rows, section=section, seed=seed, device=device, progress=progress, weights=weights)
    counts = counts_with_names(training, rows)
    return replace(trained, label_counts=torch.from_numpy(counts).to(trained.device))
