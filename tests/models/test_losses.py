from __future__ import annotations

import pytest
import torch

from models.heads.contract import MASKED_LOGIT
from models.losses import bootstrap_weights, correct_imbalance, cross_entropy

ONE_HOT = torch.nn.functional.one_hot(torch.tensor([0, 0, 0, 1]), 3).to(torch.float32)


def test_correct_imbalance__logit_adjustment_adds_the_log_of_the_shares() -> None:
    found = correct_imbalance("logit_adjustment", one_hot=ONE_HOT, weights=torch.ones(1, 4))
    assert torch.allclose(found.offset[0, :2], torch.tensor([0.75, 0.25]).log())
    assert found.offset[0, 2] == MASKED_LOGIT
    assert torch.equal(found.mask, torch.tensor([[0.0, 0.0, MASKED_LOGIT]]))


def test_correct_imbalance__shares_are_each_members_own() -> None:
    weights = torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 2.0, 2.0]])
    found = correct_imbalance("logit_adjustment", one_hot=ONE_HOT, weights=weights)
    assert torch.allclose(found.offset[1, :2].exp(), torch.tensor([0.5, 0.5]))


def test_correct_imbalance__balanced_weights_give_every_class_the_same() -> None:
    found = correct_imbalance("balanced_weights", one_hot=ONE_HOT, weights=torch.rand(3, 4) + 0.1)
    sums = found.weights @ ONE_HOT
    assert torch.allclose(sums[:, :2], torch.full((3, 2), 2.0))


def test_correct_imbalance__unknown_name() -> None:
    with pytest.raises(ValueError, match="known are"):
        correct_imbalance("focal", one_hot=ONE_HOT, weights=torch.ones(1, 4))


def test_cross_entropy__is_that_of_torch() -> None:
    logits = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    found = cross_entropy(logits, ONE_HOT, torch.ones(2, 4))
    expected = [torch.nn.functional.cross_entropy(each, ONE_HOT, reduction="sum") for each in logits]
    assert torch.allclose(found, torch.stack(expected), atol=1e-5)


def test_bootstrap_weights__every_label_counts_for_every_member() -> None:
    weights = bootstrap_weights(64, 1000, seed=0)
    assert weights.min() > 0
    assert torch.allclose(weights.mean(dim=1), torch.ones(64), atol=1e-5)
    assert 0.8 < weights.var() < 1.2


def test_bootstrap_weights__a_single_member_weighs_all_alike() -> None:
    assert torch.equal(bootstrap_weights(1, 5, seed=0), torch.ones(1, 5))
