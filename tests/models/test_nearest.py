"""The nearest rows of a whole pool, exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.nearest import PART_ROWS, as_floats, nearest_rows, squared_distances


def vectors_of(count: int, dimensions: int = 20, dtype: type = np.float16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, dimensions)).astype(dtype)


def expected(vectors: np.ndarray, points: np.ndarray) -> np.ndarray:
    gaps = vectors.astype(np.float64)[:, None] - points.astype(np.float64)[None]
    return np.asarray(np.square(gaps).sum(axis=2).min(axis=1))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("points", [1, 5])
def test_nearest_rows__those_of_exact_arithmetic(dtype: type, points: int) -> None:
    vectors = vectors_of(2 * PART_ROWS + 77, dtype=dtype)
    wanted = np.random.default_rng(1).normal(size=(points, 20)).astype(np.float32)
    found, distances = nearest_rows(vectors, wanted, count=10)
    right = expected(vectors, wanted)
    assert found.tolist() == np.argsort(right, kind="stable")[:10].tolist()
    assert np.allclose(distances, np.sqrt(right[found]), rtol=1e-4)


def test_nearest_rows__of_a_memory_map_and_any_number_of_threads(tmp_path: Path) -> None:
    vectors = vectors_of(3 * PART_ROWS)
    np.save(tmp_path / "v.npy", vectors)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    answers = [
        nearest_rows(mapped, vectors[5:6].astype(np.float32), count=20, threads=count) for count in (1, 3)
    ]
    assert answers[0][0][0] == 5
    assert np.array_equal(answers[0][0], answers[1][0])
    assert np.array_equal(answers[0][1], answers[1][1])


def test_nearest_rows__of_equally_near_ones_the_lower() -> None:
    vectors = np.zeros((1000, 4), np.float16)
    vectors[400] = 1
    found, distances = nearest_rows(vectors, np.zeros((1, 4), np.float32), count=5)
    assert found.tolist() == [0, 1, 2, 3, 4]
    assert not distances.any()


def test_nearest_rows__more_than_count_or_none() -> None:
    vectors, left_out = vectors_of(6), np.array([True, False, False, True, False, False])
    found, _ = nearest_rows(vectors, vectors[:1].astype(np.float32), count=50, left_out=left_out)
    assert sorted(found.tolist()) == [1, 2, 4, 5]
    found, distances = nearest_rows(
        vectors, vectors[:1].astype(np.float32), count=3, left_out=np.ones(6, bool)
    )
    assert (len(found), len(distances)) == (0, 0)


def test_nearest_rows__rows_far_from_the_origin_and_near_each_other() -> None:
    vectors = (vectors_of(500, dtype=np.float32) * 0.01 + 300).astype(np.float32)
    found, _ = nearest_rows(vectors, vectors[7:8], count=9)
    assert found.tolist() == np.argsort(expected(vectors, vectors[7:8]), kind="stable")[:9].tolist()


def test_as_floats__every_half_there_is() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)].reshape(-1, 8)
    assert np.array_equal(as_floats(finite), finite.astype(np.float32))


def test_squared_distances__of_vectors_that_do_not_lie_row_by_row() -> None:
    vectors = np.asfortranarray(vectors_of(300))
    wanted = vectors_of(1, dtype=np.float32)
    assert np.allclose(squared_distances(vectors, wanted), expected(vectors, wanted), rtol=1e-4)
