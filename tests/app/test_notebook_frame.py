"""DataFrames that become pools, and those that do not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from app.errors import FrameError
from app.notebook_frame import KEY, VECTORS, frame_table, write_table

Change = Callable[[pd.DataFrame], pd.DataFrame]


def a_frame() -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b", "c"], "size": [1.5, np.nan, 3.0], "kind": ["x", None, "y"]})


def test_frame_table__index_is_the_key() -> None:
    table = frame_table(a_frame().set_index("id"))
    assert table.column_names == [KEY, "size", "kind"]
    assert table[KEY].to_pylist() == ["a", "b", "c"]
    assert table["size"].null_count == 1


def test_frame_table__numbers_as_keys_are_texts() -> None:
    assert frame_table(a_frame())[KEY].to_pylist() == ["0", "1", "2"]
    assert frame_table(a_frame().assign(id=[7, 8, 9]), key="id")["id"].to_pylist() == ["7", "8", "9"]


def test_frame_table__plain_kinds_of_columns() -> None:
    frame = a_frame().assign(
        when=pd.to_datetime(pd.Series(["2026-01-01", None, "2026-01-03"])),
        yes=[True, False, True],
        level=pd.Categorical(["low", "high", None]),
        number=[1, 2, 3],
    )
    table = frame_table(frame, key="id")
    assert table["level"].to_pylist() == ["low", "high", None]
    assert pa.types.is_timestamp(table["when"].type) and pa.types.is_boolean(table["yes"].type)


@pytest.mark.parametrize("kind", ["bytes", "pillow", "grey", "colour"])
def test_frame_table__images(kind: str) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    picture = Image.fromarray(pixels)
    target = io.BytesIO()
    picture.save(target, format="PNG")
    value = {"bytes": target.getvalue(), "pillow": picture, "grey": pixels[:, :, 0], "colour": pixels}[kind]
    table = frame_table(a_frame().assign(photo=pd.Series([value, None, value], dtype=object)), image="photo")
    first, missing, _ = table["photo"].to_pylist()
    with Image.open(io.BytesIO(first)) as shown:
        assert np.array_equal(np.asarray(shown), pixels[:, :, 0] if kind == "grey" else pixels)
    assert missing is None


def test_frame_table__vectors_in_a_column_and_beside() -> None:
    vectors = np.arange(6, dtype=np.float64).reshape(3, 2)
    beside = frame_table(a_frame(), vectors=vectors)
    inside = frame_table(a_frame().assign(e=list(vectors)), vectors="e")
    assert beside[VECTORS].to_pylist() == inside["e"].to_pylist() == vectors.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.iloc[:0], "no rows"),
        (lambda f: f["size"], "given Series"),
        (lambda f: pd.concat([f, f], axis=1), "several columns are called 'id', 'size', 'kind'"),
        (lambda f: f.rename(columns={"kind": 3}), "names of columns are texts, got 3"),
        (lambda f: f.set_index(["id", "kind"]), "several levels of names"),
        (lambda f: f.assign(id=["a", "a", "c"]), "1 keys come more than once ('a')"),
        (lambda f: f.assign(id=["a", None, "c"]), "1 items have no key"),
        (lambda f: f.drop(columns="id"), "there is no column 'id'"),
        (lambda f: f.assign(x=[{"a": 1}, {"a": 2}, None]), "'x' holds values of type 'dict'"),
        (lambda f: f.assign(x=[{1}, {2}, {3}]), "'x' holds values of type 'set'"),
        (lambda f: f.assign(x=[[1, 2], [3, 4], [5]]), "'x' holds values of type 'list'"),
        (lambda f: f.assign(x=[b"1", b"2", b"3"]), "'x' holds values of type 'bytes'"),
        (lambda f: f.assign(x=[object(), object(), object()]), "'x' holds values of type 'object'"),
        (lambda f: f.assign(x=[1, "one", 2.5]), "'x' holds values of type 'float', 'int', 'str'"),
        (lambda f: f.assign(x=[1j, 2j, 3j]), "'x' holds values of type 'complex'"),
    ],
)  # fmt: skip
def test_frame_table__frames_that_cannot_be(change: Change, words: str) -> None:
    with pytest.raises(FrameError) as told:
        frame_table(change(a_frame()), key="id")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("column", "part", "words"),
    [
        ([1, 2, 3], "image", "'x' holds int; give images as bytes"),
        ([np.zeros((2, 2)), None, None], "image", "holds an array of float64 (2, 2)"),
        ([[1, 2], [3], [4, 5]], "vectors", "holds vectors of the shapes (1,), (2,)"),
        (["a", "b", "c"], "vectors", "not a vector of numbers"),
        ([None, None, None], "vectors", "holds vectors of the shapes"),
    ],
)
def test_frame_table__images_and_vectors_that_are_none(column: list[object], part: str, words: str) -> None:
    with pytest.raises(FrameError) as told:
        frame_table(a_frame().assign(x=pd.Series(column, dtype=object)), **{part: "x"})
    assert words in str(told.value)


@pytest.mark.parametrize("vectors", [np.zeros(3), np.zeros((2, 4)), np.array([["a"], ["b"], ["c"]])])
def test_frame_table__vectors_beside_that_do_not_fit(vectors: np.ndarray) -> None:
    with pytest.raises(FrameError, match="one row for each of the 3"):
        frame_table(a_frame(), vectors=vectors)


def test_frame_table__names_that_it_needs_itself() -> None:
    frame = a_frame().rename(columns={"id": KEY, "kind": VECTORS})
    with pytest.raises(FrameError) as told:
        frame_table(frame, vectors=np.zeros((3, 2)))
    assert "say key='item_key'" in str(told.value) and "rename the column" in str(told.value)
    assert frame_table(frame, key=KEY)[KEY].to_pylist() == ["a", "b", "c"]


def test_frame_table__all_problems_are_told_together() -> None:
    frame = a_frame().assign(x=pd.Series([{1}, {2}, {3}], dtype=object), id=["a", "a", "b"])
    with pytest.raises(FrameError) as told:
        frame_table(frame, key="id", image="photo")
    assert all(
        words in str(told.value) for words in ("keys come more than once", "'x' holds", "no column 'photo'")
    )


def test_write_table__leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "pool.parquet").mkdir()
    with pytest.raises(OSError, match="pool"):
        write_table(frame_table(a_frame()), tmp_path / "pool.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["pool.parquet"]
