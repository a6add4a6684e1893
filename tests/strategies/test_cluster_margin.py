from __future__ import annotations

import numpy as np

from strategies.cluster_margin import in_turn
from strategies.registry import strategies
from tests.strategies.pools import answered_state, group_vectors


def test_in_turn__one_of_each_group_the_smallest_first() -> None:
    groups = np.array([0, 0, 1, 2, 0, 2])
    assert in_turn(groups, np.random.default_rng(0)).tolist() == [2, 3, 0, 5, 1, 4]


def test_cluster_margin__the_crowd_at_the_boundary_does_not_take_the_whole_list() -> None:
    sizes = (80, 10, 5, 400)
    lead = np.concatenate([np.full(80, 0.00), np.full(10, 0.10), np.full(5, 0.20), np.full(400, 0.90)])
    vectors = group_vectors(sizes)
    state = answered_state(vectors, np.stack([0.5 + lead / 2, 0.5 - lead / 2], axis=1))
    choice = strategies.get("cluster_margin")(state, 9, np.random.default_rng(0))
    places = np.repeat(np.arange(4), sizes)[choice.indices]
    assert {0, 1} <= set(places.tolist())
    assert 3 not in places
    margin = strategies.get("margin")(state, 9, np.random.default_rng(0))
    assert (margin.indices < 80).all()


def test_cluster_margin__candidates_are_the_smallest_margins() -> None:
    lead = np.linspace(0.0, 1.0, 500)
    state = answered_state(group_vectors((500,)), np.stack([0.5 + lead / 2, 0.5 - lead / 2], axis=1))
    choice = strategies.get("cluster_margin")(state, 6, np.random.default_rng(1))
    assert choice.indices.max() < 60
