from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.exporting import export_project, labels_frame
from app.importing import STRATEGY, import_labels
from app.project import Project
from labeling.imports.errors import ImportFileError
from tests.projects import label_some, make_clouds


def small(folder: Path, labels: dict[str, str]) -> Path:
    path = folder / "labels.json"
    path.write_text(
        json.dumps([{"item_key": key, "label": name} for key, name in labels.items()]), encoding="utf-8"
    )
    return path


def labels_of(project: Project) -> dict[str, str]:
    frame = labels_frame(project)
    return dict(zip(frame["item_key"], frame["class_name"], strict=True))


def test_import_labels__there_and_back(clouds: Project, tmp_path: Path) -> None:
    labels = label_some(clouds)
    export_project(clouds, formats=["label_studio"], folder=tmp_path / "out")
    (tmp_path / "other").mkdir()
    other = make_clouds(tmp_path / "other")
    done = import_labels(other, tmp_path / "out/label_studio/tasks.json", annotator="eve")
    assert (done.labels, done.stored) == (len(labels), len(labels))
    assert labels_of(other) == labels
    frame = labels_frame(other)
    assert set(frame["annotator"]) == {"eve"} and set(frame["strategy"]) == {STRATEGY}
    other.close()


def test_import_labels__twice_is_stored_once(clouds: Project, tmp_path: Path) -> None:
    path = small(tmp_path, {"item-000": "common", "item-001": "rare"})
    assert import_labels(clouds, path).stored == 2
    assert import_labels(clouds, path).stored == 0
    assert labels_of(clouds) == {"item-000": "common", "item-001": "rare"}


def test_import_labels__unknown_items_and_classes_are_named_and_nothing_is_stored(
    clouds: Project, tmp_path: Path
) -> None:
    path = small(tmp_path, {"item-000": "common", "nowhere": "common", "item-001": "blue"})
    words = "task 2: the pool has no item 'nowhere'; there is no open class 'blue'; open classes are 'common'"
    with pytest.raises(ImportFileError, match=words):
        import_labels(clouds, path)
    assert labels_of(clouds) == {}


def test_import_labels__empty_file(clouds: Project, tmp_path: Path) -> None:
    assert import_labels(clouds, small(tmp_path, {})).labels == 0


def test_command__says_how_many(clouds: Project, tmp_path: Path) -> None:
    path = small(tmp_path, {"item-000": "common"})
    arguments = ["import-labels", str(clouds.paths.config), str(path), "--annotator", "eve"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "1 labels in" in done.output and "1 of them new" in done.output
