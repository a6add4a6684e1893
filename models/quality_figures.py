"""How good a model is, in the figures that unequal classes ask for: from the audit set, or from cross-validation.

Balanced accuracy, macro F1, G-mean, AUROC, AUPRC, the groups of classes with many and few labels, the gap between the
best and the worst class, and the calibration error; each with a 95 % interval that knows how the items were drawn. What
each answers and when it misleads is in `docs/audit-set.md`; of AUROC and AUPRC see `models.ranked_figures`.

The G-mean is the geometric mean of the classes' recalls (Kubat & Matwin 1997): one class that is never recognised makes
it 0. Groups by number of labels follow Liu et al. (2019, arXiv:1904.05160). Figures over classes are over those of
which something was met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.audit_figures import mean_of, measured_recall
from models.audit_sample import AuditSample, FloatArray, Measured
from models.predictions import OutOfFoldPredictions
from models.quality import CROSS_VALIDATION, Estimate, QualityReport
from models.ranked_figures import Linearised, auprc_of, auroc_of, f1_of
from models.shrinking import DRAWS, normal_noise, shrunk

AUDIT_SET = "audit set"

BINS, LEAST_IN_BIN = 10, 15
"""Bins of the calibration error, of about equal weight, and how many items one holds at least."""

ENDLESS = 10**12
"""Stands for the size of what labels are a sample of in cross-validation: they take nothing away from it."""


@dataclass(frozen=True)
class ClassFigures:
    """What is said of one class; None where it was not met, or is all that was met.

    Attributes:
        class_index: the class.
        met: items of it.
        group: which group of classes it is of: many, medium or few.
        recall: share of its items that the model recognises.
        f1: harmonic mean of precision and recall.
        auroc: how often an item of it scores higher than another one.
        auprc: average precision; chance is `base_rate`.
        base_rate: share of the class among what the figures hold for.
    """

    class_index: int
    met: int
    group: str
    recall: Estimate | None
    f1: Estimate | None
    auroc: Estimate | None
    auprc: Estimate | None
    base_rate: float


@dataclass(frozen=True)
class GroupFigures:
    """What is said of the classes with many, a medium number of or few labels.

    Attributes:
        name: many, medium or few.
        classes: how many classes.
        met: of them, how many the figures met.
        recall: their mean recall; None where none was met.
    """

    name: str
    classes: int
    met: int
    recall: Estimate | None


@dataclass(frozen=True)
class Disparity:
    """How far apart the classes are.

    Attributes:
        worst: the class that is recognised least, of those met.
        best: the class that is recognised most.
        worst_recall: its recall.
        best_recall: likewise.
        gap: the difference; its interval knows that of several classes one looks worst by chance alone.
    """

    worst: int
    best: int
    worst_recall: Estimate
    best_recall: Estimate
    gap: Estimate


@dataclass(frozen=True)
class QualityFigures:
    """How good a model is.

    Attributes:
        source: AUDIT_SET, or CROSS_VALIDATION: then they say how well the labels are told apart, nothing of the pool.
        items: how many items they rest on.
        met: how many classes.
        balanced_accuracy: mean recall over the classes met; None where none was, as all that follow.
        macro_f1: mean F1 over them.
        g_mean: geometric mean of their recalls.
        auroc: mean over the classes; None also where no probabilities are known.
        auprc: likewise.
        calibration_error: how far probabilities are from what comes true, chance taken out; None likewise.
        disparity: the gap between classes; None where fewer than two were met.
        groups: many, medium and few, those that have classes.
        classes: one entry a class, in the order of the columns.
    """

    source: str
    items: int
    met: int
    balanced_accuracy: Estimate | None
    macro_f1: Estimate | None
    g_mean: Estimate | None
    auroc: Estimate | None
    auprc: Estimate | None
    calibration_error: Estimate | None
    disparity: Disparity | None
    groups: tuple[GroupFigures, ...]
    classes: tuple[ClassFigures, ...]

    def to_dict(self, class_names: Sequence[str]) -> dict[str, Any]:
        """Return the figures as dicts, lists, numbers and texts, with names in place of class indices.

        Args:
            class_names: k names in the order of the columns.
        """
        plain = asdict(self)
        for entry in plain["classes"]:
            entry["class_name"] = class_names[entry.pop("class_index")]
        if plain["disparity"] is not None:
            for end in ("worst", "best"):
                plain["disparity"][end] = class_names[plain["disparity"][end]]
        return plain


def quality_figures(
    sample: AuditSample,
    scores: npt.NDArray[np.floating] | None,
    *,
    groups: Sequence[str],
    source: str = AUDIT_SET,
    inflate: float = 1.0,
    seed: int = 0,
) -> QualityFigures:
    """Compute the figures of a sample.

    Args:
        sample: the items that were drawn and answered, with what the model predicts; strata of one answer joined.
        scores: (m, k) the model's probabilities for them; None where they are not known.
        groups: k names: the group of each class.
        source: where the items come from.
        inflate: by how much variances are larger than the sample says.
        seed: of the draws behind the intervals that have no formula.
    """
    generator = np.random.default_rng(seed)
    count = len(groups)
    recalls = {
        column: _wider(found, inflate)
        for column in range(count)
        if (found := measured_recall(sample, column)) is not None
    }
    told = {column: found.estimate() for column, found in recalls.items()}
    scored = None if scores is None else np.asarray(scores, np.float64)
    ranks = {
        name: _each(find, sample, scored, count) for name, find in (("auroc", auroc_of), ("auprc", auprc_of))
    }
    f1s = [f1_of(sample, column) for column in range(count)]
    drawn = {column: found.draws(DRAWS, generator) for column, found in recalls.items()}
    return QualityFigures(
        source=source,
        items=sample.size,
        met=len(recalls),
        balanced_accuracy=mean_of(list(told.values())),
        macro_f1=mean_over(sample, f1s, inflate),
        g_mean=_g_mean(told, drawn),
        auroc=mean_over(sample, ranks["auroc"], inflate),
        auprc=mean_over(sample, ranks["auprc"], inflate),
        calibration_error=None if scored is None else calibration_of(sample, scored, inflate=inflate),
        disparity=_disparity(told, drawn),
        groups=_groups(told, groups),
        classes=tuple(
            ClassFigures(
                class_index=column,
                met=int((sample.truth == column).sum()),
                group=groups[column],
                recall=told.get(column),
                f1=_told(f1s[column], inflate),
                auroc=_told(ranks["auroc"][column], inflate),
                auprc=_told(ranks["auprc"][column], inflate),
                base_rate=float(sample.weights[sample.truth == column].sum()),
            )
            for column in range(count)
        ),
    )


def cross_validated(
    seen: OutOfFoldPredictions, report: QualityReport, *, groups: Sequence[str]
) -> QualityFigures | None:
    """Compute the same figures from out-of-fold predictions; they hold for these labels, not for the pool.

    Balanced accuracy and macro F1 are those of the round's report. The calibration error counts every class the same,
    since these probabilities have the class prior taken out.

    Args:
        seen: out-of-fold predictions.
        report: the round's quality report.
        groups: k names: the group of each class.

    Returns:
        The figures; None where there are no predictions.
    """
    if not len(seen.labels) or report.folds < 2:
        return None
    strata = np.zeros(len(seen.labels), np.int64)
    sample = AuditSample(strata, np.array([ENDLESS]), np.ones(1), seen.labels, seen.predicted)
    # The folds share most of their labels (Nadeau & Bengio 2003), as in `models.metrics`.
    inflate = 1.0 + report.folds / (report.folds - 1.0)
    found = quality_figures(
        sample, seen.probabilities, groups=groups, source=CROSS_VALIDATION, inflate=inflate
    )
    kinds, places = np.unique(seen.labels, return_inverse=True)
    even = replace(
        sample,
        strata=places.astype(np.int64),
        sizes=np.full(len(kinds), ENDLESS),
        shares=np.full(len(kinds), 1.0 / len(kinds)),
    )
    scores = np.asarray(seen.probabilities, np.float64)
    return replace(
        found,
        balanced_accuracy=report.balanced_accuracy,
        macro_f1=report.macro_f1,
        calibration_error=calibration_of(even.joined(), scores, inflate=inflate),
    )


def calibration_of(
    sample: AuditSample, scores: FloatArray, *, inflate: float = 1.0, seed: int = 0, bins: int = BINS
) -> Estimate:
    """Estimate the expected calibration error (Guo et al. 2017) without what chance adds to it.

    Args:
        sample: the sample.
        scores: (m, k) probabilities.
        inflate: by how much variances are larger than the sample says.
        seed: of the draws.
        bins: how many at most.

    Returns:
        The mean distance of the likeliest class's probability from how often it is right, over bins of about equal
        weight; 0 where chance alone explains what was seen.
    """
    sure, right = scores.max(axis=1), scores.argmax(axis=1) == sample.truth
    count = bins_of(sample.size, bins)
    order = np.argsort(sure, kind="stable")
    reached = np.cumsum(sample.weights[order]) - sample.weights[order] / 2
    place = np.empty(sample.size, np.int64)
    place[order] = np.clip((reached * count).astype(np.int64), 0, count - 1)
    parts = np.zeros((sample.size, count))
    parts[np.arange(sample.size), place] = sure - right
    spread = sample.covariance(parts)
    least = _chance_in_bins(sample, right, place, count)
    np.fill_diagonal(spread, np.maximum(np.diag(spread), least))
    noise = normal_noise(inflate * spread, np.random.default_rng(seed))
    return _within_one(shrunk(sample.weights @ parts, noise, lambda gaps: np.abs(gaps).sum(axis=1)))


def _chance_in_bins(
    sample: AuditSample, right: npt.NDArray[np.bool_], place: npt.NDArray[np.int64], count: int
) -> FloatArray:
    """Return (count,) the least variance of each bin's part: fifteen of fifteen right do not pass for certainty."""
    shares = (np.bincount(place, right, count) + 1.0) / (np.bincount(place, minlength=count) + 2.0)
    weights = np.bincount(place, sample.weights**2 * sample.free, count)
    return np.asarray(weights * shares * (1.0 - shares), np.float64)


