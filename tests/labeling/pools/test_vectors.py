from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from config.schema import PoolSection
from labeling.pools.errors import (
    PoolColumnsError,
    PoolContentError,
    PoolEmptyError,
    PoolReaderError,
    SnapshotError,
    VectorShapeError,
)
from labeling.pools.snapshot import Pool
from tests.labeling.pools.files import parquet_pool, snapshot


def npy_pool(base: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Pool:
    np.save(base / "v.npy", array)
    return snapshot(base, PoolSection(path="v.npy"))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "bool"])
def test_read_vectors__npy_of_any_real_numbers(tmp_path: Path, dtype: str) -> None:
    array = np.random.default_rng(0).integers(0, 2, (7, 3)).astype(dtype)
    pool = npy_pool(tmp_path, array)
    assert pool.kind == "vectors"
    assert pool.keys([0, 6]) == ["row-000001", "row-000007"]
    assert pool.vectors(2, 5).dtype == np.float32
    assert np.array_equal(pool.vectors(0, 7), array.astype(np.float32))


def test_read_vectors__not_finite_ones_are_unreadable_and_zero(tmp_path: Path) -> None:
    array = np.ones((4, 3))
    array[1, 2], array[3, 0] = np.nan, 1e300
    pool = npy_pool(tmp_path, array)
    assert pool.readable.tolist() == [True, False, True, False]
    assert pool.vectors(0, 4).tolist() == [[1, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 0]]
    assert "not finite" in str(pool.view(1).problem)


def test_read_vectors__pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    (tmp_path / "v.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(PoolContentError, match="read safely"):
        snapshot(tmp_path, PoolSection(path="v.npy"))
    np.save(tmp_path / "v.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    with pytest.raises(PoolContentError, match="read safely"):
        snapshot(tmp_path, PoolSection(path="v.npy"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("shape", [(5,), (5, 0), (2, 3, 4), ()])
def test_read_vectors__wrong_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(VectorShapeError, match="items, dimensions"):
        npy_pool(tmp_path, np.zeros(shape))


def test_read_vectors__no_rows(tmp_path: Path) -> None:
    with pytest.raises(PoolEmptyError):
        npy_pool(tmp_path, np.zeros((0, 3)))


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[s]"])
def test_read_vectors__no_real_numbers(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(PoolContentError, match="real numbers"):
        npy_pool(tmp_path, np.zeros((2, 2), dtype=dtype))


def test_read_vectors__truncated_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.zeros((10, 10)))
    (tmp_path / "v.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:300])
    with pytest.raises(PoolContentError, match="read safely"):
        snapshot(tmp_path, PoolSection(path="v.npy"))


def test_read_vectors__archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", a=np.zeros((2, 2)))
    with pytest.raises(PoolReaderError):
        snapshot(tmp_path, PoolSection(path="v.npz"))
    (tmp_path / "v.npz").rename(tmp_path / "v.npy")
    with pytest.raises(PoolContentError, match="archive"):
        snapshot(tmp_path, PoolSection(path="v.npy"))


def test_read_vectors__npy_has_no_columns(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.zeros((2, 2)))
    with pytest.raises(PoolColumnsError, match="no columns"):
        snapshot(tmp_path, PoolSection(path="v.npy", truth="label"))


def test_read_vectors__npy_that_goes_or_changes_later_is_told(tmp_path: Path) -> None:
    pool = npy_pool(tmp_path, np.ones((3, 2)))
    np.save(tmp_path / "v.npy", np.ones((4, 2)))
    with pytest.raises(SnapshotError, match="has shape"):
        pool.vectors(0, 3)
    (tmp_path / "v.npy").unlink()
    with pytest.raises(SnapshotError, match="is gone"):
        pool.vectors(0, 3)


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), 2)]
)
def test_read_vectors__list_columns(tmp_path: Path, kind: pa.DataType) -> None:
    values = pa.array([[1, 2], None, [3, float("nan")], [5, 6]], type=kind)
    pool = parquet_pool(tmp_path, {"id": ["a", "b", "c", "d"], "v": values, "n": [1, 2, 3, 4]}, extra=("n",))
    assert pool.key(3) == "d"
    assert pool.readable.tolist() == [True, False, False, True]
    assert pool.vectors(0, 4).tolist() == [[1, 2], [0, 0], [0, 0], [5, 6]]
    assert pool.view(0).type == "vector"
    assert dict(pool.view(3).fields)["dimensions"] == "2"
    assert pool.view(3).extra == (("n", "4"),)


def test_read_vectors__ragged_lists_name_the_row(tmp_path: Path) -> None:
    with pytest.raises(VectorShapeError, match="row 3: 1 numbers where the first vector has 2"):
        parquet_pool(tmp_path, {"v": [[1.0, 2.0], [3.0, 4.0], [5.0]]})


@pytest.mark.parametrize("values", [[[], []], [None, None]])
def test_read_vectors__no_numbers_at_all(tmp_path: Path, values: list[list[float] | None]) -> None:
    with pytest.raises(VectorShapeError):
        parquet_pool(tmp_path, {"v": pa.array(values, pa.list_(pa.float32()))})


def test_read_vectors__which_column(tmp_path: Path) -> None:
    columns = {"x": [1], "a": [[1.0]], "b": [[2.0]]}
    with pytest.raises(PoolColumnsError, match="one of: a, b"):
        parquet_pool(tmp_path, columns, reader="vectors")
    with pytest.raises(PoolColumnsError, match="'x' holds int64, not lists"):
        parquet_pool(tmp_path, columns, vectors="x")
    assert parquet_pool(tmp_path, columns, vectors="b").vectors(0, 1).tolist() == [[2.0]]


def test_read_vectors__column_after_column_is_read_too(tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(12, dtype=np.float64).reshape(4, 3))
    pool = npy_pool(tmp_path, array)
    assert pool.vectors(1, 3).tolist() == [[3, 4, 5], [6, 7, 8]]


def test_vectors__file_cut_short_later_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    pool = npy_pool(tmp_path, np.ones((1000, 50)))
    assert pool.vectors(999, 1000).shape == (1, 50)
    data = (tmp_path / "v.npy").read_bytes()
    (tmp_path / "v.npy").write_bytes(data[: len(data) // 2])
    with pytest.raises(PoolContentError, match="shorter than it was"):
        pool.vectors(999, 1000)


def test_vectors__rows_beyond_the_end_are_none(tmp_path: Path) -> None:
    pool = npy_pool(tmp_path, np.ones((3, 2)))
    assert pool.vectors(2, 99).shape == (1, 2)
    assert pool.vectors(3, 3).shape == (0, 2)
