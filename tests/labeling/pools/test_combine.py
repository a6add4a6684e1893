"""Calculated columns: what a formula may say, what is missing, how columns are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.schema import PoolSection
from labeling.pools.criteria import matching_rows, parse_criteria
from labeling.pools.errors import PoolColumnsError
from labeling.pools.snapshot import Pool
from tests.labeling.pools.files import csv_pool

ROWS = "id,u,g,kind\na,3,1,x\nb,4,0,y\nc,,1,x\nd,-1,2,y\n"


def combined(tmp_path: Path, *formulas: tuple[str, str], **section: object) -> Pool:
    entries = [{"name": name, "formula": formula} for name, formula in formulas]
    return csv_pool(tmp_path, ROWS, combine=entries, **section)


def values(pool: Pool, name: str) -> list[float]:
    return pool.frame(0, 4, columns=[name])[name].tolist()


def test_combine__differences_ratios_products_and_functions(tmp_path: Path) -> None:
    pool = combined(tmp_path, ("u-g", "u - g"), ("ratio", "u / g"), ("log", "log10(u * g)"))
    assert list(pool.roles) == ["u", "g", "kind", "u-g", "ratio", "log"]
    assert values(pool, "u-g") == pytest.approx([2, 4, np.nan, -3], nan_ok=True)
    assert values(pool, "log")[0] == pytest.approx(np.log10(3))


def test_combine__division_by_zero_and_no_logarithm_are_missing(tmp_path: Path) -> None:
    pool = combined(tmp_path, ("ratio", "u / g"), ("log", "log10(u)"))
    assert np.isnan(values(pool, "ratio")).tolist() == [False, True, True, False]
    assert np.isnan(values(pool, "log")).tolist() == [False, False, True, True]


def test_combine__a_formula_may_use_the_one_before_it(tmp_path: Path) -> None:
    pool = combined(tmp_path, ("c", "u - g"), ("d", "c * 2"), columns=("g",))
    assert list(pool.roles) == ["g", "c", "d"]
    assert values(pool, "d")[:2] == [4, 8]


def test_combine__a_calculated_column_can_be_shown_alone(tmp_path: Path) -> None:
    pool = combined(tmp_path, ("c", "u - g"), extra=("c",))
    assert "c" not in pool.roles
    assert pool.view(0).extra == (("c", "2"),)


def test_combine__criteria_name_it_in_backticks(tmp_path: Path) -> None:
    pool = combined(tmp_path, ("u-g", "u - g"))
    found = matching_rows(pool, parse_criteria("`u-g` > 1", pool.columns))
    assert found.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("name", "formula", "words"),
    [
        ("c", "u - h", "there is no column 'h'"),
        ("c", "u >", "the formula cannot be read at its end"),
        ("c", "u > 1", "is a truth, not a number"),
        ("c", "1 + 1", "looks at no column"),
        ("c", "__import__('os').system('ls')", "cannot be used in formula"),
        ("u", "g * 2", "this name is a column already"),
        ("c", "u * kind", "no value of the column 'kind' is a number .the first: 'x'."),
    ],
)
def test_combine__what_cannot_be_calculated(name: str, formula: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match=words):
        combined(tmp_path, (name, formula))


def test_combine__every_wrong_formula_is_told(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match=r"(?s)'one': .*'two': "):
        combined(tmp_path, ("one", "x"), ("two", "y"))


def test_combine__the_hidden_truth_cannot_be_calculated_with(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match="there is no column 'g'"):
        combined(tmp_path, ("c", "u - g"), truth="g")


def test_combine__two_columns_of_one_name_are_refused_in_the_file() -> None:
    with pytest.raises(ValueError, match="two columns are called 'c'"):
        PoolSection.model_validate(
            {"path": "a", "combine": [{"name": "c", "formula": "u"}, {"name": "c", "formula": "g"}]}
        )
