from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from labeling.exports.contract import LABEL_COLUMNS, VOTE_COLUMNS, plain_labels
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import POOL_KEYS, Make, make_bundle


def test_write_jsonl__pandas_reads_the_same_labels(tmp_path: Path) -> None:
    bundle = make_bundle()
    exports.get("jsonl")(bundle, tmp_path / "out")
    dtypes: Any = {"item_key": str, "row": "Int64", "round": "Int64", "votes": "Int64"}
    table = pd.read_json(tmp_path / "out/labels.jsonl", lines=True, dtype=dtypes)
    assert list(table.columns) == [*LABEL_COLUMNS, *VOTE_COLUMNS]
    labels = plain_labels(bundle)
    for name in ("item_key", "row", "round", "class_name", "annotator", "act"):
        told = [None if pd.isna(each) else each for each in table[name]]
        assert told == [None if pd.isna(each) else each for each in labels[name]], name
    assert (pd.to_datetime(table["labelled_at"], utc=True) == labels["labelled_at"]).all()


def test_write_jsonl__one_object_a_line_whatever_is_in_it(make: Make, tmp_path: Path) -> None:
    exports.get("jsonl")(make("text"), tmp_path / "out")
    text = (tmp_path / "out/labels.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert {row["item_key"] for row in rows} == {*POOL_KEYS, "gone"}
    told = {row["item_key"]: row["text"] for row in rows}
    assert told["a,b"] == "text 0: \u2028 “a,b”\nline"
    assert told["gone"] is None


def test_write_jsonl__classes_keep_their_order(tmp_path: Path) -> None:
    exports.get("jsonl")(make_bundle(), tmp_path / "out")
    lines = (tmp_path / "out/classes.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["class_name"] for line in lines] == ["common", "rare, odd", "=class", "unused"]
    assert json.loads(lines[1])["colour"] is None
