"""A shared config from someone else says neither which files are read or written, nor whose code or weights are loaded.

Before `app.share` took these out, `goldpan import` wrote the labels into whatever database the file named, read a pool
from any place of the disk and loaded any weights.
"""

from __future__ import annotations

import csv
import json
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import ProjectError
from app.exporting import export_project
from app.project import Project
from app.share import import_project, shared_config, write_shared_config
from config.errors import ConfigError, GoldpanError
from config.files import load_config, parse_config, save_config
from config.pool_parts import JoinSection
from labeling.database import open_database
from labeling.errors import LabelingError
from labeling.exports.registry import exports
from tests.projects import make_clouds
from tests.security.hostile import BREAK_OUT, CLASSES, make_hostile


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Project]:
    project = make_clouds(tmp_path)
    yield project
    project.close()


def shared_with(project: Project, target: Path, section: str, **values: Any) -> Path:
    """Write the shared config of a project with some values changed by hand."""
    config = shared_config(project)
    changed = getattr(config, section).model_copy(update=values)
    save_config(config.model_copy(update={section: changed}), target)
    return target


def test_import__takes_no_cluster_from_the_file(clouds: Project, tmp_path: Path) -> None:
    shared = shared_with(clouds, tmp_path / "s.yaml", "rounds", scheduler="tcp://evil.example:8786")
    copy = import_project(shared, tmp_path / "copy" / "c.yaml")
    assert copy.config.rounds.scheduler is None
    assert "evil" not in copy.paths.config.read_text("utf-8")
    copy.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite:///{folder}/stolen.sqlite", "sqlite:////nowhere/goldpan.sqlite", "postgresql://evil.example/x"],
)
def test_import__chooses_the_database_itself(clouds: Project, tmp_path: Path, url: str) -> None:
    shared = shared_with(clouds, tmp_path / "s.yaml", "project", database=url.format(folder=tmp_path))
    copy = import_project(shared, tmp_path / "copy" / "c.yaml")
    assert copy.config.project.database is None
    assert not (tmp_path / "stolen.sqlite").exists()
    assert "labels.sqlite" in copy.database.url
    copy.close()


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "sqlite+pysqlcipher://x", "oracle://x", "http://x", "sqlite", "postgresql+evil://x/y"],
)
def test_database__of_another_kind_is_refused(url: str) -> None:
    text = f"version: 1\nproject: {{name: x, database: '{url}'}}\npool: {{path: x.csv}}\n"
    try:
        given = parse_config(text).project.database
    except ConfigError:
        return
    assert given is not None
    # A driver that the address names is never looked for: goldpan uses its own two.
    with pytest.raises(LabelingError) as told:
        open_database(given)
    assert "evil" not in str(told.value) and "cipher" not in str(told.value)


@pytest.mark.parametrize(
    "path", ["../clouds.csv", "/etc/hostname", "sub/../../clouds.csv", "link/clouds.csv", "~/x.csv"]
)
def test_import__reads_no_pool_outside_the_files_folder(clouds: Project, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    shared = shared_with(clouds, folder / "s.yaml", "pool", path=path)
    with pytest.raises(ProjectError, match="--pool"):
        import_project(shared, tmp_path / "copy" / "c.yaml")
    assert not (tmp_path / "copy").exists()
    copy = import_project(shared, tmp_path / "copy" / "c.yaml", pool=tmp_path / "clouds.csv")
    assert copy.pool.n == clouds.pool.n
    copy.close()


@pytest.mark.parametrize("path", ["../secret.csv", "{folder}/secret.csv", "link/secret.csv"])
def test_import__joins_no_file_outside_the_files_folder(clouds: Project, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.csv").write_text("id,secret\nitem-000,1\n")
    folder = tmp_path / "got"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    join = JoinSection(path=path.format(folder=tmp_path), key="id")
    shared = shared_with(clouds, folder / "s.yaml", "pool", join=(join,))
    with pytest.raises(ProjectError, match=r"pool\.join\.path .* leads out of the file's folder"):
        import_project(shared, tmp_path / "copy" / "c.yaml", pool=tmp_path / "clouds.csv")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("model", ["model", "/tmp/model", "evil/model-on-the-hub"])
def test_import__loads_no_weights_that_the_person_does_not_name(
    clouds: Project, tmp_path: Path, model: str
) -> None:
    shared = shared_with(clouds, tmp_path / "s.yaml", "encoder", model=model)
    with pytest.raises(ProjectError, match=f"--model {model}"):
        import_project(shared, tmp_path / "copy" / "c.yaml")
    with pytest.raises(ProjectError, match="given: 'another'"):
        import_project(shared, tmp_path / "copy" / "c.yaml", model="another")
    assert not (tmp_path / "copy").exists()
    copy = import_project(shared, tmp_path / "copy" / "c.yaml", model=model)
    assert copy.config.encoder.model == model
    copy.close()


@pytest.mark.parametrize(
    ("section", "key"),
    [("encoder", "name"), ("head", "name"), ("strategy", "name"), ("pool", "reader"), ("head", "estimator")],
)
@pytest.mark.parametrize("name", ["os.system", "os:system", "../../evil", "__import__('os')", "/tmp/evil.py"])
def test_name__of_a_part_is_no_import_path(section: str, key: str, name: str) -> None:
    given: dict[str, Any] = {"version": 1, "project": {"name": "x"}, "pool": {"path": "x.csv"}}
    given.setdefault(section, {})[key] = name
    with pytest.raises(ConfigError, match=key):
        parse_config(json.dumps(given))


@pytest.mark.parametrize("name", ["../../x", "os.system", "/tmp/x", "csv/../../x", ""])
def test_export__of_a_name_that_is_none_writes_nothing(clouds: Project, tmp_path: Path, name: str) -> None:
    """What the page's list of formats can be set to by a message that no page of ours sends."""
    assert name not in exports.names()
    with pytest.raises(GoldpanError):
        export_project(clouds, formats=(name,), folder=tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_shared_config__tells_no_secret(tmp_path: Path) -> None:
    secret = "hunter2"
    url = f"sqlite:///{tmp_path / 'x.sqlite'}?password={secret}"
    clouds = make_clouds(tmp_path)
    clouds.close()
    config = load_config(clouds.paths.config)
    told = config.model_copy(update={"project": config.project.model_copy(update={"database": url})})
    other = Project(config=told, paths=clouds.paths, pool=clouds.pool, database=clouds.database)
    folder = export_project(other, folder=tmp_path / "out").folder
    for path in folder.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()
    clouds.close()


def test_database__that_cannot_be_reached_is_named_without_its_password() -> None:
    secret = "hunter2"
    with pytest.raises(GoldpanError) as told:
        open_database(f"postgresql://ann:{secret}@127.0.0.1:1/labels")
    assert secret not in "".join(traceback.format_exception(told.value))


def test_exports__hold_what_was_given_and_no_more(tmp_path: Path) -> None:
    """Markup and formulas come out as they went in: docs/security.md says why, and what to do in a spreadsheet."""
    project = make_hostile(tmp_path)
    folder = export_project(project, folder=tmp_path / "out").folder
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        found = {row["class_name"] for row in csv.DictReader(file)}
    assert set(CLASSES[:2]) <= found
    shared = load_config(write_shared_config(project, tmp_path / "shared.yaml"))
    assert [entry.name for entry in shared.classes] == list(CLASSES)
    assert shared.project.title == BREAK_OUT
    project.close()
