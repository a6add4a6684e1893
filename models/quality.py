"""How good a head is, as plain values that travel as JSON; no torch here: the web process reads it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from models.errors import ModelError

CROSS_VALIDATION = "cross-validation"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: the figure.
        low: lower end of the interval.
        high: upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassQuality:
    """How well one class is recognised.

    Attributes:
        class_index: the class.
        labels: labels of it that were given.
        precision: of the labels predicted to be of it, the share that are; None without such predictions.
        recall: of the labels of it, the share recognised; None for fewer than two labels.
        f1: harmonic mean of the two; None for fewer than two labels.
    """

    class_index: int
    labels: int
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None

    @property
    def too_few_labels(self) -> bool:
        """True where there is nothing to report yet."""
        return self.recall is None


@dataclass(frozen=True)
class Candidate:
    """A head that was tried by cross-validation where the choice was left to goldpan.

    Attributes:
        head: its name, with its estimator where it has one: "logistic", "sklearn/svm_rbf".
        log_loss: mean loss on labels it did not see, calibrated, every class weighing the same; in nats.
        gain: how much lower that is than with "logistic", paired by label; None for "logistic" itself.
        chosen: whether it was chosen.
    """

    head: str
    log_loss: float
    gain: Estimate | None
    chosen: bool


@dataclass(frozen=True)
class QualityReport:
    """How good a head is, estimated from the labels it could not see while it was trained.

    The labels were chosen by a strategy, not at random: the figures say how well the head tells these labels
    apart, and are no estimate of its accuracy on the whole pool.

    Attributes:
        source: where the figures come from; always "cross-validation" here.
        labels: labels used.
        folds: parts the labels were cut into; 0 where there were too few labels.
        repeats: how often that was done.
        balanced_accuracy: mean recall over the classes with two labels or more; None where fewer than two
            have.
        macro_f1: mean F1 over the same classes.
        calibration_error: expected calibration error after calibration, every class weighing the same.
        per_class: one entry a class, in the order of the class indices.
        confusion: k rows of k whole numbers; row: label, column: predicted class; each label once. Labels of
            classes with a single one are left out, since no head could know them.
        head: the head that was trained: the one asked for, or the one chosen; "" in reports of old rounds.
        candidates: what "auto" compared; empty where a head was asked for, or labels were too few to compare.
    """

    source: str
    labels: int
    folds: int
    repeats: int
    balanced_accuracy: Estimate | None
    macro_f1: Estimate | None
    calibration_error: float | None
    per_class: tuple[ClassQuality, ...]
    confusion: tuple[tuple[int, ...], ...]
    head: str = ""
    candidates: tuple[Candidate, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as dicts, lists, numbers and texts; of the confusion only the cells that count something.

        With a thousand classes nearly all of a million cells are 0.
        """
        cells = [
            [row, column, number]
            for row, numbers in enumerate(self.confusion)
            if any(numbers)
            for column, number in enumerate(numbers)
            if number
        ]
        plain = asdict(replace(self, confusion=()))
        return {**plain, "confusion": {"classes": len(self.confusion), "cells": cells}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> QualityReport:
        """Make a report from what `to_dict` returned, also after a way through JSON.

        Args:
            data: the report as a dict.

        Raises:
            ModelError: something is missing or of the wrong kind.
        """
        try:
            return cls(
                source=str(data["source"]),
                labels=int(data["labels"]),
                folds=int(data["folds"]),
                repeats=int(data["repeats"]),
                balanced_accuracy=_estimate(data["balanced_accuracy"]),
                macro_f1=_estimate(data["macro_f1"]),
                calibration_error=_optional(data["calibration_error"]),
                per_class=tuple(_class_quality(entry) for entry in data["per_class"]),
                confusion=_confusion(data["confusion"]),
                head=str(data.get("head", "")),
                candidates=tuple(_candidate(entry) for entry in data.get("candidates", ())),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(f"this is no quality report ({error!r}); let a round make a new one") from error


def _estimate(data: Mapping[str, Any] | None) -> Estimate | None:
    return None if data is None else Estimate(float(data["value"]), float(data["low"]), float(data["high"]))


def _confusion(data: Mapping[str, Any] | Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Read the cells that count something, or all rows, as rounds before wrote them."""
    if not isinstance(data, Mapping):
        return tuple(tuple(int(number) for number in row) for row in data)
    rows = [[0] * int(data["classes"]) for _ in range(int(data["classes"]))]
    for row, column, number in data["cells"]:
        rows[int(row)][int(column)] = int(number)
    return tuple(map(tuple, rows))


def _optional(value: Any) -> float | None:  # noqa: ANN401 - a number from JSON
    return None if value is None else float(value)


def _candidate(data: Mapping[str, Any]) -> Candidate:
    return Candidate(
        head=str(data["head"]),
        log_loss=float(data["log_loss"]),
        gain=_estimate(data["gain"]),
        chosen=bool(data["chosen"]),
    )


def _class_quality(data: Mapping[str, Any]) -> ClassQuality:
    return ClassQuality(
        class_index=int(data["class_index"]),
        labels=int(data["labels"]),
        precision=_estimate(data["precision"]),
        recall=_estimate(data["recall"]),
        f1=_estimate(data["f1"]),
    )
