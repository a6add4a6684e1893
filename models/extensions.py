"""What a head learns from beside the labels: rows made from them, or from unlabelled items; and how much labels count.

An extension takes labels and the members' weights of them, and returns more rows, or other weights. A row made from a
label that a member does not see must not count for that member either, so that cross-validation stays honest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from models.heads.contract import TrainingSet

Weighted: TypeAlias = tuple[TrainingSet, torch.Tensor]
"""A training set of m rows, and (members, m) float32 weights of them."""


class Extension(Protocol):
    """Something that adds rows to labels, or weighs them."""

    def __call__(self, training: TrainingSet, weights: torch.Tensor, *, alone: bool) -> Weighted:
        """Return the labels first, unchanged, then the rows added.

        Args:
            training: the labels and their vectors; not changed.
            weights: (members, m) how much each label counts for each member; 0 where it must not.
            alone: whether each member is a model of its own, as the folds of a cross-validation are; else
                they are one ensemble.
        """
        ...


def extend(
    training: TrainingSet, weights: torch.Tensor, extensions: Sequence[Extension], *, alone: bool
) -> Weighted:
    """Apply extensions one after the other.

    Args:
        training: the labels and their vectors; not changed.
        weights: (members, m).
        extensions: what adds or weighs rows, in order.
        alone: whether each member is a model of its own.
    """
    for extension in extensions:
        training, weights = extension(training, weights, alone=alone)
    return training, weights


def add_rows(
    training: TrainingSet,
    weights: torch.Tensor,
    vectors: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    added: torch.Tensor,
) -> Weighted:
    """Put rows below those of a training set.

    Args:
        training: what there is; not changed.
        weights: (members, m).
        vectors: (a, d) of the rows added.
        labels: (a,) their class indices.
        added: (members, a) their weights.
    """
    both = np.concatenate([training.vectors.astype(np.float32), vectors.astype(np.float32)])
    extended = replace(
        training,
        vectors=both,
        labels=np.concatenate([training.labels, labels]),
        soft=None if training.soft is None else _certain_below(training.soft, labels),
        shares=None,  # the weights hold them by now; rows that were added stand for nothing in the pool
    )
    return extended, torch.cat([weights, added.to(weights)], dim=1)


def _certain_below(soft: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Put rows that are certain of their label below soft labels."""
    return np.concatenate([soft, np.eye(soft.shape[1], dtype=np.float32)[labels]])
