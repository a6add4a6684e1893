from __future__ import annotations

import numpy as np

from strategies.clusters import cluster
from tests.strategies.pools import group_vectors


def test_cluster__finds_groups_far_apart() -> None:
    found = cluster(group_vectors((300, 200, 100)), 3, np.random.default_rng(0))
    assert sorted(np.bincount(found).tolist()) == [100, 200, 300]


def test_cluster__same_generator_same_groups() -> None:
    points = group_vectors((2_000, 1_000))
    first, again = (cluster(points, 50, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)


def test_cluster__copies_and_more_clusters_than_points() -> None:
    copies = cluster(np.full((30, 2), 7.0, np.float32), 5, np.random.default_rng(0))
    assert copies.shape == (30,)
    assert (np.bincount(copies) > 0).all()
    few = cluster(group_vectors((3,)), 10, np.random.default_rng(0))
    assert sorted(few.tolist()) == [0, 1, 2]
