from __future__ import annotations

import numpy as np

from models.neighbourhoods import find_neighbourhoods
from models.outliers import FAR, class_far_scores, far_scores


def cloud(count: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)


def test_far_scores__what_is_far_from_all_comes_first() -> None:
    vectors = cloud(500)
    vectors[[3, 8]] = [[40] * 4, [-90] * 4]
    scores = far_scores(find_neighbourhoods(vectors).farthest)
    assert np.argsort(-scores)[:2].tolist() == [8, 3]
    assert (scores[[3, 8]] > FAR).all()
    assert (scores > FAR).sum() <= 8


def test_far_scores__equal_distances_make_no_outlier() -> None:
    assert far_scores(np.ones(10)).tolist() == [0] * 10
    assert far_scores(np.zeros(10)).tolist() == [0] * 10
    assert far_scores(np.array([])).tolist() == []


def test_class_far_scores__an_item_in_the_midst_of_another_class_is_odd() -> None:
    vectors = np.concatenate([cloud(100), cloud(100, seed=1) + 30])
    labels = np.repeat([0, 1], 100)
    labels[5] = 1
    scores = class_far_scores(vectors, labels)
    assert scores.argmax() == 5 and scores[5] > FAR
    assert far_scores(find_neighbourhoods(vectors).farthest)[5] < FAR


def test_class_far_scores__a_small_class_says_nothing() -> None:
    assert not class_far_scores(cloud(9), np.array([0] * 5 + [1] * 4)).any()