def bins_of(size: int, most: int = BINS) -> int:
    """Return how many bins the calibration error of so many items has."""
    return max(1, min(most, size // LEAST_IN_BIN))


def mean_over(
    sample: AuditSample, parts: Sequence[Linearised | None], inflate: float = 1.0
) -> Estimate | None:
    """Return the mean over the classes of which something is known, none of them independent of the others.

    The ends are put together as for independent figures (Zou & Donner 2008), as far apart as the joint variance says.

    Args:
        sample: the sample.
        parts: one figure a class.
        inflate: by how much variances are larger than the sample says.
    """
    known = [part for part in parts if part is not None]
    apart = mean_of([_wider(part.measured, inflate).estimate() for part in known])
    if apart is None:
        return None
    alone = sum(part.measured.variance for part in known) / len(known) ** 2
    joint = sample.variance(np.asarray(np.mean([part.parts for part in known], axis=0), np.float64))
    factor = float(np.sqrt(max(joint / alone, 1.0 / len(known)))) if alone > 0 else 1.0
    low, high = (apart.value + factor * (end - apart.value) for end in (apart.low, apart.high))
    return _within_one(Estimate(apart.value, low, high))


def _each(
    find: Callable[[AuditSample, FloatArray, int], Linearised | None],
    sample: AuditSample,
    scores: FloatArray | None,
    count: int,
) -> list[Linearised | None]:
    if scores is None:
        return [None] * count
    return [find(sample, scores[:, column], column) for column in range(count)]


def _wider(found: Measured, inflate: float) -> Measured:
    return replace(found, variance=inflate * found.variance)


def _told(found: Linearised | None, inflate: float) -> Estimate | None:
    return None if found is None else _wider(found.measured, inflate).estimate()


def _g_mean(told: Mapping[int, Estimate], drawn: Mapping[int, FloatArray]) -> Estimate | None:
    if not told:
        return None
    value = _geometric(np.array([[found.value for found in told.values()]]))[0]
    low, high = np.quantile(_geometric(np.stack(list(drawn.values()), axis=1)), [0.025, 0.975])
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))


