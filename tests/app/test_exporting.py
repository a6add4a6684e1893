"""Exports of a small real project, read back by pandas."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from app.exporting import export_project, labels_frame
from app.project import Project
from config.errors import GoldpanError, UnknownNameError
from config.files import load_config
from labeling.classes import archive_class, list_classes
from tests.projects import label_some


def test_export_project__reads_back_equal(clouds: Project, tmp_path: Path) -> None:
    labels = label_some(clouds)
    written = export_project(clouds, folder=tmp_path / "out")
    csv = next(path for path in written.files if path.name == "labels.csv")
    parquet = next(path for path in written.files if path.name == "labels.parquet")
    for frame in (pd.read_csv(csv), pd.read_parquet(parquet)):
        assert dict(zip(frame["item_key"], frame["class_name"], strict=True)) == labels
    assert load_config(tmp_path / "out" / "shared.yaml").shared is not None


def test_export_project__selection_is_balanced(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds, each=6)
    export_project(clouds, formats=["selection"], folder=tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    selection = next((tmp_path / "out").glob("selection*.csv"))
    counts = pd.read_csv(selection)["class_name"].value_counts()
    assert counts.nunique() == 1
    assert manifest["hashes"]["pool"] == clouds.pool.hash
    assert len(manifest["hashes"]["vectors"]) == 64


def test_export_project__without_labels(clouds: Project, tmp_path: Path) -> None:
    written = export_project(clouds, folder=tmp_path / "out")
    assert written.labels == 0
    assert len(pd.read_csv(tmp_path / "out" / "labels.csv")) == 0


def test_export_project__twice_into_the_project(clouds: Project) -> None:
    label_some(clouds)
    assert export_project(clouds).folder != export_project(clouds).folder


def test_export_project__onto_files(clouds: Project, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep me", encoding="utf-8")
    with pytest.raises(GoldpanError):
        export_project(clouds, folder=tmp_path)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "keep me"


def test_export_project__unknown_format(clouds: Project, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="csv"):
        export_project(clouds, formats=["cvs"], folder=tmp_path / "out")


def test_export_project__labels_of_an_archived_class(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    with clouds.database.transaction() as session:
        archive_class(session, class_id=list_classes(session)[2].id)
    export_project(clouds, folder=tmp_path / "out")
    assert "rare" in set(pd.read_csv(tmp_path / "out" / "labels.csv")["class_name"])


def test_labels_frame__is_in_the_order_of_the_pool(clouds: Project) -> None:
    label_some(clouds)
    assert labels_frame(clouds)["row"].is_monotonic_increasing
