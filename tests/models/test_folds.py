from __future__ import annotations

import numpy as np
import pytest

from models.folds import assign_folds, out_of_fold
from models.heads.contract import TrainingSet
from models.heads.registry import heads
from tests.models.heads.sets import CPU, labelled, pool, section


def test_assign_folds__classes_are_spread_evenly() -> None:
    labels = np.repeat([0, 1, 2], [23, 5, 2])
    parts = assign_folds(labels, 5, generator=np.random.default_rng(0))
    for label_class in range(3):
        counts = np.bincount(parts[labels == label_class], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_out_of_fold__no_head_saw_the_label_it_is_asked_about() -> None:
    """Labels of pure chance on vectors far apart: who saw them knows them, who did not cannot."""
    vectors = np.eye(80, dtype=np.float32)
    labels = np.random.default_rng(0).integers(0, 2, 80)
    training = TrainingSet(vectors, labels, 2)
    found = out_of_fold(heads.get("logistic"), training, section=section(), seed=0, device=CPU)
    assert found is not None
    assert (found.logits.mean(axis=0).argmax(axis=1) == labels).mean() < 0.7


def test_out_of_fold__single_labels_are_never_held_out() -> None:
    vectors, truth = pool("wine")
    rows = np.concatenate([np.flatnonzero(truth < 2)[:20], np.flatnonzero(truth == 2)[:1]])
    training = TrainingSet(vectors[rows], truth[rows], 3)
    found = out_of_fold(heads.get("logistic"), training, section=section(), seed=0, device=CPU)
    assert found is not None
    assert found.tested.tolist() == [True] * 20 + [False]


@pytest.mark.parametrize(("count", "repeats"), [(100, 2), (1200, 1)])
def test_out_of_fold__many_labels_are_cut_once(count: int, repeats: int) -> None:
    found = out_of_fold(
        heads.get("logistic"), labelled("digits", count), section=section(), seed=0, device=CPU
    )
    assert found is not None
    assert found.logits.shape == (repeats, count, 10)
