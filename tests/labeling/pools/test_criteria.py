from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labeling.pools.criteria as criteria_module
from config.schema import PoolSection
from labeling.pools.contract import DATE_UNIT, Column
from labeling.pools.criteria import matching_rows, parse_criteria
from labeling.pools.criteria_text import TEXT_MAX
from labeling.pools.errors import CriteriaError
from labeling.pools.snapshot import make_snapshot
from tests.labeling.pools.files import csv_pool

COLUMNS = (
    Column("u", "numeric"),
    Column("g", "numeric"),
    Column("z", "numeric"),
    Column("mag (red)", "numeric"),
    Column("seen", "numeric", unit=DATE_UNIT, use="extra"),
    Column("band", "categorical"),
    Column("note", "text", use="extra"),
    Column("class", "categorical"),
    Column("größe", "numeric"),
)
NAN = float("nan")
FRAME = pd.DataFrame(
    {
        "u": [1.0, 2.0, NAN, 4.0],
        "g": [0.5, 1.0, 1.0, -4.0],
        "z": [17.0, 19.0, 19.0, 20.0],
        "mag (red)": [10.0, 100.0, 1000.0, NAN],
        "seen": [0.0, 86_400.0, 1.6e9, NAN],
        "band": ["red", "blue", None, "Red"],
        "note": ["a Long tail", "no", "", "tail'd"],
        "class": ["star", "galaxy", "star", None],
        "größe": [1.0, 2.0, 3.0, 4.0],
    }
)


def rows(text: str) -> list[int]:
    return [int(row) for row in np.flatnonzero(parse_criteria(text, COLUMNS).matches(FRAME))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("u - g < 0.6", [0]),
        ("u - g < 0.6 and z > 18", []),
        ("z > 18", [1, 2, 3]),
        ("z>18", [1, 2, 3]),
        ("17 < z <= 19", [1, 2]),
        ("18 < z < 20 < 21", [1, 2]),
        ("z == 19 or u == 1", [0, 1, 2]),
        ("z != 19", [0, 3]),
        ("not z == 19", [0, 3]),
        ("not (z > 18 and u > 1)", [0]),
        ("-g ** 2 < 0", [0, 1, 2, 3]),
        ("2 ** -g == 0.5", [1, 2]),
        ("+u >= 2", [1, 3]),
        ("z % 2 == 0", [3]),
        ("g / 0 > 1", [0, 1, 2]),
        ("z\n  > \n 18", [1, 2, 3]),
        ("`mag (red)` > 50", [1, 2]),
        ("log10(`mag (red)`) == 1", [0]),
        ("abs(g) > 1", [3]),
        ("sqrt(g) is missing", [3]),
        ("max(u, g, 3) == 3", [0, 1]),
        ("min(u, z) > 1", [1, 3]),
        ("u is missing", [2]),
        ("u is not missing", [0, 1, 3]),
        ("not u is missing", [0, 1, 3]),
        ("u > 1", [1, 3]),
        ("not u > 1", [0]),
        ("u > 1 or z > 18", [1, 2, 3]),
        ("u in (1, 4)", [0, 3]),
        ("u in [1]", [0]),
        ("u not in (1, 4)", [1]),
        ("g in (-4, 9)", [3]),
        ("band == 'red'", [0]),
        ('band != "red"', [1, 3]),
        ("band in ('red', 'blue')", [0, 1]),
        ("lower(band) == 'red'", [0, 3]),
        ("band is missing", [2]),
        ("'red' in band", [0, 3]),
        ("'tail' in note", [0, 3]),
        ("'tail' not in note", [1, 2]),
        ("length(note) > 5", [0, 3]),
        ('note == "tail\'d"', [3]),
        ("`class` == 'star'", [0, 2]),
        ("größe > 2.5", [2, 3]),
        ("seen < '1970-01-02'", [0]),
        ("'1970-01-02' <= seen", [1, 2]),
        ("seen == '1970-01-02T00:00+00:00'", [1]),
        ("seen in ('1970-01-01', '1970-01-02')", [0, 1]),
        ("z > 18 and (band == 'blue' or 'tail' in note)", [1, 3]),
    ],
)
def test_matches__what_is_known_to_be_true(text: str, found: list[int]) -> None:
    assert rows(text) == found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no criterion is given"),
        ("   \n", "no criterion is given"),
        ("z > 18 " + " " * TEXT_MAX, "at most 2000"),
        ("y > 18", "there is no column 'y'.*the columns are u, g, z, mag"),
        ("bend == 'red'", "did you mean 'band'"),
        ("`mag red` > 1", r"did you mean 'mag \(red\)'"),
        ("truth == 'rare'", "there is no column 'truth'"),
        ("`mag > 1", "backtick is not closed"),
        ("z = 18", "cannot be read near '= 18'.*compare with =="),
        ("z > ", "cannot be read at its end"),
        ("z > 18 && u > 1", "cannot be read near"),
        ("z > 18 & u > 1", "cannot be used in criteria; allowed are numbers"),
        ("z", "z is a number, not a condition; compare it with something, as in z > 1"),
        ("band", "band is a text, not a condition"),
        ("z and u", "z is a number where a truth is needed"),
        ("band > 3", "compares a text with a number"),
        ("'mag (red)' > 3", "stands in backticks"),
        ("band < 'z'", "puts texts in order"),
        ("band + 1 > 2", "band is a text where a number is needed"),
        ("(z > 1) == (u > 1)", "compares a comparison"),
        ("(z > 1) is missing", "a comparison cannot"),
        ("z is None", "after `is` or `is not` comes missing"),
        ("z in 3", "`in` looks for"),
        ("z in ()", "after `in` comes a list of numbers"),
        ("z in (u, 1)", "after `in` comes a list of numbers"),
        ("band in (1, 2)", "after `in` comes a list of texts"),
        ("seen > 'yesterday'", "no date; write it as '2024-03-31'"),
        ("z > True", "hold the texts 'true' and 'false'"),
        ("1 < 2", "looks at no column"),
        ("z > 1e999", "too large"),
        ("z > 1" + "0" * 400, "too large"),
        ("log10(z, 2) > 1", "log10 takes one value"),
        ("max(z) > 1", "max takes two or more values"),
        ("sqr(z) > 1", "did you mean 'sqrt'"),
        ("lower(z) == 'x'", "lower takes a column of texts"),
        ("z > 9" + "9" * 5000, "at most 2000"),
    ],
)
def test_parse_criteria__says_what_is_wrong(text: str, part: str) -> None:
    with pytest.raises(CriteriaError, match=part):
        parse_criteria(text, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true') == 0",
        "(lambda: 1)() > z",
        "[x for x in (1, 2)] == z",
        "z.__class__ == 'x'",
        "band.lower() == 'x'",
        "open('/etc/passwd') == z",
        "eval('1') == z",
        "abs(*(z,)) > 1",
        "abs(x=z) > 1",
        "max(z, key=abs) > 1",
        "(y := z) > 1",
        "z if z else u",
        "f'{z}' == band",
        "{'a': z} == u",
        "z[0] > 1",
        "z @ u > 1",
        "~z > 1",
        "... == z",
        "z > 1j",
        "b'x' == band",
        "await z",
        "(yield)",
        "z; import os",
        "import os",
    ],
)
def test_parse_criteria__lets_nothing_else_through(text: str) -> None:
    with pytest.raises(CriteriaError):
        parse_criteria(text, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "z" + ")" * 900 + " > 1",
        "-" * 1900 + "z > 1",
        "not " * 400 + "z > 1",
        "abs(" * 100 + "z" + ")" * 100 + " > 1",
        " or ".join(["z > 1"] * 220),
        "z > 9**9**9**9**9" + "**9" * 600,
        "z" + "+z" * 900 + "> 1",
    ],
)
def test_parse_criteria__size_is_bounded(text: str) -> None:
    with pytest.raises(CriteriaError):
        parse_criteria(text, COLUMNS)


