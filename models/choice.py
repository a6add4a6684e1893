"""The choice among heads that "auto" makes: by cross-validation, paired, and in doubt for the logistic one.

Every candidate answers for the same labels in the same folds. What is compared is the calibrated log-loss with
every class weighing the same: it notices what accuracy on a few dozen labels cannot. The difference to logistic
regression has an interval from a Bayesian bootstrap over labels, enlarged for what folds share (Nadeau & Bengio 2003);
a candidate is better only where the interval, widened for the number of candidates, lies above zero, and balanced
accuracy does not speak against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.calibration import class_weights, softmax
from models.folds import OutOfFold, out_of_fold
from models.heads.contract import Progress, TrainingSet, no_progress
from models.heads.registry import heads
from models.metrics import balanced_accuracy, temperature_of
from models.quality import Candidate, Estimate

if TYPE_CHECKING:
    from config.schema import HeadSection

AUTO = "auto"
"""The name that leaves the choice to goldpan."""

SAFE = "logistic"
"""The head in doubt."""

CANDIDATES = (("mlp", ""), ("sklearn", "svm_rbf"), ("sklearn", "extra_trees"))
"""Heads tried beside logistic regression, with the estimator where a head has several."""

ENOUGH, ENOUGH_EACH = 100, 5
"""Labels needed to compare at all: in sum, and on average of a class that has any."""

DRAWS = 2000
CONFIDENCE = 0.95

Row = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """What to train.

    Attributes:
        section: the settings with the chosen head's name in place of "auto".
        candidates: what was compared; empty where nothing was.
    """

    section: HeadSection
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class _Tried:
    section: HeadSection
    losses: Row
    accuracy: float


def choose_head(
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress = no_progress,
) -> Choice:
    """Choose a head; settings that name one are returned as they are.

    Args:
        training: the labels and their vectors, checked; not changed.
        section: the head's settings.
        seed: of the folds, the heads' starts and the bootstrap; the same arguments give the same choice.
        device: where to compute.
        progress: told the share done.

    Returns:
        The choice: logistic regression where labels are few or nothing is clearly better.

    Raises:
        TrainingDivergedError: the loss became NaN twice.
    """
    if section.name != AUTO:
        return Choice(section)
    safe = section.model_copy(update={"name": SAFE})
    if not enough_labels(training.label_counts):
        return Choice(safe)
    sections = [safe] + [
        section.model_copy(update={"name": name} | ({"estimator": estimator} if estimator else {}))
        for name, estimator in CANDIDATES
    ]
    tried = []
    for number, each in enumerate(sections):
        tried.append(_try(training, each, seed=seed, device=device))
        progress((number + 1) / len(sections), "comparing heads")
    labels = training.labels[training.label_counts[training.labels] >= 2]
    weights = class_weights(labels, training.class_count)
    gains = [_gain(tried[0], each, labels, seed=seed) for each in tried[1:]]
    chosen = _best(tried, gains)
    candidates = tuple(
        Candidate(head_label(each.section), float(weights @ each.losses), gain, number == chosen)
        for number, (each, gain) in enumerate(zip(tried, [None, *gains], strict=True))
    )
    return Choice(tried[chosen].section, candidates)


def enough_labels(counts: npt.NDArray[np.int64]) -> bool:
    """Tell whether there are labels enough to compare heads.

    Args:
        counts: (k,) labels of each class.
    """
    present = counts[counts > 0]
    return bool(
        (counts >= 2).sum() >= 2 and present.sum() >= ENOUGH and present.sum() >= ENOUGH_EACH * len(present)
    )


def head_label(section: HeadSection) -> str:
    """Return a head's name as reports show it, with its estimator where it has one.

    Args:
        section: the head's settings.
    """
    return f"{section.name}/{section.estimator}" if section.name == "sklearn" else section.name


def _try(training: TrainingSet, section: HeadSection, *, seed: int, device: torch.device) -> _Tried:
    found = out_of_fold(heads.get(section.name), training, section=section, seed=seed, device=device)
    assert found is not None  # enough_labels saw two classes with two labels
    labels = training.labels[found.tested]
    chances = _chances(found, training)
    losses = -np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-12))
    return _Tried(section, losses, balanced_accuracy(labels, chances.argmax(axis=1)))


def _chances(found: OutOfFold, training: TrainingSet) -> Row:
    temperature = temperature_of(found, training)
    return np.asarray(softmax(found.logits[:, found.tested] / temperature).mean(axis=0))


def _gain(safe: _Tried, other: _Tried, labels: npt.NDArray[np.int64], *, seed: int) -> Estimate:
    """Return how much lower the candidate's loss is; each class's labels are weighed anew in every draw."""
    differences = safe.losses - other.losses
    generator = np.random.default_rng([seed, 11])
    classes = np.unique(labels)
    drawn = np.zeros(DRAWS)
    value = 0.0
    for index in classes:
        own = differences[labels == index]
        weights = generator.standard_exponential((DRAWS, len(own)))
        drawn += (weights @ own) / weights.sum(axis=1) / len(classes)
        value += float(own.mean()) / len(classes)
    tail = (1 - CONFIDENCE) / 2 / len(CANDIDATES)
    widened = np.sqrt(1.0 + 5 / 4)  # of five folds, as in `models.metrics`
    low, high = value + widened * (np.quantile(drawn, [tail, 1 - tail]) - value)
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def _best(tried: list[_Tried], gains: list[Estimate]) -> int:
    better = [
        number
        for number, gain in enumerate(gains, start=1)
        if gain.low > 0 and tried[number].accuracy >= tried[0].accuracy
    ]
    return max(better, key=lambda number: gains[number - 1].value, default=0)
