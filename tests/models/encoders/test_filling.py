"""What is expected in a gap."""

from __future__ import annotations

import numpy as np
import pytest

from models.encoders.contract import FloatArray
from models.encoders.filling import MOST_COLUMNS, learn_filling


def correlated(rows: int, width: int = 3, *, seed: int = 0) -> FloatArray:
    """Rows whose columns are one number, each with a little noise of its own."""
    draw = np.random.default_rng(seed)
    return (draw.normal(size=(rows, 1)) + 0.1 * draw.normal(size=(rows, width))).astype(np.float32)


def holes(values: FloatArray, share: float, *, seed: int = 1) -> FloatArray:
    gaps = np.random.default_rng(seed).random(values.shape) < share
    return np.where(gaps, np.float32(np.nan), values)


def test_filling__gaps_are_what_the_other_columns_say() -> None:
    whole = correlated(2000)
    given = holes(whole, 0.2)
    filled = learn_filling(given, seed=0).apply(given)
    gaps = np.isnan(given) & (np.isnan(given).sum(axis=1, keepdims=True) < 3)
    assert np.abs(filled - whole)[gaps].mean() < 0.2
    assert np.isfinite(filled).all()


def test_filling__what_is_there_stays_and_the_given_array_too() -> None:
    given = holes(correlated(300), 0.3)
    before = given.copy()
    filled = learn_filling(given, seed=0).apply(given)
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(filled[~np.isnan(given)], given[~np.isnan(given)])


def test_filling__a_row_without_any_number_is_the_mean() -> None:
    filling = learn_filling(correlated(500), seed=0)
    filled = filling.apply(np.full((2, 3), np.nan, dtype=np.float32))
    np.testing.assert_allclose(filled, np.tile(filling.mean, (2, 1)), atol=1e-5)


def test_filling__few_patterns_and_many_give_the_same() -> None:
    whole = correlated(400, 8)
    filling = learn_filling(whole, seed=0)
    one = whole.copy()
    one[:, 2] = np.nan
    together = filling.apply(one)
    alone = np.concatenate([filling.apply(one[row : row + 1]) for row in range(0, 400, 50)])
    np.testing.assert_allclose(together[::50], alone, atol=1e-4)


def test_filling__equal_columns_and_columns_without_a_number() -> None:
    values = np.repeat(correlated(200, 1), 4, axis=1)
    values[:, 3] = np.nan
    values[::2, 0] = np.nan
    filled = learn_filling(values, seed=0).apply(values)
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled[::2, 0], filled[::2, 1], atol=0.05)


@pytest.mark.parametrize("shape", [(1, 3), (3, 5), (200, MOST_COLUMNS + 1), (10, 0)])
def test_filling__too_few_rows_or_too_many_columns_take_the_means(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    filling = learn_filling(values, seed=0)
    np.testing.assert_array_equal(filling.covariance, np.eye(shape[1]))
    given = holes(values, 0.5)
    np.testing.assert_allclose(
        filling.apply(given)[np.isnan(given)],
        np.broadcast_to(filling.mean, shape)[np.isnan(given)],
        atol=1e-6,
    )


def test_filling__same_seed_same_filling() -> None:
    given = holes(correlated(9000, 10), 0.1)
    first, second = (learn_filling(given, seed=4).covariance for _ in range(2))
    np.testing.assert_array_equal(first, second)