def test_matches__huge_powers_cost_nothing() -> None:
    assert rows("z < 9 ** 9 ** 9") == [0, 1, 2, 3]


def test_parse_criteria__more_columns_than_a_line_holds() -> None:
    many = [Column(f"c{number}", "numeric") for number in range(300)]
    with pytest.raises(CriteriaError, match=r"c39 and 260 more$"):
        parse_criteria("zz > 1", many)


def test_parse_criteria__pool_without_columns() -> None:
    with pytest.raises(CriteriaError, match="no columns to put criteria on"):
        parse_criteria("z > 1", ())


def test_parse_criteria__looks_at_what_it_names_alone() -> None:
    assert parse_criteria("z > 18 and 'x' in note", COLUMNS).columns == ("z", "note")


@given(st.text(alphabet="uz `'\"()<>=!&|.+-*/,[]0123456789andorisig", max_size=60))
def test_parse_criteria__any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_criteria(text, COLUMNS)
    except CriteriaError:
        return
    assert found.matches(FRAME).shape == (4,)


def test_matching_rows__chunk_by_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(criteria_module, "CHUNK_ROWS", 7)
    lines = "".join(f"i{number},{number},{'red' if number % 2 else ''},n{number}\n" for number in range(30))
    (tmp_path / "t.csv").write_text("id,x,colour,note\n" + lines, encoding="utf-8")
    section = PoolSection(path="t.csv", key="id", columns=("x",), extra=("colour", "note"), truth=None)
    pool = make_snapshot(section, folder=tmp_path / "pool", base=tmp_path)

    found = matching_rows(pool, parse_criteria("x > 20 and colour == 'red'", pool.columns))

    assert np.flatnonzero(found).tolist() == [21, 23, 25, 27, 29]


def test_matching_rows__the_hidden_truth_cannot_be_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x,kind\na,1,rare\nb,2,plain\n", encoding="utf-8")
    section = PoolSection(path="t.csv", key="id", truth="kind")
    pool = make_snapshot(section, folder=tmp_path / "pool", base=tmp_path)

    for text in ("kind == 'rare'", "`kind` == 'rare'", "truth == 'rare'"):
        with pytest.raises(CriteriaError, match=r"the columns are x$"):
            parse_criteria(text, pool.columns)


def test_matching_rows__column_of_missing_values(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x,y\na,1,\nb,,3\n")

    assert matching_rows(pool, parse_criteria("x is missing", pool.columns)).tolist() == [False, True]


def test_frame__named_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x,note\na,1,why\nb,2,\n", encoding="utf-8")
    section = PoolSection(path="t.csv", key="id", columns=("x",), extra=("note",))
    pool = make_snapshot(section, folder=tmp_path / "pool", base=tmp_path)

    assert list(pool.frame(0, 2)) == ["x"]
    named = pool.frame(0, 2, columns=["note"])
    assert list(named) == ["note"] and named["note"][0] == "why" and pd.isna(named["note"][1])
