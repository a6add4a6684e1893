"""Curation of small real projects: what is found, said and written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.curate_words import curated_words, write_curated
from app.curating import curate_pool
from app.curation_columns import curation_columns
from app.errors import ProjectError
from app.exporting import export_bundle, export_project, preview_selection
from app.prepare import create_project, settings_changed
from app.project import Project, open_project
from app.selection_wishes import SelectionWishes, read_wishes
from app.setup import ProjectWishes, make_config
from config.files import load_config, save_config
from labeling.curation.errors import GroupColumnError
from labeling.exports.manifest import verify_manifest
from tests.app.commands import run_command
from tests.projects import label, truth_of

COPIES = {"copy-1": 3, "copy-2": 3, "near-1": 8}


def make_flawed(folder: Path, *, group: str | None = "night") -> Project:
    """Make a project of 300 items in nights of 6, with two exact copies, a near one, two far away and an empty one."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=(300, 4))
    values[40:42] = [[60] * 4, [-80] * 4]
    lines = [
        f"item-{row:03d},{','.join(map(repr, own.tolist()))},n{row // 6},{'b' if row % 5 == 0 else 'a'}"
        for row, own in enumerate(values)
    ]
    for name, row in COPIES.items():
        own = values[row] + (0.0001 if name.startswith("near") else 0)
        lines.append(f"{name},{','.join(map(repr, own.tolist()))},,{'b' if row % 5 == 0 else 'a'}")
    lines.append("empty,,,,,,a")
    (folder / "flawed.csv").write_text("\n".join(["id,p,q,r,s,night,kind", *lines]) + "\n", encoding="utf-8")
    wishes = ProjectWishes(
        name="flawed",
        pool=str(folder / "flawed.csv"),
        key="id",
        columns=tuple("pqrs"),
        group=group,
        truth="kind",
        classes=("a", "b"),
    )
    return create_project(make_config(wishes, folder / "flawed.yaml"), folder / "flawed.yaml")


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = make_flawed(tmp_path_factory.mktemp("flawed"))
    labels = truth_of(project)
    label(project, {key: name for key, name in labels.items() if key != "empty"})
    label(project, {"copy-2": "b"})
    yield project
    project.close()


def test_curate_pool__finds_what_was_planted(flawed: Project) -> None:
    found = curate_pool(flawed)
    sets = found.duplicates.groupby("set")["item_key"].agg(set).tolist()
    assert sets == [{"item-003", "copy-1", "copy-2"}, {"item-008", "near-1"}]
    kinds = found.duplicates.set_index("item_key")["kind"]
    assert kinds["copy-1"] == kinds["item-003"] == "exact" and kinds["near-1"] == "near"
    far = found.outliers[found.outliers["scope"] == "pool"]["item_key"].tolist()
    assert set(far[:2]) == {"item-040", "item-041"}
    assert found.unreadable["item_key"].tolist() == ["empty"]


def test_curate_pool__copies_with_different_labels_are_told(flawed: Project) -> None:
    found = curate_pool(flawed)
    assert found.duplicates.groupby("set")["conflict"].first().tolist() == [True, False]
    words = " ".join(curated_words(found))
    assert "1 set with more than one class" in words and "copy-2 is b" in words


def test_curate_pool__how_near_can_be_said(flawed: Project) -> None:
    assert len(curate_pool(flawed, ratio=0.0).duplicates) == 3
    assert len(curate_pool(flawed, ratio=1.0).duplicates) > 200


def test_curated_words__of_a_pool_without_flaws(clouds: Project) -> None:
    words = curated_words(curate_pool(clouds))
    assert words[0].startswith("Duplicates: none among 108 items")
    assert words[-1] == "Unreadable: no item."


