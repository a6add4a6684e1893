from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app import column_summaries
from app.column_summaries import BINS, ColumnSummaries, summarise
from labeling.pools.pool import Pool
from tests.labeling.pools.files import csv_pool, snapshot, write_image_folder

ROWS = 500


def columns(folder: Path, frame: dict[str, Any], **section: object) -> dict[str, Any]:
    text = pd.DataFrame(frame).to_csv(index=False)
    found: dict[str, Any] = summarise(csv_pool(folder, text, **section))["columns"]
    return found


def test_summarise__numbers_have_bins_and_percentiles(tmp_path: Path) -> None:
    fact = columns(tmp_path, {"a": np.arange(ROWS) / 10})["a"]
    assert fact["kind"] == "numeric"
    assert (len(fact["counts"]), sum(fact["counts"])) == (BINS, ROWS)
    assert fact["percentiles"][0] == 0 and fact["percentiles"][100] == pytest.approx(49.9)
    assert fact["percentiles"][50] == pytest.approx(24.95)
    assert (fact["missing"], fact["date"]) == (0, False)


def test_summarise__one_stray_number_leaves_the_bins_to_the_others(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=ROWS)
    values[3] = 1e9
    fact = columns(tmp_path, {"a": values})["a"]
    assert fact["high"] < 10
    assert max(fact["counts"]) < ROWS / 2
    assert fact["percentiles"][100] == 1e9


def test_summarise__missing_and_infinite_numbers_are_counted_apart(tmp_path: Path) -> None:
    values = np.arange(ROWS, dtype=float)
    values[:50], values[50:100] = np.nan, np.inf
    fact = columns(tmp_path, {"a": values, "b": 1})["a"]
    assert fact["missing"] == pytest.approx(0.2)
    assert sum(fact["counts"]) == 400
    assert fact["percentiles"][0] == 100


def test_summarise__the_same_throughout_and_nothing_at_all(tmp_path: Path) -> None:
    frame = {"a": range(ROWS), "same": np.full(ROWS, 2.5), "none": [np.nan] * ROWS}
    found = columns(tmp_path, frame, extra=["same", "none"])
    assert (found["same"]["low"], found["same"]["high"], sum(found["same"]["counts"])) == (2.5, 2.5, ROWS)
    assert found.get("none", {"kind": "empty"}) == {"kind": "empty"}


def test_summarise__numbers_whose_distance_no_float_holds(tmp_path: Path) -> None:
    found = columns(tmp_path, {"a": [-1.7e308, 1.7e308] * 50})
    json.dumps(found, allow_nan=False)
    assert found["a"] == {"kind": "empty"}


def test_summarise__categories_have_shares_the_most_frequent_first(tmp_path: Path) -> None:
    kinds = ["<b>star</b>"] * 350 + ["galaxy"] * 100 + [None] * 50
    fact = columns(tmp_path, {"kind": kinds, "a": range(ROWS)})["kind"]
    assert fact["kind"] == "categorical"
    assert [name for name, _ in fact["shares"]] == ["<b>star</b>", "galaxy"]
    assert [share for _, share in fact["shares"]] == pytest.approx([0.777778, 0.222222])
    assert fact["missing"] == pytest.approx(0.1)


def test_summarise__dates_are_told_and_keep_their_digits(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-01", periods=ROWS, freq="D").strftime("%Y-%m-%d")
    fact = columns(tmp_path, {"seen": days, "a": range(ROWS)})["seen"]
    assert fact["date"]
    assert fact["percentiles"][0] == pd.Timestamp("2026-01-01", tz="UTC").timestamp()


def test_summarise__the_hidden_truth_has_none_and_what_is_only_shown_has(tmp_path: Path) -> None:
    found = columns(
        tmp_path,
        {"a": range(ROWS), "z": range(ROWS), "class": ["x", "y"] * (ROWS // 2)},
        truth="class",
        extra=["z"],
    )
    assert set(found) == {"a", "z"}


def test_summarise__a_pool_of_images_without_columns(tmp_path: Path) -> None:
    assert summarise(snapshot(tmp_path, write_image_folder(tmp_path)))["columns"] == {}


def test_summarise__a_large_pool_is_sampled_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_summaries, "SAMPLE_ROWS", 400)
    monkeypatch.setattr(column_summaries, "BLOCK_ROWS", 20)
    pool = csv_pool(tmp_path, pd.DataFrame({"a": np.arange(10_000), "b": 1.5}).to_csv(index=False))
    found = summarise(pool)
    assert found["rows"] == 400
    fact = found["columns"]["a"]
    assert fact["percentiles"][0] == 0 and fact["percentiles"][100] == 9_999
    assert fact["percentiles"][50] == pytest.approx(5_000, rel=0.03)


def test_summarise__more_columns_than_are_held_at_once(tmp_path: Path) -> None:
    frame = {f"c{number}": np.arange(50) + number for number in range(40)}
    found = columns(tmp_path, frame)
    assert len(found) == 40
    assert found["c39"]["percentiles"][0] == 39


def test_column_summaries__are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(pool: Pool) -> dict[str, Any]:
        calls.append(pool)
        return summarise(pool)

    monkeypatch.setattr(column_summaries, "summarise", counted)
    summaries = ColumnSummaries(csv_pool(tmp_path, "a,b\n1,2\n3,4\n"))
    assert summaries.read() is summaries.read()
    assert len(calls) == 1
