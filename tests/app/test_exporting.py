"""Exports of a small real project, read back by pandas."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from app.exporting import Exported, export_project, labels_frame, preview_selection, unfit_exports
from app.project import Project
from app.run_now import run_now
from app.selection_wishes import SelectionWishes
from config.errors import GoldpanError, UnknownNameError
from config.files import load_config
from labeling.classes import archive_class, list_classes, rename_class, update_class
from labeling.exports.csv import read_labels as read_csv
from labeling.exports.parquet import read_labels as read_parquet
from labeling.exports.registry import exports
from tests.projects import label, label_some, truth_of


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


def divided(project: Project) -> dict[str, str]:
    """Let three people label ten items; the third one is always wrong. Returns the true classes."""
    truth = dict(list(truth_of(project).items())[:10])
    label(project, truth)
    label(project, truth, annotator="bob")
    label(
        project, {key: "rare" if name != "rare" else "common" for key, name in truth.items()}, annotator="cyd"
    )
    return truth


def test_export_project__tells_of_several_votes(clouds: Project, tmp_path: Path) -> None:
    truth = divided(clouds)
    alone = next(key for key in truth_of(clouds) if key not in truth)
    label(clouds, {alone: "other"})
    written = export_project(clouds, folder=tmp_path / "out")
    for name, read in (("labels.csv", read_csv), ("labels.parquet", read_parquet)):
        table = read(next(path for path in written.files if path.name == name)).set_index("item_key")
        several = table.loc[list(truth)]
        assert (several["votes"] == 3).all()
        assert several["agreement"].tolist() == pytest.approx([1 / 3] * 10)
        assert several["consensus"].to_dict() == truth
        assert several["confidence"].between(0.5, 1).all()
        assert several["class_name"].to_dict() == truth
        lone = table.loc[alone]
        assert lone["votes"] == 1
        assert lone["consensus"] is None and lone["agreement"] is pd.NA
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["team"]["votes"] == {"ann": 11, "bob": 10, "cyd": 10}
    assert manifest["team"]["method"] == "model_assisted"
    assert manifest["team"]["items"] == 10
    assert manifest["team"]["alpha"] < 0.5


def test_export_project__one_person_is_no_team(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    written = export_project(clouds, folder=tmp_path / "out")
    table = read_csv(next(path for path in written.files if path.name == "labels.csv"))
    assert (table["votes"] == 1).all()
    assert table["consensus"].isna().all()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["team"] is None


def test_export_project__the_last_round_has_a_say_where_people_are_divided(
    clouds: Project, tmp_path: Path
) -> None:
    truth = truth_of(clouds)
    label(clouds, dict(list(truth.items())[:60]))
    torn = list(truth)[60:66]
    label(clouds, {key: truth[key] for key in torn})
    label(clouds, {key: "rare" if truth[key] != "rare" else "other" for key in torn}, annotator="bob")
    run_now(clouds)
    written = export_project(clouds, folder=tmp_path / "out")
    table = read_csv(next(path for path in written.files if path.name == "labels.csv")).set_index("item_key")
    assert table.loc[torn, "consensus"].to_dict() == {key: truth[key] for key in torn}


def test_describe__says_what_is_left_out(tmp_path: Path) -> None:
    whole = Exported(folder=tmp_path, files=(), labels=3)
    assert whole.describe() == f"3 labels are written to {tmp_path}"
    told = Exported(folder=tmp_path, files=(), labels=3, left_out=2).describe()
    assert "2 items are left out of an export" in told and "manifest.json" in told


def test_export_project__does_not_suit_the_pool(clouds: Project, tmp_path: Path) -> None:
    with pytest.raises(
        GoldpanError, match="coco is for pools of images, this one is of table rows; model needs"
    ):
        export_project(clouds, formats=["csv", "coco", "model"], folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file have more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_export_project__disk_that_is_full_at_the_last_file(clouds: Project, tmp_path: Path) -> None:
    """The labels are written by then, and a folder without the shared config would look whole."""
    label_some(clouds)
    with disk_of(6_000), pytest.raises(GoldpanError, match=r"shared\.yaml"):
        export_project(clouds, formats=["csv"], folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert export_project(clouds, formats=["csv"], folder=tmp_path / "out").labels == 12


def test_export_project__names_with_slashes(clouds: Project, tmp_path: Path) -> None:
    section = clouds.config.project.model_copy(update={"name": "north/south ../../x"})
    named = replace(clouds, config=clouds.config.model_copy(update={"project": section}))
    with clouds.database.transaction() as session:
        common = next(entry for entry in list_classes(session) if entry.name == "common")
        rename_class(session, class_id=common.id, name="../red/blue")
    label(clouds, {"item-000": "../red/blue", "item-001": "rare"})
    run_now(clouds)
    suited = [name for name, _ in exports if name not in unfit_exports(named, round_number=1)]
    written = export_project(named, formats=suited, folder=tmp_path / "deep" / "out")
    assert len(suited) >= 9
    assert all(file.resolve().is_relative_to(tmp_path / "deep" / "out") for file in written.files)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert set(pd.read_csv(tmp_path / "deep/out/labels.csv")["class_name"]) == {"../red/blue", "rare"}
    assert json.loads((tmp_path / "deep/out/manifest.json").read_text("utf-8"))["project"] == section.name


def test_export_project__a_target_no_class_can_meet(clouds: Project, tmp_path: Path) -> None:
    label(clouds, dict.fromkeys(list(truth_of(clouds))[:9], "common"))
    with clouds.database.transaction() as session:
        for entry in list_classes(session):
            update_class(session, class_id=entry.id, target=1.0 if entry.name == "rare" else 0.0)
    written = export_project(clouds, formats=["csv", "selection"], folder=tmp_path / "out")
    assert written.labels == 9
    assert len(pd.read_csv(tmp_path / "out" / "selection.csv")) == 0
    words = preview_selection(clouds, SelectionWishes())
    assert words == ["Nothing would be selected of 9 labels: no class that has a target has a label."]
    words = preview_selection(clouds, SelectionWishes(counts={"common": 500}))
    assert "Fewer than wanted: common has 9 of the 500 wanted." in words
