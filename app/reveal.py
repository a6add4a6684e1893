"""How the work went, where the true labels are kept beside the pool: shown only when the person asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.session import DashboardState
from labeling.pools.truth import read_truth


@dataclass(frozen=True)
class ClassTruth:
    """One true class of the pool.

    Attributes:
        name: the true class.
        in_pool: items of it in the pool.
        labelled: how many of them a person has labelled.
        found: how many of them the last model predicts rightly, among those not labelled; None without a model.
        unlabelled: how many of them have no label.
    """

    name: str
    in_pool: int
    labelled: int
    found: int | None
    unlabelled: int


@dataclass(frozen=True)
class Revealed:
    """The comparison of labels and predictions with the truth.

    Attributes:
        classes: one entry a true class, rarest first.
        labels: labelled items.
        agreeing: labels that equal the truth.
        balanced_accuracy: mean over the true classes of the share predicted rightly among unlabelled items; None
            without a model.
    """

    classes: tuple[ClassTruth, ...]
    labels: int
    agreeing: int
    balanced_accuracy: float | None


def has_truth(state: DashboardState) -> bool:
    """Return whether true labels are kept beside the pool."""
    return (state.context.project.paths.pool / "truth.parquet").is_file()


def reveal(state: DashboardState) -> Revealed | None:
    """Compare labels and predictions with the truth; None where no truth is kept."""
    truth = read_truth(state.context.project.paths.pool)
    if truth is None:
        return None
    true_names, true_codes = np.unique(np.asarray(truth, dtype=str), return_inverse=True)
    class_names = np.array([entry.name for entry in state.classes], dtype=object)
    labels = state.label_codes()
    labelled = labels >= 0
    agreeing = (
        int((class_names[labels[labelled]] == true_names[true_codes[labelled]]).sum())
        if len(class_names)
        else 0
    )
    predictions = state.prediction_codes()
    right = None
    if predictions is not None and len(class_names):
        named = np.where(predictions >= 0, class_names[np.maximum(predictions, 0)], "")
        right = (named == true_names[true_codes]) & ~labelled
    rows = []
    for code, name in enumerate(true_names):
        of_class = true_codes == code
        open_items = int((of_class & ~labelled).sum())
        found = None if right is None else int(right[of_class].sum())
        rows.append(
            ClassTruth(str(name), int(of_class.sum()), int((of_class & labelled).sum()), found, open_items)
        )
    shares = [row.found / row.unlabelled for row in rows if row.found is not None and row.unlabelled]
    return Revealed(
        classes=tuple(sorted(rows, key=lambda row: row.in_pool)),
        labels=int(labelled.sum()),
        agreeing=agreeing,
        balanced_accuracy=float(np.mean(shares)) if shares else None,
    )
