from __future__ import annotations

import numpy as np
import torch

from models.heads.contract import TrainingSet
from models.heads.evidential import EXPERTS, EvidentialHead, _divergence, _fuse, _opinion
from tests.models.heads.sets import CPU, labelled, section


def test_opinion__beliefs_and_uncertainty_add_up_to_one() -> None:
    present = torch.tensor([[1.0, 1.0, 0.0]])
    belief, unsure = _opinion(torch.tensor([[[2.0, -1.0, 5.0], [-20.0, -20.0, 0.0]]]), present)
    assert torch.allclose(belief.sum(dim=2) + unsure, torch.ones(1, 2))
    assert (belief[..., 2] == 0).all()
    assert unsure[0, 1] > 0.99


def test_fuse__agreeing_opinions_are_surer_than_each() -> None:
    one = (torch.tensor([[[0.6, 0.1]]]), torch.tensor([[0.3]]))
    belief, unsure = _fuse([one, one])
    left = 1 - 2 * 0.6 * 0.1
    assert torch.allclose(belief[0, 0, 0], torch.tensor((0.36 + 2 * 0.18) / left))
    assert torch.allclose(belief.sum() + unsure.sum(), torch.tensor(1.0))
    assert unsure < 0.3


def test_fuse__an_opinion_that_knows_nothing_changes_nothing() -> None:
    one = (torch.tensor([[[0.6, 0.1]]]), torch.tensor([[0.3]]))
    belief, unsure = _fuse([one, (torch.zeros(1, 1, 2), torch.ones(1, 1))])
    assert torch.allclose(belief, one[0])
    assert torch.allclose(unsure, one[1])


def test_divergence__is_that_of_torch() -> None:
    alpha = torch.tensor([[[1.5, 4.0, 2.0]], [[1.0, 1.0, 1.0]]])
    expected = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(alpha), torch.distributions.Dirichlet(torch.ones(3))
    )
    assert torch.allclose(_divergence(alpha, torch.ones(2, 3)), expected, atol=1e-5)


def test_fit__later_experts_look_at_what_was_uncertain() -> None:
    generator = np.random.default_rng(0)
    vectors = np.concatenate([generator.normal(0, 1, (60, 2)), generator.normal(1.5, 1, (6, 2))])
    training = TrainingSet(vectors.astype(np.float32), np.repeat([0, 1], [60, 6]).astype(np.int64), 2)
    trained = EvidentialHead().fit(training, section=section(members=2), seed=0, device=CPU)
    weight = trained.tensors["weight"]
    assert weight.shape == (2, EXPERTS, 2, 2)
    assert not torch.allclose(weight[:, 0], weight[:, 1], atol=1e-3)


def test_fit__logits_are_logarithms_of_probabilities() -> None:
    trained = EvidentialHead().fit(labelled("wine", 60), section=section(), seed=0, device=CPU)
    near = trained.logits(torch.tensor(labelled("wine", 60).vectors))
    assert torch.allclose(torch.logsumexp(near, dim=2), torch.zeros(8, 60), atol=1e-4)
