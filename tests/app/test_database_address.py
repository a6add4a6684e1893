from __future__ import annotations

from pathlib import Path

import pytest

from app.database_address import resolve_address
from app.errors import ProjectError
from app.prepare import create_project
from app.project import open_project
from app.share import import_project, shared_config, write_shared_config
from config.errors import ConfigInvalidError
from config.files import dump_config, load_config, parse_config
from labeling.database import sqlite_url
from tests.projects import make_clouds

URL = "postgresql://ann:secret@db.example/stars"


def config_text(database: str) -> str:
    return f"version: 1\nproject: {{name: x, database: {database!r}}}\npool: {{path: x.csv}}\n"


def test_resolve_address__none_is_the_file_in_the_data_folder(tmp_path: Path) -> None:
    assert resolve_address(None, tmp_path) == sqlite_url(tmp_path / "labels.sqlite")


def test_resolve_address__from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDPAN_DATABASE", URL)
    assert resolve_address("${GOLDPAN_DATABASE}", tmp_path) == URL


@pytest.mark.parametrize("value", [None, "", "  "])
def test_resolve_address__variable_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("GOLDPAN_STARS", raising=False)
    if value is not None:
        monkeypatch.setenv("GOLDPAN_STARS", value)
    with pytest.raises(ProjectError, match="GOLDPAN_STARS, which is not set"):
        resolve_address("${GOLDPAN_STARS}", tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        "${HOME}",
        "${AWS_SECRET}",
        "$GOLDPAN_DATABASE",
        "postgresql${GOLDPAN_X}",
        "${GOLDPAN_}",
        "${goldpan_x}",
    ],
)
def test_parse_config__no_other_variable(given: str) -> None:
    """A file from someone else must not choose among what is in the environment."""
    with pytest.raises(ConfigInvalidError, match="not a database URL"):
        parse_config(config_text(given))


def test_parse_config__refusal_does_not_repeat_the_address() -> None:
    with pytest.raises(ConfigInvalidError) as caught:
        parse_config(config_text("postgres://ann:secret@host/x"))
    assert "secret" not in str(caught.value)


def test_parse_config__variable_stays_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDPAN_DATABASE", URL)
    config = parse_config(config_text("${GOLDPAN_DATABASE}"))
    written = dump_config(config)
    assert "${GOLDPAN_DATABASE}" in written and "secret" not in written
    assert parse_config(written) == config


def test_shared_config__names_no_database(tmp_path: Path) -> None:
    project = make_clouds(tmp_path, database=sqlite_url(tmp_path / "apart.sqlite"))
    assert (tmp_path / "apart.sqlite").is_file() and project.config.project.database
    assert shared_config(project).project.database is None
    project.close()


def test_import_project__takes_no_database_from_someone_elses_file(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    shared = write_shared_config(project, tmp_path / "shared.yaml")
    project.close()
    theirs = sqlite_url(tmp_path / "theirs.sqlite")
    text = shared.read_text(encoding="utf-8")
    assert "database: null" in text
    shared.write_text(text.replace("database: null", f"database: {theirs}", 1), encoding="utf-8")
    assert load_config(shared).project.database == theirs

    copy = import_project(shared, tmp_path / "copy.yaml")

    assert copy.config.project.database is None
    assert not (tmp_path / "theirs.sqlite").exists()
    copy.close()


def test_create_project__database_of_another_project(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "shared.sqlite")
    make_clouds(tmp_path, database=url).close()
    (tmp_path / "other").mkdir()
    lines = (tmp_path / "clouds.csv").read_text(encoding="utf-8").splitlines()[:50]
    (tmp_path / "other" / "clouds.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="'clouds' already, of another pool"):
        make_clouds(tmp_path / "other", database=url)
    assert not (tmp_path / "other" / "clouds.yaml").exists()


def test_create_project__a_second_machine_joins(tmp_path: Path) -> None:
    """The same pool and the same database on another machine: the same project, with a folder of its own."""
    url = sqlite_url(tmp_path / "shared.sqlite")
    make_clouds(tmp_path, database=url).close()
    config = load_config(tmp_path / "clouds.yaml")
    (tmp_path / "second").mkdir()
    joined = create_project(config, tmp_path / "second" / "clouds.yaml", base=tmp_path)
    joined.close()
    assert open_project(tmp_path / "second" / "clouds.yaml").database.check() == []
