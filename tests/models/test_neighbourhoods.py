from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from models.neighbourhoods import find_neighbourhoods


def far_cloud(count: int, *, d: int = 6) -> np.ndarray:
    """Points far from the origin, where squares of lengths drown the distances between points."""
    return (np.random.default_rng(0).normal(size=(count, d)) + 1000).astype(np.float32)


def test_find_neighbourhoods__distances_far_from_the_origin_are_exact() -> None:
    vectors = far_cloud(300)
    vectors[1] = vectors[0] + np.float32(0.001)
    found = find_neighbourhoods(vectors, count=5)
    wanted, _ = NearestNeighbors(n_neighbors=6).fit(vectors.astype(np.float64)).kneighbors()
    assert found.places[0, 0] == 1
    gap = float(np.linalg.norm(vectors[0].astype(np.float64) - vectors[1]))
    assert found.distances[0, 0] == pytest.approx(gap, rel=1e-5)
    # Who is nearest was searched with rounded numbers; how far away is not.
    assert np.median(np.abs(found.distances / wanted[:, :5] - 1)) < 1e-4
    assert (np.diff(found.distances, axis=1) >= 0).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_find_neighbourhoods__few_items(count: int) -> None:
    found = find_neighbourhoods(far_cloud(count))
    assert found.count == max(count - 1, 0)
    assert found.farthest.shape == (count,)
