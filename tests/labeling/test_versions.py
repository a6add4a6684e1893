"""A database of each earlier version, with rows written in that version's own SQL, is upgraded and loses nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from labeling import migrations
from labeling.annotations import Act, current_labels, history
from labeling.checking import inspect_database
from labeling.classes import list_classes
from labeling.database import Database, open_database
from labeling.project_record import get_project
from labeling.round_log import list_rounds
from labeling.seeks import list_seeks
from labeling.selections import list_selections, selection_keys, unpack_keys
from labeling.trail import read_trail

VERSIONS = Path(__file__).with_name("versions")
EARLIER = ("0001", "0002", "0003")

Rows = dict[str, list[dict[str, Any]]]


def make_database(url: str, version: str) -> None:
    """Make a database as goldpan of that version left it."""
    database = open_database(url, upgrade=False)
    config = migrations.alembic_config()
    with database.transaction() as session:
        connection = session.connection()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        if database.kind == "postgresql":
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        for earlier in EARLIER[: EARLIER.index(version) + 1]:
            for statement in statements(earlier, database.kind):
                connection.exec_driver_sql(statement)
        if database.kind == "postgresql":
            # The rows name their numbers; a database in use would have counted them.
            for table in sa.inspect(connection).get_table_names():
                if {"id"} & {column["name"] for column in sa.inspect(connection).get_columns(table)}:
                    connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                    )
    database.dispose()


def statements(version: str, kind: str) -> list[str]:
    text = (VERSIONS / f"{version}.sql").read_text(encoding="utf-8")
    text = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    text = text.replace("{true}", "true").replace("{false}", "false")
    blob = r"X'\1'" if kind == "sqlite" else r"decode('\1', 'hex')"
    text = re.sub(r"\{bytes:([0-9a-f]+)\}", blob, text)
    return [part.strip() for part in text.split(";\n") if part.strip()]


def all_rows(url: str) -> Rows:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    found = sa.MetaData()
    with engine.connect() as connection:
        found.reflect(connection)
        return {
            name: [
                dict(row)
                for row in connection.execute(table.select().order_by(*table.primary_key)).mappings()
            ]
            for name, table in found.tables.items()
            if name != migrations.VERSION_TABLE
        }


@pytest.mark.parametrize("version", EARLIER)
def test_open_database__upgrades_an_earlier_version_row_by_row(database_url: str, version: str) -> None:
    make_database(database_url, version)
    before = all_rows(database_url)
    assert all(before.values()), "every table of that version holds something"

    upgraded = open_database(database_url)

    after = all_rows(database_url)
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]]
        assert kept == rows, table
    assert inspect_database(upgraded).problems == ()
    check_meaning(upgraded, version)
    upgraded.dispose()


def check_meaning(database: Database, version: str) -> None:
    """Today's goldpan must read from the old rows what they said then."""
    with database.reading() as session:
        labels = current_labels(session)
        assert dict(zip(labels.item_keys, labels.acts, strict=True)) == {"b": Act.FLAG, "a": Act.LABEL}
        assert (labels.revision, labels.class_ids.tolist()) == (7, [-1, 2])
        assert [entry.undone for entry in history(session, item_key="a")] == [True, False, False]
        assert [(row.state, row.seed) for row in list_rounds(session)] == [
            ("done", 11),
            ("failed", 4294967295),
        ]
        assert [(entry.name, entry.archived) for entry in list_classes(session, archived=True)] == [
            ("star", False),
            ("dwarf", True),
        ]
        record = get_project(session)
        assert record is not None and record.created_at.isoformat() == "2026-01-02T03:04:05.000006+00:00"
        acts = [entry.act for entry in read_trail(session)]
        assert acts[:4] == ["label", "flag", "undo", "label"]
        if version >= "0002":
            assert [entry.text for entry in list_seeks(session, withdrawn=True)] == ["bright rings", ""]
        if version >= "0003":
            [saved] = list_selections(session)
            assert list(unpack_keys(selection_keys(session, selection_id=saved.id))) == [["a"], ["b"]]
