from __future__ import annotations

import numpy as np
import pytest

from models.errors import TrainingSetError
from models.heads.scaling import measure_scale, spaced_rows


def test_measure_scale__scaled_vectors_have_unit_size() -> None:
    vectors = np.random.default_rng(0).normal(5, 30, (500, 8)).astype(np.float32)
    scale = measure_scale(vectors)
    scaled = (vectors - scale.mean) / scale.size
    assert np.allclose(scaled.mean(axis=0), 0, atol=1e-4)
    assert np.isclose(np.sqrt(np.square(scaled).mean()), 1, atol=1e-4)


def test_measure_scale__unreadable_items_are_left_out() -> None:
    vectors = np.random.default_rng(0).normal(5, 1, (100, 4)).astype(np.float32)
    with_holes = np.concatenate([vectors, np.zeros((50, 4), np.float32)])
    assert measure_scale(with_holes).size == pytest.approx(measure_scale(vectors).size, rel=1e-5)


def test_measure_scale__huge_half_floats_do_not_overflow() -> None:
    vectors = np.array([[60000, -60000], [-60000, 60000]], dtype=np.float16)
    assert np.isfinite(measure_scale(vectors).size)


def test_measure_scale__all_alike_has_size_one() -> None:
    assert measure_scale(np.ones((5, 3), np.float32)).size == 1.0


@pytest.mark.parametrize("vectors", [np.zeros((0, 3), np.float32), np.zeros(3, np.float32)])
def test_measure_scale__no_vectors_are_refused(vectors: np.ndarray) -> None:
    with pytest.raises(TrainingSetError, match="must be"):
        measure_scale(vectors)


def test_measure_scale__nan_is_refused() -> None:
    with pytest.raises(TrainingSetError, match="NaN"):
        measure_scale(np.array([[1.0, np.nan]], dtype=np.float32))


@pytest.mark.parametrize(("count", "rows"), [(10, 3), (3, 10), (1, 1), (1_000_003, 20_000), (0, 5)])
def test_spaced_rows__are_distinct_and_in_range(count: int, rows: int) -> None:
    found = spaced_rows(count, rows)
    assert len(found) == min(count, rows)
    assert (np.diff(found) > 0).all()
    assert not len(found) or (found[0] == 0 and found[-1] < count)
