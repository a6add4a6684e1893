"""The contract that every registered export keeps."""

from __future__ import annotations

import resource
from datetime import datetime
from pathlib import Path

import pytest

from config.errors import UnknownNameError
from labeling.curation.errors import SelectionError
from labeling.exports.errors import ExportBundleError, ExportFolderError, ExportUnfitError
from labeling.exports.items import GONE, UNREADABLE
from labeling.exports.manifest import left_out_count, read_manifest, verify_manifest
from labeling.exports.registry import NEEDS, PLURALS, Export, exports, write_exports
from tests.labeling.exports.bundles import BROKEN, Make, make_bundle, suited_kind

NAMES = exports.names()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(autouse=True)
def _library_is_there(request: pytest.FixtureRequest) -> None:
    """Leave out the exports whose library is not installed here."""
    name = getattr(getattr(request.node, "callspec", None), "params", {}).get("name")
    if name in NAMES and exports.get(name).library:
        pytest.importorskip(exports.get(name).library)


@pytest.fixture
def bundle_for(make: Make) -> Make:
    """Return what makes a bundle for an export: `bundle_for("csv", revision=18)`."""
    return lambda name, **changes: make(suited_kind(name), **changes)


@pytest.mark.parametrize("name", NAMES)
def test_export__returns_all_its_files_in_the_folder(name: str, bundle_for: Make, tmp_path: Path) -> None:
    files = exports.get(name)(bundle_for(name), tmp_path / "new/out")
    out = tmp_path / "new/out"
    assert sorted(path.relative_to(out).as_posix() for path in files) == sorted(contents(out))
    assert files[-1].name == "manifest.json"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


