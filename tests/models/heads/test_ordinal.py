from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit

from models.heads.contract import TrainingSet
from models.heads.ordinal import OrdinalHead
from tests.models.heads.sets import CPU, section


def ordered(count: int, classes: int) -> TrainingSet:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(count, 3)).astype(np.float32)
    score = vectors @ np.array([1.0, -2.0, 0.5]) + 0.5 * generator.logistic(size=count)
    cuts = np.quantile(score, np.arange(1, classes) / classes)
    return TrainingSet(vectors, np.searchsorted(cuts, score).astype(np.int64), classes)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_forward__starts_with_the_same_for_every_class(classes: int) -> None:
    tensors = OrdinalHead().initialise(2, 4, classes, torch.Generator().manual_seed(0))
    tensors["weight"] = torch.zeros(2, 4)
    found = OrdinalHead().forward(tensors, torch.zeros(3, 4)).exp()
    assert torch.allclose(found, torch.full((2, 3, classes), 1 / classes), atol=1e-3)


def test_forward__probabilities_lie_between_the_cuts() -> None:
    tensors = {"weight": torch.tensor([[2.0]]), "first": torch.zeros(1, 1), "gaps": torch.zeros(1, 1)}
    found = OrdinalHead().forward(tensors, torch.tensor([[0.3]])).exp()[0, 0].numpy()
    even = np.log(2.0)  # thirds: the cuts are at -log 2 and log 2
    expected = [expit(-even - 0.6), expit(even - 0.6) - expit(-even - 0.6), 1 - expit(even - 0.6)]
    assert np.allclose(found, expected, atol=1e-3)


def test_forward__far_away_the_numbers_stay_finite() -> None:
    tensors = OrdinalHead().initialise(1, 1, 4, torch.Generator().manual_seed(0)) | {
        "weight": torch.tensor([[1e3]])
    }
    found = OrdinalHead().forward(tensors, torch.tensor([[-100.0], [100.0]]))
    assert torch.isfinite(found).all()
    assert found.argmax(dim=2).tolist() == [[0, 3]]


def test_fit__finds_direction_and_order() -> None:
    training = ordered(400, 4)
    trained = OrdinalHead().fit(training, section=section(members=1), seed=0, device=CPU)
    weight = trained.tensors["weight"][0]
    assert torch.cosine_similarity(weight, torch.tensor([1.0, -2.0, 0.5]), dim=0) > 0.98
    found = trained.logits(torch.tensor(training.vectors))[0].argmax(dim=1).numpy()
    assert np.abs(found - training.labels).max() <= 2
    assert (found == training.labels).mean() > 0.6


def test_fit__needs_fewer_labels_than_a_head_without_order() -> None:
    from models.heads.logistic import LogisticHead

    vectors, truth = (getattr(ordered(1000, 6), key) for key in ("vectors", "labels"))
    right = {}
    for head in (OrdinalHead(), LogisticHead()):
        trained = head.fit(TrainingSet(vectors[:40], truth[:40], 6), section=section(), seed=0, device=CPU)
        chances = torch.softmax(trained.logits(torch.tensor(vectors[40:])), dim=2).mean(dim=0)
        right[head.name] = (chances.argmax(dim=1).numpy() == truth[40:]).mean()
    assert right["ordinal"] > right["logistic"] + 0.02
