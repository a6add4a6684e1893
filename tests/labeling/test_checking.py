"""Each kind of damage is found; a healthy database has none."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from labeling.annotations import Act
from labeling.checking import inspect_database
from labeling.database import Database, open_database
from tests.labeling.store import Project


@pytest.fixture
def used(project: Project) -> Project:
    first = project.label("a")
    project.label("b")
    project.undo("a", first.uid)
    project.act("c", Act.SKIP, by=project.bob)
    return project


def damage(project: Project, *statements: str) -> None:
    """Change what goldpan itself never would, past the triggers and foreign keys."""
    engine = project.database._engine
    if project.database.kind == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database))) as past, past:
            for statement in ("DROP TRIGGER annotation_no_update", *statements):
                past.execute(statement)
        return
    with engine.connect() as connection:
        for statement in ("SET session_replication_role = replica", *statements):
            connection.exec_driver_sql(statement)
        connection.commit()
        connection.invalidate()


def problems(project: Project) -> str:
    return "\n".join(inspect_database(project.database).problems)


def test_inspect_database__nothing_is_wrong(used: Project) -> None:
    report = inspect_database(used.database)
    assert report.problems == ()
    assert (report.rows["annotation"], report.rows["annotator"]) == (4, 2)


def test_inspect_database__empty(database_url: str) -> None:
    database = open_database(database_url, upgrade=False)
    assert inspect_database(database).problems == ("there are no tables yet",)
    database.dispose()


def test_inspect_database__older_version(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE goldpan_version SET version_num = '0002'"))
    report = inspect_database(database)
    assert report.version == "0002" and "goldpan db upgrade" in report.problems[0]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE annotation SET undoes_id = 4 WHERE act = 'undo'", "undo something later than themselves: 3"),
        ("UPDATE annotation SET item_key = 'z' WHERE act = 'undo'", "undo what was done to another item: 3"),
        ("UPDATE annotation SET annotator_id = 2 WHERE act = 'undo'", "undo what another person did: 3"),
        ("UPDATE annotation SET class_id = 77 WHERE id = 2", "1 rows of annotation point at rows of label_class"),
        ("UPDATE label_class SET parent_id = id WHERE name = 'star'", "'star' stands above itself"),
        ("DROP INDEX ix_annotation_item_key_id", "missing index"),
        ("ALTER TABLE annotation ADD COLUMN more INTEGER", "unknown column"),
    ],
)  # fmt: skip
def test_inspect_database__damage_is_named(used: Project, statement: str, words: str) -> None:
    damage(used, statement)
    assert words in problems(used)


def test_inspect_database__trigger_is_off(used: Project) -> None:
    with used.database.transaction() as session:
        statement = (
            "DROP TRIGGER annotation_no_delete"
            if used.database.kind == "sqlite"
            else "ALTER TABLE annotation DISABLE TRIGGER annotation_append_only"
        )
        session.execute(sa.text(statement))
    assert "trigger annotation_" in problems(used)


def test_inspect_database__numbers_that_are_taken(used: Project) -> None:
    if used.database.kind == "sqlite":
        pytest.skip("SQLite takes the highest number itself")
    with used.database.transaction() as session:
        session.execute(sa.text("SELECT setval(pg_get_serial_sequence('annotation', 'id'), 1)"))
    assert "next row of annotation would get the number 1, but 4 is taken" in problems(used)


def test_inspect_database__changes_nothing(used: Project) -> None:
    before = used.database.version()
    inspect_database(used.database)
    assert used.database.version() == before
    used.label("d")