@pytest.mark.parametrize("name", NAMES)
def test_export__same_bundle_gives_the_same_bytes(name: str, bundle_for: Make, tmp_path: Path) -> None:
    exports.get(name)(bundle_for(name), tmp_path / "a")
    exports.get(name)(bundle_for(name), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("name", NAMES)
def test_export__order_of_labels_does_not_matter(name: str, bundle_for: Make, tmp_path: Path) -> None:
    bundle = bundle_for(name)
    exports.get(name)(bundle, tmp_path / "a")
    exports.get(name)(bundle_for(name, labels=bundle.labels.iloc[::-1]), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("name", NAMES)
def test_export__bundle_is_left_as_it_was(name: str, bundle_for: Make, tmp_path: Path) -> None:
    bundle, twin = bundle_for(name), bundle_for(name)
    exports.get(name)(bundle, tmp_path / "a")
    assert bundle.labels.equals(twin.labels)
    assert bundle.classes.equals(twin.classes)


@pytest.mark.parametrize("name", NAMES)
def test_export__manifest_agrees_with_the_files(name: str, bundle_for: Make, tmp_path: Path) -> None:
    files = exports.get(name)(bundle_for(name), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert manifest["exports"] == [name]
    out = tmp_path / "out"
    assert {entry["name"] for entry in manifest["files"]} == {
        path.relative_to(out).as_posix() for path in files[:-1]
    }
    verify_manifest(tmp_path / "out")


@pytest.mark.parametrize("name", NAMES)
def test_export__folder_with_files_is_refused_and_left_alone(
    name: str, bundle_for: Make, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(ExportFolderError, match="has files in it"):
            exports.get(name)(bundle_for(name), tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == {"thesis.txt": b"precious"}


@pytest.mark.parametrize("name", NAMES)
def test_export__earlier_export_is_replaced_only_when_asked(
    name: str, bundle_for: Make, tmp_path: Path
) -> None:
    exports.get(name)(bundle_for(name), tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(ExportFolderError, match="ask to overwrite"):
        exports.get(name)(bundle_for(name, revision=18), tmp_path / "out")
    assert contents(tmp_path / "out") == before
    exports.get(name)(bundle_for(name, revision=18), tmp_path / "out", overwrite=True)
    assert read_manifest(tmp_path / "out")["revision"] == 18
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", NAMES)
def test_export__no_labels_at_all(name: str, bundle_for: Make, tmp_path: Path) -> None:
    bundle = bundle_for(name)
    files = exports.get(name)(bundle_for(name, labels=bundle.labels.iloc[:0]), tmp_path / "out")
    assert all(path.stat().st_size or path.suffix == ".jsonl" for path in files)
    assert set(read_manifest(tmp_path / "out")["labels_per_class"].values()) == {0}


@pytest.mark.parametrize("name", NAMES)
def test_export__incomplete_bundle_is_refused_and_leaves_nothing(
    name: str, bundle_for: Make, tmp_path: Path
) -> None:
    bundle = bundle_for(name)
    wrong = {
        "no column 'annotator'": bundle_for(name, labels=bundle.labels.drop(columns="annotator")),
        "not in the table: '=class'": bundle_for(
            name, classes=bundle.classes[bundle.classes["class_name"] != "=class"]
        ),
        "occurs twice": bundle_for(name, labels=bundle.labels.assign(item_key="x")),
        "no time zone": bundle_for(name, created_at=datetime(2026, 1, 1)),
    }
    for message, broken in wrong.items():
        with pytest.raises(ExportBundleError, match=message):
            exports.get(name)(broken, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_export__place_that_cannot_be_written(name: str, bundle_for: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file/out"):
        with pytest.raises(ExportFolderError):
            exports.get(name)(bundle_for(name), folder)


@pytest.mark.parametrize("name", NAMES)
def test_export__disk_that_is_full_leaves_nothing(name: str, bundle_for: Make, tmp_path: Path) -> None:
    bundle, before = bundle_for(name), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # no file can have more bytes
    try:
        with pytest.raises(ExportFolderError, match="cannot be written"):
            exports.get(name)(bundle, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_export__every_kind_of_pool_it_suits(name: str, make: Make, tmp_path: Path) -> None:
    export = exports.get(name)
    for kind in PLURALS:
        if export.why_not(kind=kind, present=list(NEEDS)):
            with pytest.raises(ExportUnfitError, match=f"{name} is for pools of"):
                export(make(kind), tmp_path / kind)
            continue
        files = export(make(kind), tmp_path / kind)
        assert len(files) > 1


@pytest.mark.parametrize("name", NAMES)
def test_export__what_it_needs_is_missing(name: str, bundle_for: Make, tmp_path: Path) -> None:
    export = exports.get(name)
    bundle = bundle_for(name, pool=None, vectors=None, model=None)
    if not export.needs:
        assert export(bundle, tmp_path / "out")
        return
    with pytest.raises(ExportUnfitError, match=f"{name} needs"):
        export(bundle, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_why_not__library_that_is_not_installed() -> None:
    export = Export("x", "something", exports.get("csv").write, library="no_such_library", extra="fits")
    reason = export.why_not(kind="text", present=[])
    assert reason == "needs no_such_library, which is not installed: pip install 'goldpan[fits]'"


def test_write_exports__all_at_once(make: Make, tmp_path: Path) -> None:
    bundle = make("image")
    names = [name for name, each in exports if not each.why_not(kind="image", present=list(NEEDS))]
    files = write_exports(bundle, tmp_path / "out", names=names)
    assert len(names) > 10
    assert len(files) == len(set(files)) == len(contents(tmp_path / "out"))
    verify_manifest(tmp_path / "out")


def test_write_exports__what_is_left_out_is_counted_and_named(make: Make, tmp_path: Path) -> None:
    write_exports(make("image"), tmp_path / "out", names=("csv", "npz"))
    told = read_manifest(tmp_path / "out")["left_out"]
    assert list(told) == ["npz"]
    assert told["npz"]["count"] == left_out_count(tmp_path / "out") == 2
    assert {each["item_key"]: each["why"] for each in told["npz"]["items"]} == {
        BROKEN: UNREADABLE,
        "gone": GONE,
    }
    assert told["npz"]["reasons"] == {UNREADABLE: 1, GONE: 1}


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
    with pytest.raises(UnknownNameError, match=r"csv, fits, .*parquet, selection"):
        write_exports(make_bundle(), tmp_path / "out", names=("xml",))
    assert list(tmp_path.iterdir()) == []
