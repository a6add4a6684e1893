from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from models.heads.contract import TrainingSet
from models.heads.registry import heads
from models.pseudo_labels import SURE, PseudoLabels, choose
from tests.models.heads.sets import CPU, pool, section


def a_set(name: str = "digits", count: int = 60) -> TrainingSet:
    vectors, truth = pool(name)
    return TrainingSet(
        vectors[:count], truth[:count], int(truth.max()) + 1, unlabelled=vectors[count : count + 800]
    )


def extension() -> PseudoLabels:
    return PseudoLabels(heads.get("logistic"), section=section(), seed=0, device=CPU, temperature=1.0)


def test_choose__as_many_of_each_class_at_most_and_all_sure() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([0.1, 0.1, 0.02], size=500)
    chosen = choose(generator.normal(size=(500, 4)).astype(np.float32), probabilities, 5)
    classes = [index for _, index in chosen]
    assert max(np.bincount(classes)) == 5
    assert all(probabilities[row, index] >= SURE for row, index in chosen)
    assert all(probabilities[row].argmax() == index for row, index in chosen)


def test_choose__spreads_over_the_vectors() -> None:
    vectors = np.concatenate([np.zeros((40, 2)), [[5.0, 0.0], [0.0, 5.0]]]).astype(np.float32)
    probabilities = np.column_stack([np.full(42, 0.99), np.full(42, 0.01)])
    rows = {row for row, _ in choose(vectors, probabilities, 5)}
    assert {40, 41} <= rows
    assert len(rows) == 3  # copies of one vector count once


def test_choose__nothing_where_nothing_is_sure() -> None:
    assert choose(np.eye(3, dtype=np.float32), np.full((3, 2), 0.5), 5) == []


def test_pseudo_labels__are_mostly_right_and_of_every_class_alike() -> None:
    vectors, truth = pool("digits")
    training, weights = extension()(a_set(count=200), torch.ones(4, 200), alone=False)
    places = [int(np.flatnonzero((vectors == row).all(axis=1))[0]) for row in training.vectors[200:]]
    assert len(places) > 30
    assert (truth[places] == training.labels[200:]).mean() > 0.95
    assert np.bincount(training.labels[200:]).max() <= 10
    assert (weights[:, 200:] == weights[0, 200:]).all()


def test_pseudo_labels__alone_a_member_that_saw_no_label_of_a_class_gives_none_of_it() -> None:
    training = a_set(count=200)
    weights = torch.ones(2, 200)
    weights[1, training.labels == 3] = 0.0
    extended, found = extension()(training, weights, alone=True)
    added = torch.from_numpy(extended.labels[200:] == 3)
    assert (found[0, 200:][added] > 0).any()
    assert (found[1, 200:][added] == 0).all()


def test_pseudo_labels__a_rare_class_needs_more_evidence() -> None:
    generator = np.random.default_rng(0)
    common, rare = generator.normal(0, 1, (2000, 1)), generator.normal(2.5, 1, (10, 1))
    unlabelled = np.concatenate([common, rare]).astype(np.float32)
    vectors = np.concatenate([common[:20], generator.normal(2.5, 1, (20, 1))]).astype(np.float32)
    training = TrainingSet(vectors, np.repeat([0, 1], 20).astype(np.int64), 2, unlabelled=unlabelled)
    extended, _ = extension()(training, torch.ones(1, 40), alone=False)
    given = extended.vectors[40:][extended.labels[40:] == 1]
    assert (given > 3.5).all()  # where both are as frequent, 2.5 would do


def test_pseudo_labels__without_unlabelled_vectors_nothing_changes() -> None:
    training = replace(a_set(), unlabelled=None)
    weights = torch.ones(2, 60)
    extended, found = extension()(training, weights, alone=False)
    assert extended is training
    assert found is weights


def test_pseudo_labels__same_arguments_same_rows() -> None:
    first, _ = extension()(a_set(), torch.ones(2, 60), alone=True)
    second, _ = extension()(a_set(), torch.ones(2, 60), alone=True)
    assert np.array_equal(first.vectors, second.vectors)
    assert np.array_equal(first.labels, second.labels)
