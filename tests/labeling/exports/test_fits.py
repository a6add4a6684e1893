from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.exports.contract import plain_labels
from labeling.exports.fits import encoded
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import Make, make_bundle


def read(path: Path, name: str = "LABELS") -> Any:
    return pytest.importorskip("astropy.table").Table.read(path, hdu=name)


def texts(column: Any) -> list[str]:
    values = column.filled("") if hasattr(column, "filled") else column
    return [unquote(each.decode() if isinstance(each, bytes) else str(each)) for each in values]


def test_write_fits__astropy_reads_the_same_labels(tmp_path: Path) -> None:
    pytest.importorskip("astropy")
    bundle = make_bundle()
    exports.get("fits")(bundle, tmp_path / "out")
    table, labels = read(tmp_path / "out/labels.fits"), plain_labels(bundle)
    assert texts(table["item_key"]) == labels["item_key"].tolist()
    assert texts(table["class_name"]) == [name or "" for name in labels["class_name"]]
    gone = labels["item_key"].tolist().index("gone")
    assert np.ma.is_masked(table["row"][gone]) and np.ma.is_masked(table["round"][gone])
    assert table["row"].filled(-1).tolist() == labels["row"].fillna(-1).tolist()
    assert np.isnan(np.ma.filled(table["agreement"], np.nan)).all()
    assert table.meta["GPREV"] == 17 and unquote(table.meta["GPPROJ"]) == "pröject"
    assert table.meta["GPPOOL"] == "p" * 64
    assert texts(read(tmp_path / "out/labels.fits", "CLASSES")["class_name"]) == [
        "common",
        "rare, odd",
        "=class",
        "unused",
    ]


def test_write_fits__the_pools_columns_follow(make: Make, tmp_path: Path) -> None:
    pytest.importorskip("astropy")
    bundle = make("table")
    exports.get("fits")(bundle, tmp_path / "out")
    table = read(tmp_path / "out/labels.fits")
    keys = texts(table["item_key"])
    assert bundle.pool is not None
    for number, key in enumerate(keys):
        row = bundle.pool.row(key)
        size = np.ma.filled(table["size"], np.nan)[number]
        if row is None or row == 3:
            assert np.isnan(size)
            continue
        assert size == pytest.approx(row / 7)
        assert texts(table["pool_Class_Name"])[number] == ("" if row == 4 else f"é{row % 5}")


@given(st.text(max_size=30))
def test_encoded__is_plain_ascii_and_comes_back(text: str) -> None:
    told = encoded(text)
    assert told.isascii() and (told.isprintable() or not told) and told == told.rstrip(" ")
    assert unquote(told) == text
