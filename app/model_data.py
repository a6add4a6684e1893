"""Frames for the Model page: the learning curve and the quality of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from app.round_files import RoundMeaning
from labeling.classes import LabelClass
from labeling.round_log import RoundRow
from models.quality import Estimate, QualityReport

CURVE_COLUMNS = ("round", "labels", "balanced_accuracy", "low", "high", "macro_f1")
QUALITY_COLUMNS = ("class_name", "labels", "precision", "recall", "f1", "f1_low", "f1_high")


def curve_frame(rounds: Sequence[RoundRow]) -> pd.DataFrame:
    """Return one row for each finished round with a quality report; columns CURVE_COLUMNS."""
    rows: list[tuple[Any, ...]] = []
    for row in rounds:
        quality = row.metrics.get("quality") if row.metrics else None
        if row.state != "done" or not quality:
            continue
        report = QualityReport.from_dict(quality)
        if report.balanced_accuracy is None:
            continue
        accuracy = report.balanced_accuracy
        macro = report.macro_f1.value if report.macro_f1 is not None else None
        rows.append((row.number, row.labels_used, accuracy.value, accuracy.low, accuracy.high, macro))
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def quality_frame(report: QualityReport | None, class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row a class; columns QUALITY_COLUMNS, NaN for too few labels; no rows without a report."""
    rows: list[tuple[Any, ...]] = []
    for entry in report.per_class if report is not None else ():
        rows.append(
            (
                class_names[entry.class_index],
                entry.labels,
                _value(entry.precision),
                _value(entry.recall),
                _value(entry.f1),
                float("nan") if entry.f1 is None else entry.f1.low,
                float("nan") if entry.f1 is None else entry.f1.high,
            )
        )
    return pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))


def column_names(meaning: RoundMeaning, classes: Sequence[LabelClass]) -> list[str]:
    """Return the names of a round's classes as they are called now; of archived ones as they were, marked so.

    Args:
        meaning: what the round's arrays mean.
        classes: the open classes.
    """
    now = {entry.id: entry.name for entry in classes}
    pairs = zip(meaning.class_ids, meaning.class_names, strict=True)
    return [now.get(class_id, f"{name} (archived)") for class_id, name in pairs]


def _value(estimate: Estimate | None) -> float:
    return float("nan") if estimate is None else estimate.value
