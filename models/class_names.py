"""What the names of classes teach a head: their vectors, as rows beside the labels.

Where the encoder places words among the items, a class's name says where its items lie before any of them has a label
(Larochelle, Erhan & Bengio 2008, "Zero-data learning of new tasks"). A name counts as much as one label, so that it
fades by itself as labels come.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from models.extensions import Weighted, add_rows
from models.heads.contract import ClassNames, TrainingSet

TRUST = 3.0
"""Names are trusted as if so many labels had been nearest to the name of their class already."""

LEAST_AGREEMENT = 0.2
"""Share of the labels nearest to their own class's name, chance taken out, below which names teach nothing."""


class LearnNames:
    """An extension (`models.extensions.Extension`) that adds the vectors of the names of classes.

    Names that mislead are left out: those of a member whose own labels lie nearest to the names of other classes.
    """

    def __init__(self, names: ClassNames) -> None:
        """Make the extension.

        Args:
            names: the names' vectors and whose they are.
        """
        self._names = names

    def __call__(self, training: TrainingSet, weights: torch.Tensor, *, alone: bool) -> Weighted:
        """Add the names; see `models.extensions.Extension`. Whether a member learns them rests on its labels alone.

        Args:
            training: the labels and their vectors; not changed.
            weights: (members, m).
            alone: makes no difference.
        """
        believed = agreement(training, self._names, weights > 0) >= LEAST_AGREEMENT
        if not believed.any():
            return training, weights
        added = believed.to(torch.float32)[:, None].expand(-1, len(self._names.labels))
        return add_rows(training, weights, self._names.vectors, self._names.labels, added)


def agreement(training: TrainingSet, names: ClassNames, seen: torch.Tensor) -> torch.Tensor:
    """Tell how well names fit the labels: the share of labels nearest to their own class's name.

    Args:
        training: the labels and their vectors.
        names: the names' vectors and whose they are.
        seen: (members, m) bool; the labels each member sees.

    Returns:
        (members,) float32; 1 where every label is nearest to its name, 0 where no more are than by chance. Labels of
        classes without a name do not count.
    """
    nearest = names.labels[(_unit(training.vectors) @ _unit(names.vectors).T).argmax(axis=1)]
    hits = torch.from_numpy((nearest == training.labels).astype(np.float32))
    judged = torch.from_numpy(np.isin(training.labels, names.labels)) & seen.cpu()
    share = ((judged * hits).sum(dim=1) + TRUST) / (judged.sum(dim=1) + TRUST)
    chance = 1.0 / max(np.unique(names.labels).size, 2)
    return (share - chance) / (1.0 - chance)


def counts_with_names(training: TrainingSet, rows: TrainingSet) -> npt.NDArray[np.int64]:
    """Return (k,) what each class was learned from: its labels, or 1 where its name alone was learned.

    Args:
        training: the labels.
        rows: the same with the rows added to them.
    """
    counts = training.label_counts
    if training.name_points is None:
        return counts
    learned = np.zeros_like(counts)
    learned[training.name_points.labels] = rows.label_counts[training.name_points.labels] > 0
    return np.maximum(counts, learned)


def _unit(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
