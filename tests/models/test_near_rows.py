from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from models.near_rows import EXHAUSTIVE_ROWS, NearRows, fit_centres, nearest_centres


def clusters(count: int, *, d: int = 8, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    centres = generator.normal(scale=4, size=(20, d))
    return (centres[generator.integers(20, size=count)] + generator.normal(size=(count, d))).astype(
        np.float32
    )


def exact(rows: np.ndarray, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    distances, found = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(rows).kneighbors(queries)
    return found, distances


def test_nearest__few_rows_are_compared_exhaustively() -> None:
    rows, queries = clusters(900), clusters(700, seed=1)
    found, distances = NearRows(rows, seed=0).nearest(queries, 6)
    wanted, apart = exact(rows, queries, 6)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_allclose(distances, apart, rtol=1e-3)


def test_nearest__cells_find_nearly_all_of_many() -> None:
    rows, queries = np.split(clusters(3 * EXHAUSTIVE_ROWS + 500), [3 * EXHAUSTIVE_ROWS])
    found, _ = NearRows(rows, seed=0).nearest(queries, 10)
    wanted, _ = exact(rows, queries, 10)
    assert np.mean([len(np.intersect1d(*pair)) / 10 for pair in zip(found, wanted, strict=True)]) > 0.95


def test_nearest__the_same_seed_gives_the_same_rows() -> None:
    rows = clusters(2 * EXHAUSTIVE_ROWS)
    first, second = (NearRows(rows, seed=3).nearest(rows[:200], 5)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_nearest__more_than_there_are_gives_all() -> None:
    found, distances = NearRows(clusters(3), seed=0).nearest(clusters(2), 9)
    assert found.shape == distances.shape == (2, 3)
    assert np.sort(found, axis=1).tolist() == [[0, 1, 2]] * 2


@pytest.mark.parametrize("count", [50, 2 * EXHAUSTIVE_ROWS])
def test_neighbours__never_the_row_itself_even_among_equals(count: int) -> None:
    rows = clusters(count)
    rows[: count // 2] = rows[0]
    found, distances = NearRows(rows, seed=0).neighbours(12)
    assert found.shape == (count, 12)
    assert not (found == np.arange(count)[:, None]).any()
    assert np.isfinite(distances).all()
    np.testing.assert_allclose(distances[0], 0, atol=1e-2)


def test_fit_centres__no_more_than_rows_and_none_empty() -> None:
    rows = np.repeat(clusters(3), 40, axis=0)
    centres = fit_centres(rows, count=50, seed=0)
    assert len(centres) <= 50
    cells, squared = nearest_centres(rows, centres)
    assert cells.max() < len(centres)
    np.testing.assert_allclose(squared, 0, atol=1e-3)
