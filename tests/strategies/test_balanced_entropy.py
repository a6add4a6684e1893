from __future__ import annotations

import numpy as np
import pytest

from strategies.balanced_entropy import added_distance, lacking_labels
from strategies.contract import PoolState
from strategies.registry import strategies
from tests.strategies.pools import answered_state


def lopsided_state(*, labels: int = 40) -> PoolState:
    """Return 100 items that are most uncertain and likely of class 0, 20 surer ones of class 1, and labels of 0."""
    likely, lead = np.repeat([0, 1, 0], [100, 20, labels]), np.repeat([0.52, 0.70, 0.9], [100, 20, labels])
    shares = np.stack([np.where(likely == 0, lead, 1 - lead), np.where(likely == 1, lead, 1 - lead)], axis=1)
    vectors = np.random.default_rng(0).normal(size=(120 + labels, 3)).astype(np.float32)
    return answered_state(vectors, shares, labels=dict.fromkeys(range(120, 120 + labels), 0))


def test_added_distance__is_what_the_l1_distance_grows_by() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(4), 30).astype(np.float32)
    lacking = np.array([-3.0, 0.4, 0.9, 7.0])
    by_hand = np.abs(lacking - shares).sum(1) - np.abs(lacking).sum()
    np.testing.assert_allclose(added_distance(shares, lacking), by_hand, atol=1e-5)


def test_lacking_labels__follow_the_targets() -> None:
    assert lacking_labels(lopsided_state(), 10) == pytest.approx([-15, 25])


def test_balanced_entropy__a_class_with_many_labels_is_held_back() -> None:
    state = lopsided_state()
    choice = strategies.get("balanced_entropy")(state, 10, np.random.default_rng(0))
    assert ((choice.indices >= 100) & (choice.indices < 120)).all()
    assert set(choice.kinds) == {"balance"}
    assert choice.reasons[0] == "Likely 'class 1' (70 %), a class with 0 of 25 wanted labels."
    margin = strategies.get("margin")(state, 10, np.random.default_rng(0))
    assert (margin.indices < 100).all()


def test_balanced_entropy__its_own_picks_count_too() -> None:
    choice = strategies.get("balanced_entropy")(lopsided_state(labels=8), 20, np.random.default_rng(0))
    rare = choice.indices >= 100
    assert not rare[:6].any()  # both classes lack labels still, so entropy alone decides
    assert rare.any()  # by now the picks are expected to fill class 0