def _geometric(recalls: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(np.log(recalls).mean(axis=1)), np.float64)


def _disparity(told: Mapping[int, Estimate], drawn: Mapping[int, FloatArray]) -> Disparity | None:
    if len(told) < 2:
        return None
    worst = min(told, key=lambda column: told[column].value)
    best = max(told, key=lambda column: told[column].value)
    seen = np.array([found.value for found in told.values()])
    recalls = np.stack([drawn[column] for column in told], axis=1)
    # Chance in a sample goes the other way than what a sample leaves open.
    noise = recalls.mean(axis=0) - recalls
    found = shrunk(seen - seen.mean(), noise, lambda gaps: np.ptp(gaps, axis=1))
    gap = told[best].value - told[worst].value
    # What is true may be further apart than in proportion to what was seen, where one class was met a few times.
    most = max(found.high, float(np.quantile(np.ptp(recalls, axis=1), 0.975)))
    apart = Estimate(gap, min(found.low, gap), max(most, gap))
    return Disparity(worst, best, told[worst], told[best], _within_one(apart))


def _groups(told: Mapping[int, Estimate], groups: Sequence[str]) -> tuple[GroupFigures, ...]:
    entries = []
    for name in ("many", "medium", "few"):
        columns = [column for column, group in enumerate(groups) if group == name]
        met = [told[column] for column in columns if column in told]
        if columns:
            entries.append(GroupFigures(name, len(columns), len(met), mean_of(met)))
    return tuple(entries)


def _within_one(found: Estimate) -> Estimate:
    value, low, high = (float(np.clip(each, 0.0, 1.0)) for each in (found.value, found.low, found.high))
    return Estimate(value, low, high)
