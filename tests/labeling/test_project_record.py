from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from labeling.database import Database
from labeling.errors import ProjectRecordError
from labeling.project_record import ProjectRecord, get_project, set_project
from tests.labeling.store import NOW

RECORD = ProjectRecord("6f1f9d0e-3a50-4b56-9d0b-0a3b7c1d2e3f", "digits", "ab" * 32, 2**63 - 1, NOW)


def put(database: Database, project: ProjectRecord) -> None:
    with database.transaction() as session:
        set_project(session, project=project)


def read(database: Database) -> ProjectRecord | None:
    with database.reading() as session:
        return get_project(session)


def test_get_project__none_yet(database: Database) -> None:
    assert read(database) is None


def test_set_project__comes_back_as_it_was(database: Database) -> None:
    put(database, RECORD)

    assert read(database) == RECORD


def test_set_project__again_brings_it_up_to_date(database: Database) -> None:
    put(database, RECORD)
    changed = dataclasses.replace(RECORD, name="new", pool_hash="cd", seed=0)
    put(database, changed)

    assert read(database) == changed


def test_set_project__another_project(database: Database) -> None:
    put(database, RECORD)

    with pytest.raises(ProjectRecordError, match="belongs to the project 'digits'"):
        put(database, dataclasses.replace(RECORD, uuid="7f1f9d0e-3a50-4b56-9d0b-0a3b7c1d2e3f", name="other"))
    assert read(database) == RECORD


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": "none"},
        {"uuid": None},
        {"uuid": RECORD.uuid.upper()},
        {"name": ""},
        {"seed": -1},
        {"seed": 2**63},
    ],
)
def test_set_project__refuses(database: Database, change: dict[str, Any]) -> None:
    with pytest.raises(ProjectRecordError):
        put(database, dataclasses.replace(RECORD, **change))
    assert read(database) is None
