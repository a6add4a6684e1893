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

NUMBERS: dict[str, Role] = {"a": "numeric", "b": "numeric"}


def encode(table: pd.DataFrame, roles: dict[str, Role], *, dimensions: int = 64) -> npt.NDArray[np.float32]:
    source = table_source(table, roles)
    return fit(source, dimensions=dimensions).transform(source, 0, len(table))


def fit(source: MemorySource, *, dimensions: int = 64) -> FittedTabular:
    section = EncoderSection(dimensions=dimensions)
    return TabularEncoder().fit(source, section=section, seed=0, progress=lambda share, text: None)


def correlated(n: int) -> pd.DataFrame:
    """Two columns that are nearly the same number, as the magnitudes of a star are."""
    generator = np.random.default_rng(0)
    common = generator.normal(size=n)
    return pd.DataFrame({"a": common, "b": common + 0.1 * generator.normal(size=n)})


def test_fit__columns_of_any_unit_weigh_the_same() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 500))
    plain = encode(pd.DataFrame({"a": a, "b": b}), NUMBERS)
    other = encode(pd.DataFrame({"a": a * 1e9 + 5e9, "b": b * 1e-9}), NUMBERS)
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), np.linalg.norm(other, axis=1), rtol=1e-3)


def test_fit__root_mean_square_is_one() -> None:
    values = np.random.default_rng(0).normal(3, 7, size=(800, 3))
    vectors = encode(pd.DataFrame(values, columns=list("abc")), dict.fromkeys("abc", "numeric"))
    assert np.sqrt(np.square(vectors).mean()) == pytest.approx(1.0, abs=0.1)


def test_fit__a_heavy_tail_does_not_press_the_rest_together() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    values[:20] = np.geomspace(10, 1e7, 20)
    vectors = encode(pd.DataFrame({"a": values}), {"a": "numeric"})
    assert vectors[20:].std() > 0.3
    assert abs(vectors[:20]).min() > abs(vectors[20:]).max()


@pytest.mark.parametrize("stray", [1e9, -1e12, 1e300])
def test_fit__stray_numbers_leave_the_others_as_they_were(stray: float) -> None:
    clean = correlated(1000)
    spoiled = clean.copy()
    spoiled.loc[::100, "a"] = stray
    others = np.arange(1000) % 100 != 0
    shown = np.abs(np.corrcoef(encode(clean, NUMBERS)[others, 1], encode(spoiled, NUMBERS)[others, 1])[0, 1])
    assert shown > 0.95


def test_fit__a_code_for_missing_is_missing_even_where_it_is_frequent() -> None:
    clean = correlated(1000)
    gaps = np.random.default_rng(1).random(1000) < 0.3
    coded, empty = clean.copy(), clean.copy()
    coded.loc[gaps, "a"], empty.loc[gaps, "a"] = -9999.0, np.nan
    np.testing.assert_allclose(encode(coded, NUMBERS), encode(empty, NUMBERS), atol=1e-5)


def test_fit__strays_are_told_from_the_rest() -> None:
    table = correlated(1000)
    table.loc[[3, 500], "a"] = 1e12
    vectors = encode(table, NUMBERS)
    centre = np.delete(vectors, [3, 500], axis=0).mean(axis=0)
    apart = np.linalg.norm(vectors - centre, axis=1)
    assert apart[[3, 500]].min() > 1.5 * np.quantile(apart, 0.5)


def test_fit__two_groups_far_apart_are_no_strays() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    values[:100] += 1000.0
    vectors = encode(pd.DataFrame({"a": values}), {"a": "numeric"})
    assert vectors.shape[1] == 1
    assert vectors[:100].min() > vectors[100:].max()


def test_fit__a_gap_is_filled_from_correlated_columns() -> None:
    table = correlated(1000)
    whole = encode(table, NUMBERS)
    gaps = np.arange(0, 1000, 5)
    table.loc[gaps, "b"] = np.nan
    vectors = encode(table, NUMBERS)
    axis = np.argmax([abs(np.corrcoef(vectors[:, d], whole[:, 0])[0, 1]) for d in range(vectors.shape[1])])
    assert abs(np.corrcoef(vectors[gaps, axis], whole[gaps, 0])[0, 1]) > 0.9


