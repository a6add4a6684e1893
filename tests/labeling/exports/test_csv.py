from __future__ import annotations

from pathlib import Path

import pandas as pd

from labeling.exports.contract import LABEL_COLUMNS, VOTE_COLUMNS, plain_labels
from labeling.exports.csv import read_labels
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import NASTY, make_bundle


def test_write_csv__awkward_values_read_back_equal(tmp_path: Path) -> None:
    bundle = make_bundle()
    exports.get("csv")(bundle, tmp_path / "out")
    pd.testing.assert_frame_equal(read_labels(tmp_path / "out/labels.csv"), plain_labels(bundle))


def test_write_csv__other_programs_read_the_same_keys(tmp_path: Path) -> None:
    exports.get("csv")(make_bundle(), tmp_path / "out")
    table = pd.read_csv(tmp_path / "out/labels.csv", dtype=str, keep_default_na=False)
    assert list(table.columns) == [*LABEL_COLUMNS, *VOTE_COLUMNS]
    assert set(NASTY) <= set(table["item_key"])


def test_write_csv__values_are_not_changed_for_spreadsheets(tmp_path: Path) -> None:
    exports.get("csv")(make_bundle(), tmp_path / "out")
    assert "\n=SUM(A1)," in (tmp_path / "out/labels.csv").read_text(encoding="utf-8")


def test_write_csv__classes_keep_their_order(tmp_path: Path) -> None:
    exports.get("csv")(make_bundle(), tmp_path / "out")
    text = (tmp_path / "out/classes.csv").read_text(encoding="utf-8")
    assert text == 'class_name,colour\ncommon,#ff0000\n"rare, odd",\n=class,#00ff00\nunused,\n'
