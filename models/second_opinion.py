"""What a model that did not see an item's label says of it: a second opinion where people disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.folds import out_of_fold
from models.heads.contract import TrainingSet, check_training
from models.heads.registry import heads
from models.metrics import predictions_of, temperature_of

if TYPE_CHECKING:
    from config.schema import HeadSection

UNCHOSEN = "logistic"
"""The head that is asked where the settings leave the choice to goldpan: heads are compared later, on the consensus."""


def second_opinion(
    training: TrainingSet, *, section: HeadSection, seed: int, device: torch.device
) -> npt.NDArray[np.float64]:
    """Return out-of-fold, calibrated probabilities of labels, class prior taken out.

    Args:
        training: the labels and their vectors; not changed.
        section: the head's settings.
        seed: of all chance; the same arguments give the same answer on the same kind of device.
        device: where to compute.

    Returns:
        (m, k) rows that add up to 1; the same for all classes where there are too few labels to say anything.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
        NotEnoughLabelsError: fewer than two classes have a label.
        TrainingDivergedError: the loss became NaN twice.
    """
    check_training(training)
    name = UNCHOSEN if section.name == "auto" else section.name
    plain = section.model_copy(update={"name": name})
    training = replace(training, unlabelled=None, name_points=None, shares=None)
    found = out_of_fold(heads.get(name), training, section=plain, seed=seed, device=device)
    temperature = temperature_of(found, training)
    said = predictions_of(found, training, temperature=temperature, corrected=section.imbalance != "none")
    opinion = np.full((len(training.labels), training.class_count), 1 / training.class_count)
    if said is not None:
        opinion[said.rows] = said.probabilities
    return np.asarray(opinion / opinion.sum(axis=1, keepdims=True))
