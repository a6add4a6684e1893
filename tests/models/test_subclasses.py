from __future__ import annotations

import numpy as np

from models.subclasses import MOST_PARTS, subclasses


def test_subclasses__clouds_of_one_class_are_told_apart() -> None:
    generator = np.random.default_rng(0)
    near, far = generator.normal(size=(90, 3)), generator.normal(size=(10, 3)) + 50
    vectors = np.concatenate([near, far]).astype(np.float32)
    parts = subclasses(vectors, np.zeros(100, np.int64), seed=0)
    assert not set(parts[:90].tolist()) & set(parts[90:].tolist())
    assert parts.max() < MOST_PARTS


def test_subclasses__few_or_equal_items_are_one_part() -> None:
    vectors = np.ones((60, 3), np.float32)
    vectors[40:] = np.random.default_rng(0).normal(size=(20, 3))
    labels = np.array([0] * 40 + [1] * 20)
    assert not subclasses(vectors, labels, seed=0)[:40].any()
    assert not subclasses(vectors[40:45], labels[40:45], seed=0).any()
    assert subclasses(vectors[:0], labels[:0], seed=0).shape == (0,)
