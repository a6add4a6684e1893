from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labeling.annotations import current_labels
from labeling.backup import back_up_sqlite
from labeling.database import open_database, sqlite_url
from labeling.errors import DatabaseOpenError, DatabaseUnavailableError
from tests.labeling.store import Project, make_project


@pytest.fixture
def store(tmp_path: Path) -> Project:
    project = make_project(open_database(sqlite_url(tmp_path / "labels.sqlite")))
    project.label("a")
    return project


def test_back_up_sqlite__is_whole_while_the_log_holds_rows(store: Project, tmp_path: Path) -> None:
    copy = back_up_sqlite(tmp_path / "labels.sqlite", tmp_path / "copy.sqlite")
    store.label("b")

    opened = open_database(sqlite_url(copy))

    with opened.reading() as session:
        assert current_labels(session).item_keys == ("a",)
    assert opened.check() == []
    opened.dispose()
    store.database.dispose()


def test_back_up_sqlite__replaces_nothing(store: Project, tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite").write_text("mine")
    with pytest.raises(DatabaseOpenError, match="exists"):
        back_up_sqlite(tmp_path / "labels.sqlite", tmp_path / "copy.sqlite")
    assert (tmp_path / "copy.sqlite").read_text() == "mine"
    store.database.dispose()


def test_back_up_sqlite__no_source(tmp_path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match="does not exist"):
        back_up_sqlite(tmp_path / "labels.sqlite", tmp_path / "copy.sqlite")


def test_back_up_sqlite__folder_read_only(
    store: Project, tmp_path: Path, without_override: Callable[[], Any]
) -> None:
    place = tmp_path / "closed"
    place.mkdir(mode=0o500)
    with without_override(), pytest.raises(DatabaseUnavailableError, match="cannot be written"):
        back_up_sqlite(tmp_path / "labels.sqlite", place / "copy.sqlite")
    assert list(place.iterdir()) == []
    store.database.dispose()