def test_curate_command__prints_and_writes(flawed: Project, tmp_path: Path) -> None:
    path = flawed.paths.config
    done = run_command("curate", str(path), "--to", str(tmp_path / "out"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 sets of items that are the same or nearly so" in done.stdout
    assert "empty (there is no value in any of its columns)" in done.stdout
    table = pd.read_csv(tmp_path / "out" / "duplicates.csv")
    assert table["set"].tolist() == [1, 1, 1, 2, 2]
    again = run_command("curate", str(path), "--to", str(tmp_path / "out"), folder=tmp_path)
    assert again.returncode == 2 and "choose a new folder" in again.stderr


def test_curate_command__without_vectors(tmp_path: Path) -> None:
    project = make_flawed(tmp_path)
    project.close()
    (project.paths.vectors / "vectors.npy").unlink()
    done = run_command("curate", str(project.paths.config), folder=tmp_path)
    assert done.returncode == 2
    assert "goldpan round" in done.stderr and "Traceback" not in done.stderr


def test_write_curated__a_file_in_the_way(flawed: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(ProjectError, match="choose a new folder"):
        write_curated(curate_pool(flawed), tmp_path / "file")


def test_curation_columns__nights_and_copies_belong_together(flawed: Project) -> None:
    told = curation_columns(flawed, export_bundle(flawed).labels, together=True).set_index("item_key")
    group, together = told["group"].to_dict(), told["together"].to_dict()
    assert group["item-000"] == "n0"
    assert together["item-000"] == together["item-005"]
    # A copy has no night, but what it is a copy of has one.
    assert together["copy-1"] == together["item-005"]
    assert together["item-000"] != together["item-017"]
    assert told["group"].isna()["copy-1"]


def test_curation_columns__labels_that_were_confirmed(clouds: Project) -> None:
    truth = dict(list(truth_of(clouds).items())[:30])
    label(clouds, truth)
    twice = dict(list(truth.items())[:3])
    label(clouds, twice, annotator="bob")
    told = curation_columns(clouds, export_bundle(clouds).labels, together=True).set_index("item_key")
    assert set(told.index[told["confirmed"]]) == set(twice)


def test_export_project__splits_keep_nights_and_copies_together(flawed: Project, tmp_path: Path) -> None:
    wishes = read_wishes(split="60/20/20", everything=True)
    export_project(flawed, formats=["selection"], folder=tmp_path / "out", wishes=wishes)
    verify_manifest(tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "selection.csv").set_index("item_key")
    assert table.groupby("group")["split"].nunique().max() == 1
    split = table["split"].to_dict()
    assert split["copy-1"] == split["item-003"]
    assert split["near-1"] == split["item-008"]
    shares = table["split"].value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.6, abs=0.03)


def test_export_command__previews_and_refuses(flawed: Project, tmp_path: Path) -> None:
    path = str(flawed.paths.config)
    before = sorted(flawed.paths.folder.rglob("*"))
    done = run_command(
        "export", path, "--preview", "--counts", "a=20,b=500", "--split", "80/20", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "b has 61 of the 500 wanted" in done.stdout and "Splits: train" in done.stdout
    assert sorted(flawed.paths.folder.rglob("*")) == before
    wrong = run_command("export", path, "--counts", "c=3", "--to", str(tmp_path / "out"), folder=tmp_path)
    assert wrong.returncode == 2 and "'c'" in wrong.stderr
    assert not (tmp_path / "out").exists()


def test_preview_selection__without_labels(clouds: Project) -> None:
    assert preview_selection(clouds, SelectionWishes()) == [
        "No item has a label; there is nothing to select."
    ]


def test_refresh__takes_in_a_group_that_was_named_later(tmp_path: Path) -> None:
    project = make_flawed(tmp_path, group=None)
    label(project, {"item-001": "a", "item-002": "b"})
    path = project.paths.config
    project.close()
    config = load_config(path)
    save_config(config.model_copy(update={"pool": config.pool.model_copy(update={"group": "night"})}), path)
    named = open_project(path)
    assert settings_changed(named)
    with pytest.raises(GroupColumnError, match="goldpan refresh"):
        export_project(named, formats=["selection"], folder=tmp_path / "out")
    named.close()
    done = run_command("refresh", str(path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    renewed = open_project(path)
    assert not settings_changed(renewed)
    export_project(renewed, formats=["selection"], folder=tmp_path / "out")
    renewed.close()
    assert set(pd.read_csv(tmp_path / "out" / "selection.csv")["group"]) == {"n0"}


def test_docs__the_code_runs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "curate.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) >= 2
    for code in blocks:
        exec(compile(code, "docs/curate.md", "exec"), {})
