from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.pools import key_index
from labeling.pools.contract import HashArray
from labeling.pools.hashing import hash_strings
from labeling.pools.key_index import KeyIndex, repeated_rows, write_key_index


def _taken(column: pa.Array, rows: np.ndarray) -> pa.Array:
    return column.take(pa.array(rows))


def poor_hash(values: pa.Array) -> HashArray:
    """Every key falls on one of two hashes."""
    return np.array([len(value or "") % 2 for value in values.to_pylist()], dtype=np.uint64)


def make_index(folder: Path, keys: list[str], hasher: object) -> KeyIndex:
    column = pa.array(keys, type=pa.string())
    write_key_index(folder / "k.npy", hasher(column))  # type: ignore[operator]
    return KeyIndex(np.load(folder / "k.npy"), lambda rows: column.take(pa.array(rows)), hasher)  # type: ignore[arg-type]


@pytest.mark.parametrize("hasher", [hash_strings, poor_hash])
def test_rows__colliding_hashes_are_told_apart_by_the_key(tmp_path: Path, hasher: object) -> None:
    keys = [f"{'x' * (i % 5)}{i}" for i in range(200)]
    index = make_index(tmp_path, keys, hasher)
    assert index.rows(keys).tolist() == list(range(200))
    assert index.rows(["absent", "xabsent", keys[5], "absent"]).tolist() == [-1, -1, 5, -1]


def test_rows__missing_key_is_nowhere(tmp_path: Path) -> None:
    index = make_index(tmp_path, ["a", "b"], hash_strings)
    assert index.rows(pa.array([None, "b"], type=pa.string())).tolist() == [-1, 1]


@given(st.lists(st.text(max_size=3), max_size=30))
def test_repeated_rows__are_those_an_earlier_row_has(keys: list[str]) -> None:
    column = pa.array(keys, type=pa.string())
    expected = [row for row, key in enumerate(keys) if key in keys[:row]]
    for hasher in (hash_strings, poor_hash):
        assert repeated_rows(hasher(column), lambda rows: column.take(pa.array(rows))).tolist() == expected


@pytest.mark.parametrize("part", [1, 2, 3, 64])
@pytest.mark.parametrize("hasher", [hash_strings, poor_hash])
def test_repeated_rows__how_they_are_cut_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, part: int, hasher: object
) -> None:
    monkeypatch.setattr(key_index, "PART_ROWS", part)
    generator = np.random.default_rng(part)
    for _ in range(20):
        keys = [f"{'x' * (i % 3)}{i}" for i in generator.integers(0, 6, 30)]
        column = pa.array(keys, type=pa.string())
        expected = [row for row, key in enumerate(keys) if key in keys[:row]]
        found = repeated_rows(hasher(column), partial(_taken, column))  # type: ignore[operator]
        assert found.tolist() == expected


def test_repeated_rows__a_key_of_all_rows_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_index, "PART_ROWS", 100)
    column, most = pa.array(["same"] * 1_050), 0

    def keys_of(rows: np.ndarray) -> pa.Array:
        nonlocal most
        most = max(most, len(rows))
        return column.take(pa.array(rows))

    assert repeated_rows(hash_strings(column), keys_of).tolist() == list(range(1, 1_050))
    assert most == 100
