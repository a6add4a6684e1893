from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from labeling.pools.hashing import (
    hash_numbers,
    hash_repeated,
    hash_rows,
    hash_strings,
    hash_text,
    join_hashes,
)


def test_hash_strings__is_the_hash_of_each_text() -> None:
    values = pa.array(["", "a", "🦀", None, "a"])
    hashes = hash_strings(values)
    assert hashes[1] == hash_text("a") == hashes[4]
    assert len({int(each) for each in hashes}) == 4
    assert hash_strings(values.slice(1, 3)).tolist() == hashes[1:4].tolist()


def test_hash_strings__known_value_is_the_same_on_every_machine() -> None:
    assert hash_text("item") == 15634484697162812036


def test_hash_repeated__agrees_with_hash_strings() -> None:
    values = pa.array(["b", None, "a", "b", ""])
    assert hash_repeated(values).tolist() == hash_strings(values).tolist()
    assert hash_strings(pa.array([], pa.string())).shape == (0,)


def test_hash_numbers__every_nan_and_zero_is_one() -> None:
    hashes = hash_numbers(np.array([math.nan, -math.nan, 0.0, -0.0, 1.0, 5e-324]))
    assert hashes[0] == hashes[1]
    assert hashes[2] == hashes[3]
    assert len({int(each) for each in hashes}) == 4


def test_hash_rows__depends_on_every_number() -> None:
    values = np.zeros((3, 4), dtype=np.float32)
    values[1, 3] = 1e-30
    hashes = hash_rows(values)
    assert hashes[0] == hashes[2] != hashes[1]


def test_join_hashes__order_matters() -> None:
    a, b = hash_strings(pa.array(["a"])), hash_strings(pa.array(["b"]))
    assert join_hashes(a, b) != join_hashes(b, a)
