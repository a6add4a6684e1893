from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from models.heads.contract import TrainingSet
from models.heads.logistic import LogisticHead
from models.heads.sade import INVERSE, SadeHead, _inverted, _join, _priors
from models.training import prepare
from tests.models.heads.sets import CPU, labelled, pool, section


def imbalanced() -> TrainingSet:
    vectors, truth = pool("wine")
    rows = np.concatenate([np.flatnonzero(truth == index)[:count] for index, count in enumerate((40, 12, 3))])
    return TrainingSet(vectors[rows], truth[rows], 4, unlabelled=vectors)


def test_inverted__the_rarest_class_gets_the_share_of_the_most_frequent() -> None:
    shares = torch.tensor([[0.6, 0.3, 0.1, 0.0]]).log()
    present = torch.tensor([[True, True, True, False]])
    found = _inverted(torch.where(present, shares, 0.0), present)
    assert torch.allclose(found[0, :3].exp(), torch.tensor([0.1, 0.3, 0.6]))
    assert found[0, 3] == 0


def test_priors__what_an_expert_is_taught_and_its_offset_make_the_labels_shares() -> None:
    prepared = prepare(imbalanced(), section=section(members=2), seed=0, device=CPU)
    taught, offset = _priors(prepared)
    shares = prepared.correction.offset[:, None, :3]
    assert torch.allclose(taught[..., :3] + offset[..., :3], shares.expand(2, 3, 3), atol=1e-5)
    assert (taught[:, 1] == 0).all()
    assert taught[0, 2, 2] > taught[0, 2, 0]
    assert INVERSE > 0


def test_join__prefers_the_expert_whose_answers_are_steady() -> None:
    prepared = prepare(imbalanced(), section=section(members=1), seed=0, device=CPU)
    steady = torch.zeros(1, 13, 4)
    wild = torch.randn(1, 13, 4, generator=torch.Generator().manual_seed(0))
    experts = {"weight": torch.stack([wild, steady, wild], dim=1), "bias": torch.zeros(1, 3, 4)}
    experts["bias"][0, 1, 0] = 12.0  # it always says the same
    shares = _join(prepared, experts, seed=0)
    assert torch.allclose(shares.sum(), torch.tensor(1.0))
    assert shares[0, 1] > 0.5


def test_fit__shares_of_the_experts_are_kept() -> None:
    trained = SadeHead().fit(imbalanced(), section=section(members=3), seed=0, device=CPU)
    assert trained.tensors["shares"].shape == (3, 3)
    assert torch.allclose(trained.tensors["shares"].sum(dim=1), torch.ones(3))


def test_fit__the_prior_is_taken_out() -> None:
    vectors, truth = pool("wine")
    trained = SadeHead().fit(imbalanced(), section=section(), seed=0, device=CPU)
    found = trained.logits(torch.tensor(vectors)).mean(dim=0)[:, :3].argmax(dim=1).numpy()
    assert min((found[truth == index] == index).mean() for index in range(3)) > 0.8


def test_fit__the_pool_takes_part() -> None:
    given = imbalanced()
    alone = replace(given, unlabelled=None)
    first, second = (
        SadeHead().fit(each, section=section(members=2), seed=0, device=CPU).tensors["shares"]
        for each in (given, alone)
    )
    assert not torch.equal(first, second)


def test_fit__classes_of_one_size_give_the_answers_of_one_expert() -> None:
    vectors = torch.tensor(pool("wine")[0])
    found = [
        head.fit(labelled("wine", 90), section=section(), seed=0, device=CPU).logits(vectors).mean(dim=0)
        for head in (SadeHead(), LogisticHead())
    ]
    assert (found[0].argmax(dim=1) == found[1].argmax(dim=1)).float().mean() > 0.97
