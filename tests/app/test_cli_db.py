"""`goldpan db` as a person meets it: its output, its exit code, and what is left on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.project import open_project
from config.files import load_config
from labeling.annotations import current_labels
from labeling.copying import table_contents
from labeling.database import open_database, sqlite_url
from tests.app.commands import Done, run_command
from tests.databases import postgres_schema
from tests.labeling.test_versions import make_database
from tests.projects import label_some, make_clouds


@pytest.fixture
def postgres_url(postgres_uri: str) -> Iterator[str]:
    with postgres_schema(postgres_uri) as url:
        yield url


def db(*arguments: str, folder: Path, **environment: str) -> Done:
    return run_command("db", *arguments, folder=folder, **environment)


def test_copy__to_postgresql_and_back(tmp_path: Path, postgres_url: str) -> None:
    project = make_clouds(tmp_path)
    labels = label_some(project)
    before = table_contents(project.database)
    project.close()
    variable = {"GOLDPAN_DATABASE": postgres_url}

    there = db("copy", "clouds.yaml", "--to", "${GOLDPAN_DATABASE}", "--switch", folder=tmp_path, **variable)

    assert there.returncode == 0, there.stderr
    assert load_config(tmp_path / "clouds.yaml").project.database == "${GOLDPAN_DATABASE}"
    target = open_database(postgres_url)
    copied = table_contents(target)
    target.dispose()
    # The copy itself is put on record there.
    assert copied.pop("event").rows == before["event"].rows + 1
    assert copied.pop("annotator").rows >= before["annotator"].rows
    assert copied == {name: before[name] for name in copied}

    store = tmp_path / "clouds.goldpan" / "labels.sqlite"
    refused = db("copy", "clouds.yaml", "--to", "sqlite", "--switch", folder=tmp_path, **variable)
    assert refused.returncode == 2 and "holds something already" in refused.stderr
    assert load_config(tmp_path / "clouds.yaml").project.database == "${GOLDPAN_DATABASE}"
    store.rename(tmp_path / "old.sqlite")
    back = db("copy", "clouds.yaml", "--to", "sqlite", "--switch", folder=tmp_path, **variable)
    assert back.returncode == 0, back.stderr
    assert load_config(tmp_path / "clouds.yaml").project.database is None
    again = open_project(tmp_path / "clouds.yaml")
    with again.database.reading() as session:
        assert set(current_labels(session).item_keys) == set(labels)
    again.close()
    for done in (there, refused, back):
        assert postgres_url not in done.stdout + done.stderr


def test_copy__refused_while_somebody_has_it_open(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    target = tmp_path / "new.sqlite"
    with project.database.reading():
        done = db("copy", "clouds.yaml", "--to", sqlite_url(target), folder=tmp_path)
    project.close()
    assert done.returncode == 2 and "stop every server" in done.stderr
    assert not target.exists()


@pytest.mark.parametrize("to", ["nonsense:secret", "${HOME}", "postgresql://a:se@secret@localhost/x"])
def test_copy__address_that_is_none(tmp_path: Path, to: str) -> None:
    make_clouds(tmp_path).close()
    done = db("copy", "clouds.yaml", "--to", to, folder=tmp_path)
    assert done.returncode == 2 and "secret" not in done.stderr and "Traceback" not in done.stderr


def test_copy__onto_itself(tmp_path: Path) -> None:
    make_clouds(tmp_path).close()
    done = db("copy", "clouds.yaml", "--to", "sqlite", folder=tmp_path)
    assert done.returncode == 2 and "uses that database already" in done.stderr


def test_upgrade__keeps_a_copy_as_it_was(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    folder = tmp_path / "clouds.goldpan"
    (folder / "labels.sqlite").unlink()
    make_database(sqlite_url(folder / "labels.sqlite"), "0002")

    found = db("check", "clouds.yaml", folder=tmp_path)
    assert found.returncode == 1 and "goldpan db upgrade" in found.stderr
    done = db("upgrade", "clouds.yaml", folder=tmp_path)
    assert done.returncode == 0 and "from version 0002" in done.stdout, done.stderr
    [kept] = folder.glob("labels.sqlite.v0002-*")
    with closing(sqlite3.connect(kept)) as copy:
        assert copy.execute("SELECT version_num FROM goldpan_version").fetchone() == ("0002",)
        assert copy.execute("SELECT count(*) FROM annotation").fetchone() == (4,)
    assert db("check", "clouds.yaml", folder=tmp_path).returncode == 0
    again = db("upgrade", "clouds.yaml", folder=tmp_path)
    assert "nothing to do" in again.stdout and len(list(folder.glob("labels.sqlite.v*"))) == 1


def test_every_command__a_newer_database_is_refused_kindly(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    store = tmp_path / "clouds.goldpan" / "labels.sqlite"
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE goldpan_version SET version_num = '9999'")
    before = store.read_bytes()
    elsewhere = sqlite_url(tmp_path / "x.sqlite")
    for arguments in (("check",), ("upgrade",), ("copy", "--to", elsewhere)):
        done = db(*arguments, "clouds.yaml", folder=tmp_path)
        assert done.returncode == 2, arguments
        assert "9999" in done.stderr and "install the newer goldpan" in done.stderr
        assert "Traceback" not in done.stderr
    assert store.read_bytes() == before
    assert not (tmp_path / "x.sqlite").exists()


def test_check__says_what_is_damaged(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    store = tmp_path / "clouds.goldpan" / "labels.sqlite"
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("DROP TRIGGER annotation_no_delete")
    done = db("check", "clouds.yaml", folder=tmp_path)
    assert done.returncode == 1 and "annotation_no_delete is missing" in done.stderr


def test_check__missing_file_is_not_made(tmp_path: Path) -> None:
    make_clouds(tmp_path).close()
    store = tmp_path / "clouds.goldpan" / "labels.sqlite"
    store.unlink()
    done = db("check", "clouds.yaml", folder=tmp_path)
    assert done.returncode == 2 and "does not exist" in done.stderr
    assert not store.exists()
