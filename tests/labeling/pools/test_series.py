from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from config.schema import PoolSection
from labeling.pools.errors import (
    PoolColumnsError,
    PoolContentError,
    PoolEmptyError,
    PoolKindError,
    PoolReaderError,
)
from labeling.pools.pool import Pool
from labeling.pools.series import pack_series, unpack_series
from tests.labeling.pools.files import csv_pool, parquet_pool, snapshot


def npy_pool(folder: Path, array: npt.NDArray[Any], **section: object) -> Pool:
    np.save(folder / "s.npy", array)
    return snapshot(folder, PoolSection.model_validate({"path": "s.npy", "reader": "series", **section}))


def test_pack_series__reads_back_the_same() -> None:
    values = np.array([[1, np.nan], [2, -3], [np.inf, 4]], np.float32)
    np.testing.assert_array_equal(unpack_series(pack_series(values)), values)


def test_read_series__channels_side_by_side_of_any_length(tmp_path: Path) -> None:
    pool = parquet_pool(
        tmp_path,
        {"id": ["a", "b"], "flux": [[1.0, 2.0, None], [4.0]], "error": [[1, 2, 3], [4]], "z": [0.5, 0.7]},
        series=["flux", "error"],
        extra=["z"],
    )
    first, second = pool.series(0, 2)
    np.testing.assert_array_equal(first, np.array([[1, 1], [2, 2], [np.nan, 3]], np.float32))
    np.testing.assert_array_equal(second, [[4, 4]])
    assert (pool.kind, pool.snapshot.channels) == ("series", ("flux", "error"))
    assert (pool.key(1), pool.view(1).type, pool.view(1).extra) == ("b", "series", (("z", "0.7"),))


def test_read_series__the_only_list_column_where_the_reader_is_named(tmp_path: Path) -> None:
    pool = parquet_pool(tmp_path, {"id": ["a"], "flux": [[1.0, 2.0]]}, reader="series")
    assert pool.snapshot.channels == ("flux",)


def test_read_series__lists_of_a_fixed_size_with_a_row_missing(tmp_path: Path) -> None:
    lists = pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2))
    pool = parquet_pool(tmp_path, {"id": ["a", "b", "c"], "s": lists}, series=["s"])
    first, second, third = pool.series(0, 3)
    assert second is None and not pool.readable[1]
    assert pool.view(1).problem == "there is no series in this row"
    np.testing.assert_array_equal(first, [[1], [2]])
    np.testing.assert_array_equal(third, [[3], [4]])


def test_read_series__items_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    pool = parquet_pool(
        tmp_path,
        {
            "a": [[1.0, 2.0], [], [float("nan"), float("inf")], [1.0, 2.0]],
            "b": [[1.0, 2.0, 3.0], [], [float("nan"), float("nan")], [3.0, float("nan")]],
        },
        series=["a", "b"],
    )
    assert pool.readable.tolist() == [False, False, False, True]
    assert pool.view(0).problem == "its channels differ in length (2, 3 points)"
    assert pool.view(1).problem == "its series has no points"
    assert pool.view(2).problem == "its series holds no finite number"
    assert pool.series(0, 3) == [None, None, None]


@pytest.mark.parametrize(("shape", "channels"), [((5, 30), 1), ((5, 30, 3), 3)])
def test_read_series__arrays(tmp_path: Path, shape: tuple[int, ...], channels: int) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    pool = npy_pool(tmp_path, values)
    [found] = pool.series(2, 3)
    assert found is not None
    np.testing.assert_allclose(found, values[2].reshape(30, channels), rtol=1e-6)
    assert pool.snapshot.channels == tuple(f"channel {n + 1}" for n in range(channels))
    assert pool.key(0) == "row-000001"


def test_read_series__the_hash_follows_the_numbers(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4, 10))
    hashes = set()
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        changed = values.copy()
        changed[0, 0] += number // 2
        hashes.add(npy_pool(folder, changed).hash)
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.zeros(5), PoolContentError),
        (np.zeros((2, 2, 2, 2)), PoolContentError),
        (np.array([["a", "b"]]), PoolContentError),
        (np.zeros((0, 5)), PoolEmptyError),
        (np.zeros((3, 0)), PoolEmptyError),
    ],
)
def test_read_series__arrays_that_are_none(
    tmp_path: Path, array: npt.NDArray[Any], problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        npy_pool(tmp_path, array)


def test_read_series__nothing_is_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(PoolContentError, match="allow_pickle=False"):
        snapshot(tmp_path, PoolSection(path="s.npy", reader="series"))


def test_read_series__columns_that_are_no_lists_or_too_many(tmp_path: Path) -> None:
    table = {"id": ["a"], "x": [1.0], "p": [[1.0]], "q": [[2.0]]}
    with pytest.raises(PoolColumnsError, match=r"pool.series: 'x' holds double.*p, q"):
        parquet_pool(tmp_path, table, series=["x"])
    with pytest.raises(PoolColumnsError, match="is not a column"):
        parquet_pool(tmp_path, table, series=["r"])
    with pytest.raises(PoolColumnsError, match=r"name the channels in pool.series"):
        parquet_pool(tmp_path, table, reader="series")


def test_read_series__other_files(tmp_path: Path) -> None:
    with pytest.raises(PoolReaderError, match="list columns"):
        csv_pool(tmp_path, "a,b\n1,2\n", reader="series")


def test_pool_series__of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(PoolKindError, match="'table', not 'series'"):
        csv_pool(tmp_path, "a,b\n1,2\n3,4\n").series(0, 1)
