from __future__ import annotations

import numpy as np
import pytest

from strategies.entropy import relative_entropy
from strategies.ranking import best_first, margins, top_two


@pytest.mark.parametrize("count", [0, 1, 5, 50, 80])
def test_best_first__highest_in_order(count: int) -> None:
    scores = np.random.default_rng(0).normal(size=50)
    expected = np.argsort(-scores)[:count]
    assert best_first(scores, count, np.random.default_rng(1)).tolist() == expected.tolist()


def test_best_first__equals_at_the_edge_are_drawn() -> None:
    scores = np.array([5.0, 1.0, 1.0, 1.0, 1.0])
    drawn = {tuple(best_first(scores, 2, np.random.default_rng(seed)).tolist()) for seed in range(60)}
    assert drawn == {(0, 1), (0, 2), (0, 3), (0, 4)}


def test_top_two__equal_to_sorting() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(7), 100).astype(np.float32)
    first, highest, second = top_two(shares)
    ordered = np.sort(shares, axis=1)
    assert np.array_equal(first, shares.argmax(1))
    assert np.array_equal(highest, ordered[:, -1])
    assert np.array_equal(second, ordered[:, -2])


def test_margins__one_class_leads_by_all() -> None:
    assert margins(np.ones((3, 1), np.float32)).tolist() == [1, 1, 1]


def test_relative_entropy__from_certain_to_even() -> None:
    shares = np.array([[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]], np.float32)
    assert relative_entropy(shares) == pytest.approx([0, 1], abs=1e-4)
