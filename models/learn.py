"""The one call a round makes to learn from its labels: train, cross-validate, calibrate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from models.folds import out_of_fold
from models.heads.contract import Progress, TrainedHead, TrainingSet, check_training, no_progress
from models.heads.registry import heads
from models.metrics import report, temperature_of
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
        seconds: how long each step took: "train", "cross_validate", "calibrate".
    """

    trained: TrainedHead
    temperature: float
    quality: QualityReport
    seconds: Mapping[str, float]


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
        section: the head's settings.
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
    head = heads.get(section.name)
    started = time.perf_counter()
    trained = head.fit(
        training, section=section, seed=seed, device=device,
        progress=lambda share, _text: progress(0.45 * share, "training"),
    )  # fmt: skip
    trained_at = time.perf_counter()
    found = out_of_fold(
        head, training, section=section, seed=seed, device=device,
        progress=lambda share, _text: progress(0.45 + 0.5 * share, "cross-validating"),
    )  # fmt: skip
    tested_at = time.perf_counter()
    temperature = temperature_of(found, training) if section.calibrate else 1.0
    quality = report(found, training, temperature=temperature, corrected=trained.corrected, seed=seed)
    progress(1.0, "calibrating")
    seconds = {
        "train": trained_at - started,
        "cross_validate": tested_at - trained_at,
        "calibrate": time.perf_counter() - tested_at,
    }
    return Learned(trained=trained, temperature=temperature, quality=quality, seconds=seconds)
