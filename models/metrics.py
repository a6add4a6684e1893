"""How good a head is, by cross-validation, with intervals; and two measures for those who know the truth.

Recall and precision have Wilson intervals. Balanced accuracy, macro-F1 and the F1 of a class have those of a
smoothed Bayesian bootstrap: given its labels, the predictions of a class follow a Dirichlet distribution
(Rubin 1981) with one pseudo-label spread over all predictions, so that two labels out of two do not pass for
certainty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.calibration import WEIGHT_POWER, calibration_error, class_weights, fit_temperature, softmax
from models.folds import OutOfFold, out_of_fold
from models.heads.contract import Progress, TrainingSet, check_training, no_progress
from models.heads.registry import heads
from models.predictions import OutOfFoldPredictions
from models.prior import wilson_interval
from models.quality import CROSS_VALIDATION, ClassQuality, Estimate, QualityReport

if TYPE_CHECKING:
    from config.schema import HeadSection

IntMatrix = npt.NDArray[np.int64]
FloatMatrix = npt.NDArray[np.float64]

DRAWS = 1000
"""Draws of the bootstrap behind the intervals."""

DRAWN_CELLS = 20_000_000
"""Cells drawn at most, for the memory: beyond 141 classes there are fewer draws, 20 at a thousand classes."""


def cross_validate(
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress = no_progress,
) -> QualityReport:
    """Estimate how good a head trained on these labels is.

    Args:
        training: the labels and their vectors.
        section: the head's settings.
        seed: of the folds and the intervals.
        device: where to compute.
        progress: told the share done.

    Returns:
        The report; without figures where fewer than two classes have two labels.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
        TrainingDivergedError: the loss became NaN twice.
    """
    check_training(training)
    head = heads.get(section.name)
    found = out_of_fold(head, training, section=section, seed=seed, device=device, progress=progress)
    temperature = temperature_of(found, training) if section.calibrate else 1.0
    return report(found, training, temperature=temperature, corrected=section.imbalance != "none", seed=seed)


def temperature_of(found: OutOfFold | None, training: TrainingSet) -> float:
    """Fit the temperature to out-of-fold logits.

    Args:
        found: the logits; None where there were too few labels.
        training: the labels they belong to.

    Returns:
        The temperature; the default without logits.
    """
    if found is None:
        return fit_temperature(
            np.zeros((0, training.class_count), np.float32), training.labels[:0], np.zeros(0)
        )
    labels = training.labels[found.tested]
    weights = class_weights(labels, training.class_count, power=WEIGHT_POWER)
    repeats = len(found.logits)
    return fit_temperature(
        found.logits[:, found.tested].reshape(repeats * len(labels), -1),
        np.tile(labels, repeats),
        np.tile(weights, repeats),
        repeats=repeats,
    )


def predictions_of(
    found: OutOfFold | None, training: TrainingSet, *, temperature: float, corrected: bool
) -> OutOfFoldPredictions | None:
    """Return what the heads of the folds say of the labels they did not see.

    Args:
        found: out-of-fold logits; None where there were too few labels.
        training: the labels they belong to.
        temperature: what logits are divided by.
        corrected: whether the head corrects for imbalance.

    Returns:
        The predictions, a row being a label's place in `training`; None without logits.
    """
    if found is None:
        return None
    probabilities = softmax(found.logits[:, found.tested] / temperature).mean(axis=0)
    # A class known by its name alone counts as one label; one that is not known at all has probability 0.
    decided = probabilities if corrected else probabilities * np.maximum(training.label_counts, 1)
    return OutOfFoldPredictions(
        rows=np.flatnonzero(found.tested).astype(np.int64),
        labels=training.labels[found.tested],
        predicted=decided.argmax(axis=1).astype(np.int64),
        probabilities=probabilities,
    )


def report(
    found: OutOfFold | None, training: TrainingSet, *, temperature: float, corrected: bool, seed: int
) -> QualityReport:
    """Put the figures together.

    A label's prediction is the class of the highest mean probability over the repeats: with the class prior
    taken out, or, where the head does not correct for imbalance, under the shares of the labels.

    Args:
        found: out-of-fold logits; None where there were too few labels.
        training: the labels they belong to.
        temperature: what logits are divided by.
        corrected: whether the head corrects for imbalance.
        seed: of the intervals.
    """
    seen = predictions_of(found, training, temperature=temperature, corrected=corrected)
    if found is None or seen is None:
        return _empty_report(training)
    weights = class_weights(seen.labels, training.class_count)
    error = calibration_error(seen.probabilities, seen.labels, weights)
    confusion = confusion_matrix(seen.labels, seen.predicted, class_count=training.class_count)
    draws = draw_confusions(confusion, generator=np.random.default_rng(seed))
    judged = confusion.sum(axis=1) > 0
    recalls, scores = _recall(draws)[:, judged], _f1(draws)[:, judged]
    return QualityReport(
        source=CROSS_VALIDATION,
        labels=len(training.labels),
        folds=found.folds,
        repeats=len(found.logits),
        balanced_accuracy=_interval(
            float(_recall(confusion)[judged].mean()), recalls.mean(axis=1), found.folds
        ),
        macro_f1=_interval(float(_f1(confusion)[judged].mean()), scores.mean(axis=1), found.folds),
        calibration_error=error,
        per_class=_per_class(confusion, draws, training, found.folds),
        confusion=tuple(tuple(int(number) for number in row) for row in confusion),
    )


def confusion_matrix(
    truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], *, class_count: int
) -> IntMatrix:
    """Count how often each class was predicted to be each.

    Args:
        truth: (m,) class indices.
        predicted: (m,) class indices.
        class_count: k.

    Returns:
        (k, k) int64; row: truth, column: predicted.
    """
    flat = np.bincount(truth * class_count + predicted, minlength=class_count**2)
    return flat.reshape(class_count, class_count).astype(np.int64)


def balanced_accuracy(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> float:
    """Compute the mean recall over the classes that occur in the truth.

    Args:
        truth: (m,) class indices, m > 0.
        predicted: (m,) class indices.

    Raises:
        ValueError: nothing to judge, or two lengths.
    """
    confusion = _confusion_of(truth, predicted)
    return float(_recall(confusion)[confusion.sum(axis=1) > 0].mean())


def macro_f1(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> float:
    """Compute the mean F1 over the classes that occur in the truth or among the predictions.

    Args:
        truth: (m,) class indices, m > 0.
        predicted: (m,) class indices.

    Raises:
        ValueError: nothing to judge, or two lengths.
    """
    confusion = _confusion_of(truth, predicted)
    return float(_f1(confusion)[(confusion.sum(axis=1) + confusion.sum(axis=0)) > 0].mean())


def draw_confusions(confusion: IntMatrix, *, generator: np.random.Generator) -> FloatMatrix:
    """Draw confusion matrices that the labels could as well have given.

    Args:
        confusion: (k, k) counts.
        generator: source of chance.

    Returns:
        (draws, k, k) float64; the sums of the rows are those of `confusion`.
    """
    count = len(confusion)
    shape = confusion + 1.0 / count
    draws = max(1, min(DRAWS, DRAWN_CELLS // count**2))
    drawn = generator.standard_gamma(shape, size=(draws, count, count))
    drawn /= np.maximum(drawn.sum(axis=2, keepdims=True), 1e-300)
    return np.asarray(drawn * confusion.sum(axis=1)[:, None])


def _confusion_of(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> IntMatrix:
    if len(truth) != len(predicted) or not len(truth):
        raise ValueError(
            f"truth and predictions must be of one length above 0, got {len(truth)} and {len(predicted)}"
        )
    count = int(max(truth.max(), predicted.max())) + 1
    return confusion_matrix(truth, predicted, class_count=count)


def _recall(confusion: IntMatrix | FloatMatrix) -> FloatMatrix:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(confusion.sum(axis=-1), 1e-12))


def _f1(confusion: IntMatrix | FloatMatrix) -> FloatMatrix:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return np.asarray(2.0 * hits / np.maximum(both, 1e-12))


def _interval(value: float, draws: FloatMatrix, folds: int) -> Estimate:
    """Return the middle 95 % of the draws, moved so that their mean is the value, and widened.

    The pseudo-labels make the draws wider, which is wanted, and worse on average, which is not. The draws know of the
    chance in what is predicted, not in what was trained on: the folds share most of their labels. Nadeau & Bengio
    (2003) add that by a factor on the variance, 2.25 for five folds.
    """
    widened = np.sqrt(1.0 + folds / (folds - 1.0))
    low, high = value + widened * (np.quantile(draws, [0.025, 0.975]) - draws.mean())
    return Estimate(value, float(np.clip(low, 0.0, value)), float(np.clip(high, value, 1.0)))


def _per_class(
    confusion: IntMatrix, draws: FloatMatrix, training: TrainingSet, folds: int
) -> tuple[ClassQuality, ...]:
    scores, f1_draws = _f1(confusion), _f1(draws)
    entries = []
    for index, labels in enumerate(training.label_counts):
        tested, predicted = int(confusion[index].sum()), int(confusion[:, index].sum())
        hits = float(confusion[index, index])
        entries.append(
            ClassQuality(
                class_index=index,
                labels=int(labels),
                precision=_share(hits, predicted) if tested else None,
                recall=_share(hits, tested),
                f1=_interval(float(scores[index]), f1_draws[:, index], folds) if tested else None,
            )
        )
    return tuple(entries)


def _share(hits: float, trials: int) -> Estimate | None:
    if not trials:
        return None
    low, high = wilson_interval(np.array([hits]), np.array([float(trials)]))
    return Estimate(hits / trials, float(low[0]), float(high[0]))


def _empty_report(training: TrainingSet) -> QualityReport:
    count = training.class_count
    return QualityReport(
        source=CROSS_VALIDATION,
        labels=len(training.labels),
        folds=0,
        repeats=0,
        balanced_accuracy=None,
        macro_f1=None,
        calibration_error=None,
        per_class=tuple(
            ClassQuality(index, int(labels), None, None, None)
            for index, labels in enumerate(training.label_counts)
        ),
        confusion=((0,) * count,) * count,
    )
