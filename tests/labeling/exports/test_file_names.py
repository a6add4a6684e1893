from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.exports.file_names import LONGEST_BYTES, safe_names


def test_safe_names__harmless_ones_stay() -> None:
    names = ["cat", "sea lion", "v1.2", "漢字", "é"]
    assert safe_names(names) == {name: name for name in names}


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "..",
        ".",
        "",
        "CON",
        "nul.txt",
        "lpt1",
        "dots...",
        " blank ",
        "tab\t",
        "-rf",
        "a\\b",
        "x" * 10_000,
        "\x00",
    ],
)
def test_safe_names__bad_ones_are_changed_and_told_apart(name: str, tmp_path: Path) -> None:
    safe = safe_names([name])[name]
    assert re.fullmatch(r".*-[0-9a-f]{8}", safe)
    assert len(safe.encode()) <= LONGEST_BYTES + 10
    (tmp_path / safe).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [safe]


def test_safe_names__upper_and_lower_case_are_one() -> None:
    names = safe_names(["Cat", "cat", "dog"])
    assert names["Cat"].casefold() != names["cat"].casefold()
    assert names["dog"] == "dog"


def test_safe_names__endings_are_left_away() -> None:
    names = safe_names(["x.png", "x.JPG", "y.png"], suffixes=(".png", ".jpg"))
    assert names["y.png"] == "y"
    assert names["x.png"] != names["x.JPG"]


@given(st.lists(st.text(max_size=6), max_size=8))
@settings(max_examples=40)
def test_safe_names__any_texts_get_names_of_their_own(texts: list[str]) -> None:
    names = safe_names(texts)
    assert set(names) == set(texts)
    assert len({name.casefold() for name in names.values()}) == len(set(texts))
    assert all(name and not set(name) & set('/\\:*?"<>|\0') and name.strip(". ") for name in names.values())
