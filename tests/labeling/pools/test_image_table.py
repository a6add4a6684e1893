from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from config.schema import PoolSection
from labeling.pools.errors import PoolColumnsError, PoolEmptyError, PoolReaderError
from labeling.pools.truth import read_truth
from tests.labeling.pools.files import image_bytes, parquet_pool, snapshot


def test_read_image_table__structure_of_bytes_and_path(tmp_path: Path) -> None:
    rows = [{"bytes": image_bytes(0), "path": "/etc/passwd"}, {"bytes": None, "path": "/etc/passwd"}, None]
    pool = parquet_pool(tmp_path, {"image": rows})
    assert pool.kind == "image"
    assert pool.image(0) == (image_bytes(0), "image/png")
    assert pool.readable.tolist() == [True, False, False]
    assert "no image bytes" in str(pool.view(1).problem)
    assert pool.image(1) is None


def test_read_image_table__damaged_images_are_kept_as_unreadable(tmp_path: Path) -> None:
    pool = parquet_pool(tmp_path, {"image": [image_bytes(), b"", b"text", image_bytes()[:60], None]})
    assert pool.readable.tolist() == [True, False, False, False, False]
    assert pool.images(0, 5) == [image_bytes(), None, None, None, None]


def test_read_image_table__other_columns_are_left_out_but_for_extra(tmp_path: Path) -> None:
    columns = {"image": [image_bytes(0), image_bytes(1)], "label": ["a", "b"], "site": ["x", "y"]}
    pool = parquet_pool(tmp_path, columns, extra=("site",))
    assert pool.view(1).extra == (("site", "y"),)
    assert dict(pool.roles) == {}
    assert b"label" not in (pool.folder / "items.arrow").read_bytes()


def test_read_image_table__names_behind_numbers_become_the_truth(tmp_path: Path) -> None:
    features = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    table = pa.table({"image": [image_bytes(i) for i in range(3)], "label": [1, 0, None]})
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pa.parquet.write_table(table, tmp_path / "h.parquet")
    pool = snapshot(tmp_path, PoolSection(path="h.parquet", truth="label"))
    assert read_truth(pool.folder) == ["dog", "cat", ""]


def test_read_image_table__key_that_tells_the_truth_is_not_taken(tmp_path: Path) -> None:
    columns = {
        "id": ["train/cat/1.png", "train/dog/2.png"],
        "image": [image_bytes(0), image_bytes(1)],
        "label": ["cat", "dog"],
    }
    pool = parquet_pool(tmp_path, columns, truth="label")
    assert pool.keys([0, 1]) == ["row-000001", "row-000002"]
    assert any("tell the hidden truth" in note for note in pool.notes)
    insisted = parquet_pool(tmp_path, columns, truth="label", key="id")
    assert insisted.key(0) == "train/cat/1.png"
    assert any("contain the hidden truth" in note for note in insisted.notes)


def test_read_image_table__several_columns_of_bytes_must_be_told_apart(tmp_path: Path) -> None:
    columns = {"left": [image_bytes(0)], "right": [image_bytes(1)]}
    with pytest.raises(PoolColumnsError, match="one of: left, right"):
        parquet_pool(tmp_path, columns, reader="image_table")
    assert parquet_pool(tmp_path, columns, image="right").image(0) == (image_bytes(1), "image/png")


def test_read_image_table__column_without_bytes(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match="'x' holds int64, not bytes"):
        parquet_pool(tmp_path, {"x": [1]}, image="x")
    with pytest.raises(PoolColumnsError, match="no column holds bytes"):
        parquet_pool(tmp_path, {"x": [1]}, reader="image_table")


def test_read_image_table__no_rows(tmp_path: Path) -> None:
    with pytest.raises(PoolEmptyError, match="no rows"):
        parquet_pool(tmp_path, {"image": pa.array([], pa.binary())})


def test_read_image_table__csv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,image\n1,x\n")
    with pytest.raises(PoolReaderError, match="needs a Parquet file"):
        snapshot(tmp_path, PoolSection(path="t.csv", reader="image_table"))


def test_read_image_table__images_larger_than_a_batch_are_found_again(tmp_path: Path) -> None:
    images = [image_bytes(i, kind="BMP", size=(1500, 1500)) for i in range(6)]
    pool = parquet_pool(tmp_path, {"id": [f"k{i}" for i in range(6)], "image": images})
    assert pool.images(0, 6) == images


def test_read_image_table__the_group_is_shown(tmp_path: Path) -> None:
    columns = {"image": [image_bytes(0), image_bytes(1)], "whole": ["a", "a"], "site": ["x", "y"]}
    pool = parquet_pool(tmp_path, columns, extra=("site",), group="whole")
    assert pool.view(1).extra == (("site", "y"), ("whole", "a"))
