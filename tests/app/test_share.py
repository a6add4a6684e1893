"""The shared config repeats a project elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import PoolMovedError, ProjectError, ProjectExistsError
from app.project import Project
from app.run_now import run_first, run_now
from app.share import import_project, shared_config, write_shared_config
from config.errors import ConfigInvalidError
from config.files import load_config
from labeling.annotations import annotations_since, current_labels
from labeling.queue import proposals_of
from tests.projects import label_some, make_clouds, write_clouds


def share(project: Project, folder: Path) -> Path:
    run_now(project)
    label_some(project)
    run_now(project)
    return write_shared_config(project, folder / "shared.yaml")


def test_import_project__gives_the_same_next_proposals(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_clouds(elsewhere / "moved.csv")
    copy = import_project(shared, elsewhere / "copy.yaml", pool=elsewhere / "moved.csv")
    run_first(copy, lambda number, what: None)
    run_now(clouds)
    found = []
    for project in (clouds, copy):
        with project.database.reading() as session:
            found.append(proposals_of(session, round_number=3))
    assert found[0] and found[0] == found[1]
    copy.close()


def test_import_project__keeps_every_annotation(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    copy = import_project(shared, tmp_path / "elsewhere" / "copy.yaml")
    with clouds.database.reading() as one, copy.database.reading() as other:
        assert annotations_since(one, revision=0) == annotations_since(other, revision=0)
        assert current_labels(one).item_keys == current_labels(other).item_keys
    copy.close()


def test_import_project__another_pool(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    write_clouds(tmp_path / "other.csv", seed=4)
    with pytest.raises(PoolMovedError, match=r"the pool at .* has hash"):
        import_project(shared, tmp_path / "copy.yaml", pool=tmp_path / "other.csv")
    assert not (tmp_path / "copy.yaml").exists()
    assert not (tmp_path / "copy.goldpan").exists()


def test_import_project__onto_a_project(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    with pytest.raises(ProjectExistsError, match="exists"):
        import_project(shared, clouds.paths.config)


def test_import_project__of_a_plain_configuration(clouds: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="without labels"):
        import_project(clouds.paths.config, tmp_path / "copy.yaml")


def test_import_project__annotation_of_an_unknown_class(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    text = shared.read_text(encoding="utf-8").replace("name: rare", "name: scarce")
    shared.write_text(text, encoding="utf-8")
    with pytest.raises((ProjectError, ConfigInvalidError), match="rare"):
        import_project(shared, tmp_path / "copy.yaml")


def test_shared_config__names_no_database(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    secret = project.config.project.model_copy(update={"database": "postgresql+psycopg://me:secret@host/db"})
    hidden = Project(
        config=project.config.model_copy(update={"project": secret}),
        paths=project.paths,
        pool=project.pool,
        database=project.database,
    )
    assert shared_config(hidden).project.database is None
    project.close()


def test_write_shared_config__reads_back_equal(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    read = load_config(shared)
    assert read.shared is not None
    assert len(read.shared.annotations) == 12
    assert [entry.number for entry in read.shared.rounds] == [1, 2]
    assert read.shared.pool_hash == clouds.pool.hash
