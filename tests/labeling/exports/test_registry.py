"""The contract that every registered export keeps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from config.errors import UnknownNameError
from labeling.curation.errors import SelectionError
from labeling.exports.errors import ExportBundleError, ExportFolderError
from labeling.exports.manifest import read_manifest, verify_manifest
from labeling.exports.registry import exports, write_exports
from tests.labeling.exports.bundles import make_bundle

NAMES = exports.names()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_export__returns_all_its_files_in_the_folder(name: str, tmp_path: Path) -> None:
    files = exports.get(name)(make_bundle(), tmp_path / "new/out")
    assert {path.name for path in files} == set(contents(tmp_path / "new/out"))
    assert files[-1].name == "manifest.json"
    assert all(path.is_file() and path.parent == tmp_path / "new/out" for path in files)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


@pytest.mark.parametrize("name", NAMES)
def test_export__same_bundle_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    exports.get(name)(make_bundle(), tmp_path / "a")
    exports.get(name)(make_bundle(), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("name", NAMES)
def test_export__order_of_labels_does_not_matter(name: str, tmp_path: Path) -> None:
    bundle = make_bundle()
    exports.get(name)(bundle, tmp_path / "a")
    exports.get(name)(make_bundle(labels=bundle.labels.iloc[::-1]), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("name", NAMES)
def test_export__bundle_is_left_as_it_was(name: str, tmp_path: Path) -> None:
    bundle, twin = make_bundle(), make_bundle()
    exports.get(name)(bundle, tmp_path / "a")
    assert bundle.labels.equals(twin.labels)
    assert bundle.classes.equals(twin.classes)


@pytest.mark.parametrize("name", NAMES)
def test_export__manifest_agrees_with_the_files(name: str, tmp_path: Path) -> None:
    files = exports.get(name)(make_bundle(), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert manifest["exports"] == [name]
    assert {entry["name"] for entry in manifest["files"]} == {path.name for path in files[:-1]}
    verify_manifest(tmp_path / "out")


@pytest.mark.parametrize("name", NAMES)
def test_export__folder_with_files_is_refused_and_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(ExportFolderError, match="has files in it"):
            exports.get(name)(make_bundle(), tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == {"thesis.txt": b"precious"}


@pytest.mark.parametrize("name", NAMES)
def test_export__earlier_export_is_replaced_only_when_asked(name: str, tmp_path: Path) -> None:
    exports.get(name)(make_bundle(), tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(ExportFolderError, match="ask to overwrite"):
        exports.get(name)(make_bundle(revision=18), tmp_path / "out")
    assert contents(tmp_path / "out") == before
    exports.get(name)(make_bundle(revision=18), tmp_path / "out", overwrite=True)
    assert read_manifest(tmp_path / "out")["revision"] == 18
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", NAMES)
def test_export__no_labels_at_all(name: str, tmp_path: Path) -> None:
    bundle = make_bundle()
    files = exports.get(name)(make_bundle(labels=bundle.labels.iloc[:0]), tmp_path / "out")
    assert all(path.stat().st_size for path in files)
    assert set(read_manifest(tmp_path / "out")["labels_per_class"].values()) == {0}


@pytest.mark.parametrize("name", NAMES)
def test_export__incomplete_bundle_is_refused_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    bundle = make_bundle()
    wrong = {
        "no column 'annotator'": make_bundle(labels=bundle.labels.drop(columns="annotator")),
        "not in the table: '=class'": make_bundle(
            classes=bundle.classes[bundle.classes["class_name"] != "=class"]
        ),
        "occurs twice": make_bundle(labels=bundle.labels.assign(item_key="x")),
        "no time zone": make_bundle(created_at=datetime(2026, 1, 1)),
    }
    for message, broken in wrong.items():
        with pytest.raises(ExportBundleError, match=message):
            exports.get(name)(broken, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_export__place_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file/out"):
        with pytest.raises(ExportFolderError):
            exports.get(name)(make_bundle(), folder)


def test_write_exports__several_share_one_manifest(tmp_path: Path) -> None:
    files = write_exports(make_bundle(), tmp_path / "out", names=("csv", "selection", "csv"))
    assert read_manifest(tmp_path / "out")["exports"] == ["csv", "selection"]
    assert len(files) == len(set(files)) == 5
    verify_manifest(tmp_path / "out")


def test_write_exports__failing_export_leaves_the_earlier_one(tmp_path: Path) -> None:
    write_exports(make_bundle(), tmp_path / "out", names=("csv",))
    before = contents(tmp_path / "out")
    with pytest.raises(SelectionError):
        write_exports(
            make_bundle(targets={"common": -1.0}),
            tmp_path / "out",
            names=("csv", "selection"),
            overwrite=True,
        )
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_write_exports__unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="csv, parquet, selection"):
        write_exports(make_bundle(), tmp_path / "out", names=("xml",))
    assert list(tmp_path.iterdir()) == []
