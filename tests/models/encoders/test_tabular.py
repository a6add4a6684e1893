from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.schema import EncoderSection
from models.encoders.contract import Role
from models.encoders.tabular import FittedTabular, TabularEncoder
from models.errors import EncoderInputError
from tests.models.encoders.sources import MemorySource, table_source


def encode(table: pd.DataFrame, roles: dict[str, Role], *, dimensions: int = 64) -> npt.NDArray[np.float32]:
    source = table_source(table, roles)
    return fit(source, dimensions=dimensions).transform(source, 0, len(table))


def fit(source: MemorySource, *, dimensions: int = 64) -> FittedTabular:
    section = EncoderSection(dimensions=dimensions)
    return TabularEncoder().fit(source, section=section, seed=0, progress=lambda share, text: None)


def test_fit__columns_of_any_unit_weigh_the_same() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 500))
    plain = encode(pd.DataFrame({"a": a, "b": b}), {"a": "numeric", "b": "numeric"})
    other = encode(pd.DataFrame({"a": a * 1e9 + 5e9, "b": b * 1e-9}), {"a": "numeric", "b": "numeric"})
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), np.linalg.norm(other, axis=1), rtol=1e-3)


def test_fit__root_mean_square_is_one() -> None:
    values = np.random.default_rng(0).normal(3, 7, size=(800, 3))
    vectors = encode(pd.DataFrame(values, columns=list("abc")), dict.fromkeys("abc", "numeric"))
    assert np.sqrt(np.square(vectors).mean()) == pytest.approx(1.0, abs=0.1)


def test_fit__a_heavy_tail_does_not_press_the_rest_together() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    values[:20] = 1e6 * np.arange(1, 21)
    vectors = encode(pd.DataFrame({"a": values}), {"a": "numeric"})
    assert vectors[20:].std() > 0.3
    assert abs(vectors[:20]).min() > abs(vectors[20:]).max()


def test_fit__outliers_beyond_float32_stay_finite() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0, 1e300, -1e300, np.inf], "b": [1.0, 5.0, 2.0, 4.0, 3.0, 6.0]})
    assert np.isfinite(encode(table, {"a": "numeric", "b": "numeric"})).all()


def test_fit__small_differences_of_correlated_columns_count() -> None:
    generator = np.random.default_rng(0)
    common, side = generator.normal(size=400), np.repeat([-1, 1], 200)
    table = pd.DataFrame(
        {"a": common + 0.1 * side, "b": common - 0.1 * side + generator.normal(scale=0.01, size=400)}
    )
    vectors = encode(table, {"a": "numeric", "b": "numeric"})
    gap = vectors[side == 1].mean(axis=0) - vectors[side == -1].mean(axis=0)
    assert np.linalg.norm(gap) > 1.5


def test_fit__missing_is_told_from_average() -> None:
    values = np.random.default_rng(0).normal(size=200)
    values[:50] = np.nan
    values[50:60] = np.inf
    vectors = encode(pd.DataFrame({"a": values}), {"a": "numeric"})
    assert vectors.shape[1] == 2
    np.testing.assert_allclose(vectors[:60], np.repeat(vectors[:1], 60, axis=0), atol=1e-6)
    assert np.linalg.norm(vectors[0] - vectors[60:], axis=1).min() > 0.5


def test_fit__nothing_missing_makes_no_indicator() -> None:
    assert encode(pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]}), {"a": "numeric"}).shape[1] == 1


def test_fit__words_among_numbers_count_as_missing() -> None:
    table = pd.DataFrame({"a": ["1", "2", "three", "4", "5"]})
    vectors = encode(table, {"a": "numeric"})
    assert vectors.shape[1] == 2
    assert np.isfinite(vectors).all()


def test_fit__constant_columns_are_dropped() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [7.0] * 3, "c": ["x"] * 3, "d": [None] * 3})
    roles: dict[str, Role] = {"a": "numeric", "b": "numeric", "c": "categorical", "d": "numeric"}
    assert encode(table, roles).shape[1] == 1


def test_fit__all_constant_gives_one_dimension_of_zeros() -> None:
    vectors = encode(pd.DataFrame({"a": [7.0] * 5}), {"a": "numeric"})
    assert vectors.shape == (5, 1)
    assert not vectors.any()


def test_fit__levels_are_equally_far_apart() -> None:
    vectors = encode(pd.DataFrame({"a": ["x", "y", "z"] * 40}), {"a": "categorical"})
    gaps = [np.linalg.norm(vectors[i] - vectors[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert gaps == pytest.approx([gaps[0]] * 3, rel=1e-3)
    assert gaps[0] > 0.5


def test_fit__rare_levels_are_pooled() -> None:
    names = ["common", "usual"] * 500 + [f"name {row}" for row in range(100)]
    vectors = encode(pd.DataFrame({"a": names}), {"a": "categorical"})
    assert len(np.unique(vectors.round(4), axis=0)) == 3


def test_transform__unknown_level_is_a_rare_one() -> None:
    table = pd.DataFrame({"a": ["x", "y"] * 50 + ["once"]})
    fitted = fit(table_source(table, {"a": "categorical"}))
    later = table_source(pd.DataFrame({"a": ["never seen", "once"]}), {"a": "categorical"})
    vectors = fitted.transform(later, 0, 2)
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_fit__text_columns_tell_texts_apart() -> None:
    table = pd.DataFrame(
        {"note": ["lost my card", "card was lost", "exchange rate", "rate of exchange"] * 10}
    )
    vectors = encode(table, {"note": "text"})
    near, far = np.linalg.norm(vectors[0] - vectors[1]), np.linalg.norm(vectors[0] - vectors[2])
    assert near < far


def test_fit__wide_table_is_folded_to_the_dimensions() -> None:
    values = np.random.default_rng(0).normal(size=(100, 40))
    names = [f"c{number}" for number in range(40)]
    vectors = encode(pd.DataFrame(values, columns=names), dict.fromkeys(names, "numeric"), dimensions=8)
    assert vectors.shape == (100, 8)


def test_fit__no_column_is_refused() -> None:
    with pytest.raises(EncoderInputError, match=r"no column.*pool.columns"):
        fit(table_source(pd.DataFrame({"a": [1.0]}), {}))


def test_fit__no_readable_row_is_refused() -> None:
    with pytest.raises(EncoderInputError, match="none of the 2 rows"):
        fit(table_source(pd.DataFrame({"a": [1.0, 2.0]}), {"a": "numeric"}, unreadable=(0, 1)))
