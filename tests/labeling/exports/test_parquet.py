from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet

from labeling.exports.contract import plain_labels
from labeling.exports.parquet import LABEL_SCHEMA, read_labels
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import make_bundle


def test_write_parquet__reads_back_equal(tmp_path: Path) -> None:
    bundle = make_bundle()
    exports.get("parquet")(bundle, tmp_path / "out")
    pd.testing.assert_frame_equal(read_labels(tmp_path / "out/labels.parquet"), plain_labels(bundle))


def test_write_parquet__types_do_not_depend_on_the_labels(tmp_path: Path) -> None:
    bundle = make_bundle()
    exports.get("parquet")(make_bundle(labels=bundle.labels.iloc[:0]), tmp_path / "out")
    schema = pyarrow.parquet.read_schema(tmp_path / "out/labels.parquet")
    assert schema.equals(LABEL_SCHEMA)


def test_write_parquet__hashes_travel_in_the_file(tmp_path: Path) -> None:
    exports.get("parquet")(make_bundle(), tmp_path / "out")
    metadata = pyarrow.parquet.read_schema(tmp_path / "out/labels.parquet").metadata
    assert metadata[b"goldpan.pool_hash"] == b"p" * 64
    assert metadata[b"goldpan.revision"] == b"17"