def test_fit__missing_where_it_says_something_tells_items_apart() -> None:
    table = correlated(400)
    table.loc[:39, "a"] = np.nan
    vectors = encode(table, NUMBERS)
    gap = np.linalg.norm(vectors[:40].mean(axis=0) - vectors[40:].mean(axis=0))
    assert gap > 1.0


AWKWARD: dict[str, list[object]] = {
    "all_missing": [None] * 300,
    "all_infinite": [np.inf, -np.inf] * 150,
    "constant": [7.0] * 300,
    "one_value_and_gaps": [5.0, None] * 150,
    "huge": [1e12, -1e12, 1.0, 2.0, 3.0, 1e300] * 50,
    "tiny": list(np.linspace(0, 1e-300, 300)),
    "whole": list(range(2**53, 2**53 + 300)),
    "booleans": [True, False, None] * 100,
    "words": ["3", "n/a", "4.5", ""] * 75,
    "mixed": [1, "two", 3.0, None, True, (4,)] * 50,
}


@pytest.mark.parametrize("role", ["numeric", "categorical", "text"])
@pytest.mark.parametrize("name", AWKWARD)
def test_fit__awkward_columns_leave_the_others_useful(name: str, role: Role) -> None:
    table = correlated(300)
    table["odd"] = pd.Series(list(AWKWARD[name]), dtype=object)
    vectors = encode(table, {"a": "numeric", "b": "numeric", "odd": role})
    assert np.isfinite(vectors).all()
    guess = vectors @ np.linalg.lstsq(vectors, table["a"] - table["a"].mean(), rcond=None)[0]
    assert np.corrcoef(guess, table["a"])[0, 1] > 0.9


@pytest.mark.parametrize("role", ["numeric", "categorical", "text"])
def test_fit__dates_and_true_types(role: Role) -> None:
    table = correlated(300)
    days = pd.Series(pd.date_range("2020-01-01", periods=300, freq="D")).where(np.arange(300) % 7 > 0)
    table["day"], table["yes"] = days, pd.array([True, False, None] * 100, dtype="boolean")
    vectors = encode(table, {"a": "numeric", "day": role, "yes": role})
    assert np.isfinite(vectors).all()
    assert len(np.unique(vectors, axis=0)) > 290


def test_fit__dates_as_numbers_keep_their_order() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=300, freq="D")).where(np.arange(300) != 10)
    vectors = encode(pd.DataFrame({"day": days}), {"day": "numeric"})
    order = np.delete(vectors[:, 0], 10)
    assert abs(np.corrcoef(order, np.arange(299))[0, 1]) > 0.99


def test_fit__ten_thousand_levels_are_few_dimensions() -> None:
    table = pd.DataFrame({"level": [f"name {row}" for row in range(10_000)], "a": np.arange(10_000.0)})
    table.loc[:3000, "level"] = "common"
    vectors = encode(table, {"level": "categorical", "a": "numeric"})
    assert vectors.shape[1] <= 4
    assert np.linalg.norm(vectors[0] - vectors[9999]) > 0.5


def test_transform__gaps_where_none_were_learned_from() -> None:
    table = correlated(300)
    source = table_source(table, NUMBERS)
    fitted = TabularEncoder().fit(source, section=EncoderSection(), seed=0, progress=lambda share, text: None)
    later = table.copy()
    later.loc[5, "b"] = np.nan
    later.loc[6] = np.nan
    vectors = fitted.transform(table_source(later, NUMBERS), 0, 300)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors[5] - fitted.transform(source, 5, 6)[0]).max() < 3.5


def test_fit__outliers_beyond_float32_stay_finite() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0, 1e300, -1e300, np.inf], "b": [1.0, 5.0, 2.0, 4.0, 3.0, 6.0]})
    assert np.isfinite(encode(table, NUMBERS)).all()


def test_fit__small_differences_of_correlated_columns_count() -> None:
    generator = np.random.default_rng(0)
    common, side = generator.normal(size=400), np.repeat([-1, 1], 200)
    table = pd.DataFrame(
        {"a": common + 0.1 * side, "b": common - 0.1 * side + generator.normal(scale=0.01, size=400)}
    )
    vectors = encode(table, NUMBERS)
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
