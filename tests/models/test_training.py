from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from models.errors import TrainingDivergedError
from models.heads.contract import TrainingSet, VectorScale
from models.heads.logistic import LogisticHead
from models.training import fit
from tests.models.heads.sets import CPU, labelled, pool, section


def forward(tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
    return LogisticHead().forward(tensors, vectors)


def broken(tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
    return forward(tensors, vectors) * float("nan")


def test_fit__loss_that_is_no_number_says_what_to_change() -> None:
    with pytest.raises(TrainingDivergedError, match="learning_rate"):
        fit(
            "broken",
            LogisticHead().initialise,
            broken,
            labelled("wine", 30),
            section=section(),
            seed=0,
            device=CPU,
        )


def test_fit__tries_again_with_a_smaller_step() -> None:
    calls = []

    def once_broken(tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return broken(tensors, vectors) if len(calls) == 1 else forward(tensors, vectors)

    found = fit(
        "x",
        LogisticHead().initialise,
        once_broken,
        labelled("wine", 60),
        section=section(),
        seed=0,
        device=CPU,
    )
    vectors, truth = pool("wine")
    assert (found.logits(torch.tensor(vectors)).mean(dim=0).argmax(dim=1).numpy() == truth).mean() > 0.9


def test_fit__batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LogisticHead().fit(labelled("digits", 100), section=section(), seed=0, device=CPU)
    monkeypatch.setattr("models.training.BATCH", 17)
    parts = LogisticHead().fit(labelled("digits", 100), section=section(), seed=0, device=CPU)
    assert torch.allclose(whole.tensors["weight"], parts.tensors["weight"], atol=1e-2)


def test_fit__more_epochs_lower_the_loss() -> None:
    vectors, truth = pool("digits")

    def loss(epochs: int) -> float:
        head = LogisticHead().fit(labelled("digits", 200), section=section(epochs=epochs), seed=0, device=CPU)
        logits = head.logits(torch.tensor(vectors[:200])).mean(dim=0)
        return float(torch.nn.functional.cross_entropy(logits, torch.tensor(truth[:200])))

    assert loss(2) > loss(10) > loss(100)


def test_fit__stronger_penalty_gives_smaller_weights() -> None:
    norms = [
        float(
            LogisticHead()
            .fit(labelled("wine", 60), section=section(weight_decay=decay), seed=0, device=CPU)
            .tensors["weight"]
            .norm()
        )
        for decay in (0.0001, 0.001, 0.1)
    ]
    assert norms[0] > norms[1] > norms[2]


def test_fit__pools_scale_is_used_where_given() -> None:
    vectors, truth = pool("wine")
    scale = VectorScale(np.full(13, 2.0, np.float32), 3.0)
    training = TrainingSet(vectors[:60], truth[:60], 3, scale=scale)
    trained = LogisticHead().fit(training, section=section(), seed=0, device=CPU)
    assert float(trained.size) == 3.0
    assert trained.mean.tolist() == [2.0] * 13


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_fit__the_vectors_unit_does_not_matter(factor: float) -> None:
    vectors, truth = pool("wine")
    scaled = (vectors * factor).astype(np.float32)
    trained = LogisticHead().fit(
        TrainingSet(scaled[:60], truth[:60], 3), section=section(), seed=0, device=CPU
    )
    assert (trained.logits(torch.tensor(scaled)).mean(dim=0).argmax(dim=1).numpy() == truth).mean() > 0.9
