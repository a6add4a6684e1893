"""Shares of the pool that labels stand for, and what they make a label count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.errors import TrainingSetError
from models.heads.contract import TrainingSet
from models.label_shares import MOST, ROWS, WeighByShare, factors_in_class, label_shares
from tests.models.heads.sets import labelled, pool

LINE = np.arange(10, dtype=np.float32)[:, None] + 1


def test_label_shares__items_without_a_nearer_label_and_one() -> None:
    assert label_shares(LINE[[0, 4]], LINE).tolist() == [4.0, 8.0]


def test_label_shares__labels_of_one_place_share_its_items() -> None:
    assert label_shares(LINE[[4, 0, 4]], LINE).tolist() == [4.5, 4.0, 4.5]


def test_label_shares__agree_with_distances_one_by_one() -> None:
    vectors, _ = pool("digits")
    found = label_shares(vectors[:40], vectors)
    distances = np.linalg.norm(vectors[:, None].astype(np.float64) - vectors[None, :40], axis=2)
    assert found.tolist() == (1 + np.bincount(distances.argmin(axis=1), minlength=40)).tolist()


def test_label_shares__far_from_the_origin() -> None:
    near = np.linspace(1, 2, 50, dtype=np.float32)[:, None]
    assert (
        label_shares(near[[0, 31]] + 2048, near + 2048).tolist() == label_shares(near[[0, 31]], near).tolist()
    )


def test_label_shares__unreadable_items_do_not_count() -> None:
    assert label_shares(LINE[[0, 4]], np.concatenate([LINE, np.zeros((50, 1))])).tolist() == [4.0, 8.0]


def test_label_shares__of_a_large_pool_evenly_spaced_rows() -> None:
    large = np.repeat(LINE, 1000, axis=0).astype(np.float16)
    found = label_shares(LINE[[0, 4]], large)
    assert found.sum() == ROWS + 2
    assert found[1] / found[0] == pytest.approx(7 / 3, rel=0.02)
    assert label_shares(LINE[[0, 4]], large, rows=10).tolist() == [4.0, 8.0]


def test_label_shares__no_label_and_no_readable_item() -> None:
    assert label_shares(LINE[:0], LINE).shape == (0,)
    assert label_shares(LINE[[0, 4]], np.zeros((5, 1))).tolist() == [1.0, 1.0]


def test_label_shares__refuses_numbers_that_are_none() -> None:
    broken = LINE.copy()
    broken[3] = np.nan
    with pytest.raises(TrainingSetError, match="write the vectors again"):
        label_shares(LINE[[0, 4]], broken)


def test_label_shares__leaves_what_it_was_given() -> None:
    given, pool_before = LINE[[0, 4]].copy(), LINE.copy()
    label_shares(given, LINE)
    assert (given == LINE[[0, 4]]).all() and (pool_before == LINE).all()


def test_factors_in_class__a_mean_of_one_in_every_class() -> None:
    labels = np.array([0, 0, 0, 2, 2])
    factors = factors_in_class(np.array([1.0, 2.0, 3.0, 10.0, 30.0]), labels)
    assert factors[labels == 0].mean() == pytest.approx(1)
    assert factors[labels == 2].tolist() == pytest.approx([0.5, 1.5])


def test_factors_in_class__a_lonely_label_does_not_decide_for_all() -> None:
    shares = np.array([1000.0] + [1.0] * 9)
    factors = factors_in_class(shares, np.zeros(10, np.int64))
    assert factors[0] / factors[1] == pytest.approx(MOST / (1.0 / shares.mean()))
    assert factors[0] < 10


def test_weigh_by_share__a_label_held_out_stays_out() -> None:
    shares = np.arange(1.0, 21.0, dtype=np.float32)
    training = replace(labelled("digits", 20), shares=shares)
    weights = torch.ones(2, 20)
    weights[0, :5] = 0
    rows, weighed = WeighByShare()(training, weights, alone=True)
    assert rows is training
    assert (weighed[0, :5] == 0).all() and (weighed[1] > 0).all()
    expected = torch.from_numpy(factors_in_class(shares, training.labels))
    assert torch.equal(weighed[1], expected)


def test_weigh_by_share__without_shares_nothing_changes() -> None:
    training, weights = labelled("digits", 20), torch.ones(1, 20)
    assert WeighByShare()(training, weights, alone=False) == (training, weights)


def test_weigh_by_share__as_many_classes_as_labels() -> None:
    training = TrainingSet(LINE, np.arange(10), 10, shares=label_shares(LINE, LINE))
    _, weighed = WeighByShare()(training, torch.ones(1, 10), alone=False)
    assert weighed.tolist() == [[1.0] * 10]
