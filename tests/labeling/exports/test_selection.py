from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from labeling.curation.errors import SplitLeakError
from labeling.exports.csv import write_table
from labeling.exports.registry import exports
from labeling.exports.selection import check_written
from labeling.exports.selection_plan import plan_selection
from tests.labeling.exports.bundles import make_bundle


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"item_key": str, "class_name": str}, keep_default_na=False)


def test_write_selection__is_balanced_and_holds_labelled_items_only(tmp_path: Path) -> None:
    bundle = make_bundle()
    exports.get("selection")(bundle, tmp_path / "out")
    chosen = read(tmp_path / "out/selection.csv")
    assert chosen["class_name"].value_counts().to_dict() == {"common": 3, "rare, odd": 3, "=class": 3}
    truth = bundle.labels.set_index("item_key")["class_name"]
    assert (truth.loc[chosen["item_key"]].to_numpy() == chosen["class_name"].to_numpy()).all()
    assert "skipped" not in set(chosen["item_key"])


def test_write_selection__targets_budget_and_shortfall_are_told(tmp_path: Path) -> None:
    bundle = make_bundle(targets={"common": 1.0, "unused": 1.0}, budget=6)
    exports.get("selection")(bundle, tmp_path / "out")
    balance = read(tmp_path / "out/balance.csv").set_index("class_name")
    assert balance.loc["common", "taken"] == 5
    assert balance.loc["unused", "short"] == 3
    assert balance.loc["=class", "taken"] == 0


def test_write_selection__seed_decides(tmp_path: Path) -> None:
    kept = set()
    for seed in range(8):
        exports.get("selection")(make_bundle(seed=seed, budget=3), tmp_path / str(seed))
        kept.add((tmp_path / str(seed) / "selection.csv").read_text(encoding="utf-8"))
    assert len(kept) > 1


def test_write_selection__splits_are_written_and_read_back(tmp_path: Path) -> None:
    bundle = make_bundle(splits={"train": 2.0, "test": 1.0}, balanced=False)
    files = exports.get("selection")(bundle, tmp_path / "out")
    assert "splits.csv" in {path.name for path in files}
    chosen = read(tmp_path / "out/selection.csv")
    assert chosen["split"].value_counts().to_dict() == {"train": 8, "test": 4}
    splits = read(tmp_path / "out/splits.csv")
    assert splits["items"].sum() == 12


def test_check_written__a_file_that_tears_a_group(tmp_path: Path) -> None:
    labels = make_bundle().labels.assign(together=[0, 0, *range(1, 12)])
    plan = plan_selection(make_bundle(labels=labels, splits={"x": 1.0, "y": 1.0}, balanced=False))
    first, second = (str(key) for key in labels["item_key"][:2])
    torn = plan.items.copy()
    torn.loc[torn["item_key"] == first, "split"] = "x"
    torn.loc[torn["item_key"] == second, "split"] = "y"
    path = write_table(torn, tmp_path / "selection.csv")
    with pytest.raises(SplitLeakError, match="1 groups"):
        check_written(path, plan)
