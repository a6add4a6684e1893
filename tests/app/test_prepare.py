"""Making, resuming and refreshing a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ProjectExistsError
from app.prepare import create_project, describe_pool_change, refresh_pool, resume_preparation
from app.project import Project, open_project
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from config.errors import GoldpanError
from labeling.annotations import current_labels
from models.vectors import open_vectors
from tests.projects import label_some, make_clouds


def test_create_project__onto_another(clouds: Project) -> None:
    with pytest.raises(ProjectExistsError, match=r"clouds\.yaml exists"):
        create_project(clouds.config, clouds.paths.config)


def test_create_project__broken_pool_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_text("id,a\n1,2\n1,3\n", encoding="utf-8")
    path = tmp_path / "p.yaml"
    config = make_config(ProjectWishes(name="p", pool=str(tmp_path / "broken.csv"), key="id"), path)
    with pytest.raises(GoldpanError, match="given more than once"):
        create_project(config, path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["broken.csv"]


def test_resume_preparation__computes_missing_vectors(clouds: Project) -> None:
    before = open_vectors(clouds.paths.vectors).hash
    for file in clouds.paths.vectors.iterdir():
        file.unlink()
    resume_preparation(clouds.paths.config).close()
    assert open_vectors(clouds.paths.vectors).hash == before


def test_resume_preparation__replaces_vectors_cut_short(clouds: Project) -> None:
    file = clouds.paths.vectors / "vectors.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    resume_preparation(clouds.paths.config).close()
    assert file.read_bytes() == whole


def test_describe_pool_change__none_for_the_same_pool(clouds: Project) -> None:
    assert describe_pool_change(clouds) is None


def test_describe_pool_change__says_what_moved(clouds: Project, tmp_path: Path) -> None:
    lines = (tmp_path / "clouds.csv").read_text(encoding="utf-8").splitlines()
    changed = [lines[0], *lines[2:], "item-new,1,2,3,4,rare"]
    (tmp_path / "clouds.csv").write_text("\n".join(changed) + "\n", encoding="utf-8")
    change = describe_pool_change(clouds)
    assert change is not None
    assert (change.added, change.removed) == (1, 1)
    assert "item-new" in change.describe()


def test_refresh_pool__keeps_labels_by_item_key(clouds: Project, tmp_path: Path) -> None:
    labels = label_some(clouds)
    lines = (tmp_path / "clouds.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "clouds.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")
    refresh_pool(clouds)
    again = open_project(clouds.paths.config)
    assert run_now(again) > 0
    with again.database.reading() as session:
        assert set(current_labels(session).item_keys) == set(labels)
    assert again.pool.key(0) != clouds.pool.key(0)
    again.close()


def test_open_project__adds_classes_of_the_file(tmp_path: Path) -> None:
    project = make_clouds(tmp_path, classes=())
    project.close()
    text = project.paths.config.read_text(encoding="utf-8")
    assert "classes: []" in text
    project.paths.config.write_text(text.replace("classes: []", "classes: [{name: late}]"), encoding="utf-8")
    from labeling.classes import list_classes

    again = open_project(project.paths.config)
    with again.database.reading() as session:
        late = list_classes(session)[0]
    assert (late.name, late.key) == ("late", "1")
    again.close()
