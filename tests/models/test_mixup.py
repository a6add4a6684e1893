from __future__ import annotations

import numpy as np
import torch

from models.heads.contract import TrainingSet
from models.mixup import Mixup, draw_pairs

LABELS = np.repeat([0, 1, 2], [20, 8, 2]).astype(np.int64)


def a_set() -> TrainingSet:
    vectors = np.random.default_rng(0).normal(size=(30, 3)) + 10.0 * LABELS[:, None]
    return TrainingSet(vectors.astype(np.float32), LABELS, 4)


def test_draw_pairs__fills_rare_classes_towards_the_mean() -> None:
    rare, other, shares = draw_pairs(LABELS, np.bincount(LABELS, minlength=4), seed=0)
    made = np.bincount(LABELS[rare], minlength=3)
    assert made.tolist() == [0, 2, 6]  # the mean is 10; a class of two gets three mixtures a label at most
    assert (np.bincount(LABELS)[LABELS[other]] >= 2 * np.bincount(LABELS)[LABELS[rare]]).all()
    assert shares.min() >= 0
    assert shares.max() <= 0.5


def test_draw_pairs__classes_of_one_size_need_none() -> None:
    labels = np.repeat([0, 1], 5).astype(np.int64)
    assert len(draw_pairs(labels, np.bincount(labels), seed=0)[0]) == 0


def test_mixup__mixtures_lie_on_the_rare_side_and_bear_its_label() -> None:
    training, weights = Mixup(seed=1)(a_set(), torch.ones(2, 30), alone=False)
    added = training.vectors[30:].mean(axis=1)
    own = 10.0 * training.labels[30:]
    assert len(added) == 8
    assert (np.abs(added - own) < 11.0).all()  # never beyond the middle between class 2 and class 0
    assert weights.shape == (2, 38)


def test_mixup__a_member_that_does_not_see_a_label_does_not_see_its_mixtures() -> None:
    weights = torch.ones(2, 30)
    weights[1, 28] = 0.0
    rare, other, _ = draw_pairs(LABELS, np.bincount(LABELS, minlength=4), seed=1)
    _, found = Mixup(seed=1)(a_set(), weights, alone=True)
    hit = torch.from_numpy((rare == 28) | (other == 28))
    assert hit.any()
    assert (found[1, 30:][hit] == 0).all()
    assert (found[1, 30:][~hit] == 1).all()
    assert (found[0] == 1).all()


def test_mixup__labels_stay_as_they_are() -> None:
    before = a_set()
    training, weights = Mixup(seed=1)(before, torch.full((1, 30), 0.5), alone=False)
    assert np.array_equal(training.vectors[:30], before.vectors)
    assert np.array_equal(training.labels[:30], LABELS)
    assert (weights[:, :30] == 0.5).all()
