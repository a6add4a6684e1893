"""Columns as colours: numbers along a ramp that stray values do not stretch, texts as classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.colour_columns import column_codes, column_values, top_names
from config.schema import PoolSection
from labeling.pools.pool import Pool
from labeling.pools.snapshot import make_snapshot


def pool_of(folder: Path, lines: list[str]) -> Pool:
    """Return a pool of a table from its lines."""
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return make_snapshot(PoolSection(path="t.csv", key="id"), folder=folder / "pool", base=folder)


def test_column_values__stray_values_do_not_stretch_the_ramp(tmp_path: Path) -> None:
    numbers = [*np.linspace(0, 1, 400).tolist(), 1e9]
    pool = pool_of(tmp_path, ["id,u,v", *(f"{row},{number},{row}" for row, number in enumerate(numbers))])
    values, (low, high) = column_values(pool, "u")
    assert 0 <= low < 0.02
    assert 0.97 < high <= 1.0
    assert values[-1] == 1.0
    assert abs(float(values[200]) - 0.5) < 0.02


def test_column_values__missing_and_equal_values(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, ["id,u,v", "1,5,1", "2,,2", "3,5,3"])
    values, ends = column_values(pool, "u")
    assert ends == (5.0, 5.0)
    assert np.isnan(values).tolist() == [False, True, False]


def test_column_codes__few_texts_each_their_own(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, ["id,band,v", "1,red,1", "2,blue,2", "3,red,3", "4,,4"])
    codes, names = column_codes(pool, "band")
    assert names == ("red", "blue")
    assert codes.tolist() == [0, 1, 0, -1]


def test_column_codes__many_texts_share_the_last_name(tmp_path: Path) -> None:
    texts = [f"field {number:02d}" for number in range(40) for _ in range(3 if number < 19 else 1)]
    pool = pool_of(tmp_path, ["id,field,v", *(f"{row},{text},{row}" for row, text in enumerate(texts))])
    codes, names = column_codes(pool, "field")
    assert len(names) == 20
    assert names[-1] == "21 others"
    assert (codes == 19).sum() == 21
    assert {names[code] for code, text in zip(codes, texts, strict=True) if text == "field 07"} == {
        "field 07"
    }


def test_top_names__as_many_as_there_are_colours() -> None:
    assert top_names({}) == ()
    assert top_names({"b": 1, "a": 1, "c": 2}) == ("c", "a", "b")
    assert len(top_names({str(number): 1 for number in range(20)})) == 20
    assert top_names({str(number): 1 for number in range(21)})[-1] == "2 others"
