from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labeling.pools.contract import Column
from labeling.pools.criteria import parse_criteria
from labeling.pools.criteria_normal import normal_criteria
from labeling.pools.criteria_text import TEXT_MAX
from labeling.pools.errors import CriteriaError

COLUMNS = (
    Column("z", "numeric"),
    Column("u mag", "numeric"),
    Column("class", "text"),
    Column("missing", "text"),
    Column("log", "numeric"),
    Column("note", "text"),
)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("z>1", "z > 1"),
        ("  (z > 1)  and(`u mag`<0.50) ", "z > 1 and `u mag` < 0.5"),
        ("`z` > 1", "z > 1"),
        ("not (z > 1 or z < 0)", "not (z > 1 or z < 0)"),
        ('`class` == "a"', "`class` == 'a'"),
        ("`missing` is missing", "`missing` is missing"),
        ("`log` > log10(z)", "`log` > log10(z)"),
        ("17<z<=1.9e1", "17 < z <= 19"),
        ("note in ('a','b')", "note in ('a', 'b')"),
        ("-z ** 2 < -(z-1)", "-z ** 2 < -(z - 1)"),
    ],
)
def test_normal_criteria__one_way_of_writing(typed: str, normal: str) -> None:
    assert normal_criteria(typed, COLUMNS) == normal
    assert normal_criteria(normal, COLUMNS) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "z - (z - (1 - z)) > 0 or not (z > 2 and `u mag` < 3)",
        "note == 'it is `u mag`' or z*(`u mag`+2)>3",
        "'tail' in note and z is not missing",
        "min(z, `u mag`, 2) % 2 == 1",
    ],
)
def test_normal_criteria__means_the_same(typed: str) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "z": np.round(generator.normal(1, 2, 200), 0),
            "u mag": np.where(generator.random(200) < 0.2, np.nan, np.round(generator.normal(2, 2, 200), 0)),
            "class": "a",
            "missing": "a",
            "log": 1.0,
            "note": generator.choice(["it is `u mag`", "Tail", "none"], 200),
        }
    )
    normal = normal_criteria(typed, COLUMNS)
    ours, theirs = (parse_criteria(text, COLUMNS).matches(frame) for text in (typed, normal))
    assert 0 < ours.sum() < 200
    assert np.array_equal(ours, theirs)


def test_normal_criteria__what_would_not_fit_stays_as_typed() -> None:
    typed = "note in (" + ",".join("'\u200b'" for _ in range(400)) + ")"
    assert len(typed) < TEXT_MAX
    assert normal_criteria(f" {typed}  ", COLUMNS) == typed


@pytest.mark.parametrize(("typed", "words"), [("y > 1", "there is no column 'y'"), ("z >", "cannot be read")])
def test_normal_criteria__says_what_is_wrong(typed: str, words: str) -> None:
    with pytest.raises(CriteriaError, match=words):
        normal_criteria(typed, COLUMNS)
