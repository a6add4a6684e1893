from __future__ import annotations

import numpy as np
import pytest
import torch

from models.extensions import add_rows
from models.heads.contract import TrainingSet
from models.soft_labels import targets_and_weights

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)
LABELS = np.array([0, 1, 1, 0])
SOFT = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.4, 0.6, 0.0], [1.0, 0.0, 0.0]], np.float32)


def training(soft: np.ndarray | None) -> TrainingSet:
    return TrainingSet(VECTORS, LABELS, 3, soft=soft)


def test_targets__certain_labels_are_as_they_were() -> None:
    weights = torch.rand(2, 4)
    targets, kept = targets_and_weights(training(None), weights, soft=True)
    assert targets.tolist() == np.eye(3)[LABELS].tolist()
    assert kept is weights


def test_targets__soft_labels_leave_out_classes_without_labels() -> None:
    weights = torch.ones(2, 4)
    targets, kept = targets_and_weights(training(SOFT), weights, soft=True)
    assert targets[0].tolist() == pytest.approx([7 / 9, 2 / 9, 0.0])
    assert targets.sum(dim=1).tolist() == pytest.approx([1.0] * 4)
    assert kept is weights


def test_targets__others_weigh_the_label_by_its_share() -> None:
    targets, kept = targets_and_weights(training(SOFT), torch.full((2, 4), 2.0), soft=False)
    assert targets.tolist() == np.eye(3)[LABELS].tolist()
    assert kept[1].tolist() == pytest.approx([1.4, 2.0, 1.2, 2.0])


def test_add_rows__rows_that_are_added_are_certain() -> None:
    rows, _ = add_rows(training(SOFT), torch.ones(1, 4), VECTORS[:1], np.array([2]), torch.ones(1, 1))
    assert rows.soft is not None
    assert rows.soft.shape == (5, 3)
    assert rows.soft[4].tolist() == [0, 0, 1]
