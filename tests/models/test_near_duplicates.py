from __future__ import annotations

import numpy as np
import pytest

from models.near_duplicates import chosen_ratio, fill_dimension, linked_groups, near_duplicates
from models.neighbourhoods import find_neighbourhoods


def cloud(count: int, *, d: int = 5, seed: int = 0, density: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=1 / density, size=(count, d)).astype(np.float32)


def with_copies(vectors: np.ndarray, *, count: int, apart: float) -> np.ndarray:
    """Put near-copies of the first items at the end."""
    noise = np.random.default_rng(9).normal(scale=apart, size=(count, vectors.shape[1]))
    return np.concatenate([vectors, vectors[:count] + noise]).astype(np.float32)


def test_near_duplicates__of_chance_alone_there_are_hardly_any() -> None:
    found = [near_duplicates(find_neighbourhoods(cloud(2000, seed=seed))).groups for seed in range(5)]
    assert sum((groups >= 0).sum() for groups in found) <= 4


def test_near_duplicates__copies_are_found_and_nothing_else() -> None:
    vectors = with_copies(cloud(2000), count=100, apart=0.01)
    found = near_duplicates(find_neighbourhoods(vectors))
    pairs = found.groups[:100]
    assert (pairs >= 0).all()
    assert (pairs == found.groups[2000:]).all()
    assert (found.groups >= 0).sum() <= 210
    assert 0 < found.ratio < 0.5
    gaps = np.linalg.norm(vectors[:100] - vectors[2000:], axis=1)
    np.testing.assert_allclose(found.distances[:100], gaps, rtol=1e-3)
    assert np.isnan(found.distances[found.groups < 0]).all()


def test_near_duplicates__a_dense_region_is_not_taken_for_copies() -> None:
    vectors = np.concatenate([cloud(1000), cloud(1000, seed=1, density=300) + 8])
    assert (near_duplicates(find_neighbourhoods(vectors)).groups >= 0).sum() <= 4


def test_near_duplicates__more_copies_than_neighbours_are_one_group() -> None:
    vectors = np.concatenate([cloud(1000), np.repeat(cloud(1, seed=5), 40, axis=0)])
    vectors[1000:] += np.random.default_rng(1).normal(scale=1e-4, size=(40, 5))
    groups = near_duplicates(find_neighbourhoods(vectors)).groups
    assert len(set(groups[1000:].tolist())) == 1 and groups[1000] >= 0


def test_near_duplicates__equal_vectors_count_whatever_the_ratio() -> None:
    vectors = cloud(60)
    vectors[7] = vectors[3]
    found = near_duplicates(find_neighbourhoods(vectors), ratio=0.0)
    assert np.flatnonzero(found.groups >= 0).tolist() == [3, 7]
    assert found.distances[3] == 0


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_near_duplicates__few_items(count: int) -> None:
    found = near_duplicates(find_neighbourhoods(cloud(count)))
    assert (found.groups == -1).all() and len(found.groups) == count
    assert found.ratio == 0


def test_near_duplicates__all_equal() -> None:
    found = near_duplicates(find_neighbourhoods(np.ones((30, 3), np.float32)))
    assert (found.groups == 0).all()


def test_near_duplicates__wrong_ratio() -> None:
    with pytest.raises(ValueError, match=r"1\.5"):
        near_duplicates(find_neighbourhoods(cloud(20)), ratio=1.5)


@pytest.mark.parametrize("d", [2, 6])
def test_fill_dimension__of_a_flat_cloud_in_more_dimensions(d: int) -> None:
    vectors = np.concatenate([cloud(3000, d=d), np.zeros((3000, 10), np.float32)], axis=1)
    assert fill_dimension(find_neighbourhoods(vectors)) == pytest.approx(d, rel=0.2)


def test_chosen_ratio__grows_with_the_share_of_copies() -> None:
    few, many = (
        find_neighbourhoods(with_copies(cloud(1000), count=count, apart=0.05)) for count in (20, 500)
    )
    assert chosen_ratio(few, 5.0) < chosen_ratio(many, 5.0)


def test_linked_groups__are_numbered_by_their_first_items() -> None:
    first, second = np.array([5, 1, 4]), np.array([3, 2, 2])
    assert linked_groups(first, second, count=7).tolist() == [-1, 0, 0, 1, 0, 1, -1]
