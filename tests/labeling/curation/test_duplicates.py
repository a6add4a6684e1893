from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from config.schema import PoolSection
from labeling.curation.duplicates import content_hashes, equal_groups
from labeling.pools.pool import Pool
from tests.labeling.pools.files import csv_pool, image_bytes, parquet_pool, snapshot


def table(folder: Path) -> Pool:
    text = "id,a,kind,site\n1,1.5,x,n\n2,1.50,x,s\n3,,x,n\n4,1.5,y,n\n5,,x,e\n"
    return csv_pool(folder, text, key="id", columns=("a", "kind"), extra=("site",))


def images(folder: Path) -> Pool:
    files = [image_bytes(0), image_bytes(1), b"no image", image_bytes(0), b"no image"]
    return parquet_pool(folder, {"image": files})


def texts(folder: Path) -> Pool:
    (folder / "t.csv").write_text("id,text\n1,one\n2,two\n3,\n4,one\n5,\n", encoding="utf-8")
    return snapshot(folder, PoolSection(path="t.csv", key="id", text="text"))


def vectors(folder: Path) -> Pool:
    return parquet_pool(folder, {"v": [[1.0, 2.0], [3.0, 4.0], None, [1.0, 2.0], None]})


def series(folder: Path) -> Pool:
    return parquet_pool(folder, {"s": [[1.0, 2.0], [3.0], None, [1.0, 2.0], None]}, series=("s",))


@pytest.mark.parametrize("make", [images, texts, vectors, series])
def test_content_hashes__the_same_content_and_what_cannot_be_read(
    make: Callable[[Path], Pool], tmp_path: Path
) -> None:
    pool = make(tmp_path)
    groups = equal_groups(content_hashes(pool), np.asarray(pool.readable))
    assert groups.tolist() == [0, -1, -1, 0, -1]


def test_content_hashes__of_a_table_are_of_the_columns_that_a_model_reads(tmp_path: Path) -> None:
    pool = table(tmp_path)
    assert equal_groups(content_hashes(pool), np.asarray(pool.readable)).tolist() == [0, 0, 1, -1, 1]


def test_equal_groups__are_numbered_by_their_first_items() -> None:
    hashes = np.array([9, 2, 5, 2, 9, 7], np.uint64)
    assert equal_groups(hashes, np.ones(6, np.bool_)).tolist() == [0, 1, -1, 1, 0, -1]
    assert equal_groups(hashes[:0], np.ones(0, np.bool_)).tolist() == []
