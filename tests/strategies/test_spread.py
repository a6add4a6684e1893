from __future__ import annotations

import numpy as np
import pytest

from strategies.distances import nearest_squared, neighbour_distances, squared_distances
from strategies.spread import FarthestFirst, pick_highest


def farthest_by_hand(points: np.ndarray, covered: np.ndarray, count: int) -> list[int]:
    """Return the traversal computed from every distance, pick by pick."""
    nearest = ((points[:, None] - covered[None]) ** 2).sum(-1).min(1)
    picks: list[int] = []
    for _ in range(count):
        picks.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((points - points[picks[-1]]) ** 2).sum(-1))
    return picks


@pytest.mark.parametrize("counted", [0, 3, 20])
def test_farthest_first__equals_the_traversal_by_hand(counted: int) -> None:
    generator = np.random.default_rng(5)
    points = generator.normal(size=(5_000, 3)).astype(np.float32)
    covered = generator.normal(size=(20, 3)).astype(np.float32)
    bounds = nearest_squared(points, np.arange(5_000), covered[:counted], np.zeros(3, np.float32))
    traversal = FarthestFirst(lambda rows: points[rows], bounds, covered, counted, generator)
    assert traversal.choose(50).tolist() == farthest_by_hand(points, covered, 50)


def test_farthest_first__goes_on_where_it_stopped() -> None:
    generator = np.random.default_rng(5)
    points = generator.normal(size=(3_000, 3)).astype(np.float32)
    bounds = nearest_squared(points, np.arange(3_000), points[:1], np.zeros(3, np.float32))
    parts = FarthestFirst(lambda rows: points[rows], bounds, points[:1], 1, generator)
    whole = FarthestFirst(lambda rows: points[rows], bounds, points[:1], 1, generator)
    parts.choose(7)
    assert parts.choose(13).tolist() == whole.choose(20).tolist()


def test_farthest_first__gaps_never_grow() -> None:
    generator = np.random.default_rng(5)
    points = generator.normal(size=(3_000, 3)).astype(np.float32)
    bounds = nearest_squared(points, np.arange(3_000), points[:1], np.zeros(3, np.float32))
    traversal = FarthestFirst(lambda rows: points[rows], bounds, points[:1], 1, generator)
    traversal.choose(100)
    assert (np.diff(traversal.gaps) <= 1e-4).all()


def test_pick_highest__every_equal_can_be_drawn() -> None:
    scores = np.array([1.0, 3.0, 3.0, 2.0, 3.0], np.float32)
    assert {pick_highest(scores, np.random.default_rng(seed)) for seed in range(50)} == {1, 2, 4}


def test_squared_distances__are_those_by_hand_and_not_negative() -> None:
    generator = np.random.default_rng(0)
    left, right = (
        generator.normal(size=(7, 4)).astype(np.float32),
        generator.normal(size=(5, 4)).astype(np.float32),
    )
    by_hand = ((left[:, None] - right[None]) ** 2).sum(-1)
    np.testing.assert_allclose(squared_distances(left, right), by_hand, rtol=1e-4)
    assert (squared_distances(left, left) >= 0).all()


def test_neighbour_distances__nearest_others_without_the_point_itself() -> None:
    points = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    assert np.sort(neighbour_distances(points, 2), axis=1).tolist() == [[1, 9], [1, 4], [4, 9], [16, 36]]
    assert neighbour_distances(points[:1], 2).shape == (1, 0)
