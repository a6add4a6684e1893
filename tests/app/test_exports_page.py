"""The page docs/exports.md: every export is on it, and every way to read one back does."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from app.exporting import export_project, trained_model, unfit_exports
from app.project import Project
from app.run_now import run_now
from labeling.exports.registry import exports
from tests.projects import label_some

PAGE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text("utf-8")
SNIPPETS = re.findall(r"^`(\w+)`[^\n]*\n\n```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
ON_IMAGES = {"image_folder", "coco"}
OPTIONAL = {"astropy", "datasets", "onnxruntime", "webdataset"}
"""Libraries that an environment without development tools may lack."""


def test_page__names_every_export_once() -> None:
    table = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(table) == exports.names()
    assert sorted(name for name, _ in SNIPPETS) == sorted({*exports.names()} - {"label_studio"})


def test_page__every_way_to_read_one_back_works(
    clouds: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = label_some(clouds)
    run_now(clouds)
    unfit = unfit_exports(clouds, round_number=1)
    assert set(unfit) >= ON_IMAGES
    assert not {name for name, _ in SNIPPETS} & set(unfit) - ON_IMAGES - {"fits", "onnx"}
    written = export_project(
        clouds, formats=[name for name in exports.names() if name not in unfit], folder=tmp_path / "out"
    )
    assert written.left_out == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    names: dict[str, Any] = {}
    for name, code in SNIPPETS:
        if name in unfit:
            continue
        try:
            exec(compile(code, f"docs/exports.md: {name}", "exec"), names)
        except ModuleNotFoundError as missing:
            if missing.name not in OPTIONAL:
                raise
    [rows] = re.findall(r"^## Raw rows.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    exec(compile(rows, "docs/exports.md: raw rows", "exec"), names)
    assert len(names["names"]) == 2
    assert names["probabilities"].shape == (len(labels), 3)
    assert names["data"]["X"].shape[0] == len(labels)


def test_trained_model__before_and_after_a_round(clouds: Project) -> None:
    assert trained_model(clouds, round_number=0) is None
    assert "model" in unfit_exports(clouds, round_number=0)
    label_some(clouds)
    run_now(clouds)
    found = trained_model(clouds, round_number=1)
    assert found is not None and found.class_names == ("common", "other", "rare")
