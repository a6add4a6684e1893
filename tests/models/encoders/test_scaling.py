from __future__ import annotations

import numpy as np
import pytest

from models.encoders.scaling import principal_axes

VALUES = np.random.default_rng(0).normal(size=(300, 5)) * (8, 4, 2, 1, 0.1)


def test_principal_axes__without_whitening_distances_keep_their_ratios() -> None:
    mapped = principal_axes(VALUES, dimensions=5, whitening=0.0).apply(VALUES)
    before, after = (np.linalg.norm(points[1:] - points[0], axis=1) for points in (VALUES, mapped))
    ratios = after / before
    np.testing.assert_allclose(ratios, np.full(299, ratios[0]), rtol=1e-3)


def test_principal_axes__whitened_fully_every_axis_has_variance_one() -> None:
    mapped = principal_axes(VALUES, dimensions=5, whitening=0.5).apply(VALUES)
    np.testing.assert_allclose(mapped.var(axis=0), np.ones(5), rtol=1e-3)


@pytest.mark.parametrize("whitening", [0.0, 0.15, 0.5])
def test_principal_axes__root_mean_square_is_one(whitening: float) -> None:
    mapped = principal_axes(VALUES, dimensions=3, whitening=whitening).apply(VALUES)
    assert mapped.shape == (300, 3)
    assert np.sqrt(np.square(mapped).mean()) == pytest.approx(1.0, rel=1e-3)


def test_principal_axes__fewer_rows_than_columns() -> None:
    wide = np.random.default_rng(0).normal(size=(6, 40))
    axes = principal_axes(wide, dimensions=10, whitening=0.0)
    assert axes.dimensions == 5
    before, after = (np.linalg.norm(points[1:] - points[0], axis=1) for points in (wide, axes.apply(wide)))
    np.testing.assert_allclose(after / before, np.full(5, after[0] / before[0]), rtol=1e-3)


@pytest.mark.parametrize("rows", [1, 4])
def test_principal_axes__identical_rows_give_zeros(rows: int) -> None:
    mapped = principal_axes(np.ones((rows, 3)), dimensions=2, whitening=0.5).apply(np.ones((rows, 3)))
    assert not mapped.any()
