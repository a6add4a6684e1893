"""Real labels and vectors for the tests of heads: scikit-learn's digits, wine, breast cancer and irises."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from config.schema import HeadSection
from models.heads.contract import ClassNames, TrainingSet

CPU = torch.device("cpu")
LOADERS = {"digits": load_digits, "wine": load_wine, "cancer": load_breast_cancer, "iris": load_iris}
ORDERED = frozenset({"ordinal"})
"""Heads for ordered classes: they are tried on irises, whose species follow one another in size."""


@cache
def pool(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return shuffled, standardised vectors (n, d) float32 and truth (n,) int64."""
    vectors, truth = LOADERS[name](return_X_y=True)
    order = np.random.default_rng(0).permutation(len(vectors))
    vectors = StandardScaler().fit_transform(vectors)[order].astype(np.float32)
    truth = truth[order].astype(np.int64)
    vectors.flags.writeable = False
    truth.flags.writeable = False
    return vectors, truth


def ground(head: str) -> str:
    """Return the name of a pool with classes of the kind a head is made for."""
    return "iris" if head in ORDERED else "digits"


def labelled(name: str, count: int, *, class_count: int | None = None) -> TrainingSet:
    """Return the first items of a pool with their labels."""
    vectors, truth = pool(name)
    return TrainingSet(vectors[:count], truth[:count], class_count or int(truth.max()) + 1)


def centres(name: str, *, moved: int = 0) -> ClassNames:
    """Return the middle of each class as its name; moved on by some classes, every name is that of another."""
    vectors, truth = pool(name)
    classes = np.arange(truth.max() + 1)
    middles = np.stack([vectors[truth == index].mean(axis=0) for index in classes])
    return ClassNames(middles, ((classes + moved) % len(classes)).astype(np.int64))


def without(name: str, count: int, missing: int) -> TrainingSet:
    """Return the first items of a pool with their labels, those of one class left out."""
    given = labelled(name, count)
    kept = given.labels != missing
    return TrainingSet(given.vectors[kept], given.labels[kept], given.class_count)


def section(**changes: object) -> HeadSection:
    """Return head settings, the defaults but for what is named."""
    return HeadSection(**changes)
