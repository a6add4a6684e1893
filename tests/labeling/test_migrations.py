from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from labeling import migrations
from labeling.annotations import Act, current_labels
from labeling.audit_set import AuditStratum, NewDraw, store_draw
from labeling.database import Database, open_database, sqlite_url
from labeling.events import EventKind, record_event
from labeling.gold import add_gold
from labeling.migrations import __main__ as drafting
from labeling.project_record import ProjectRecord, set_project
from labeling.queue import lease_next, store_proposals
from labeling.round_log import start_round
from labeling.seeks import NewSeek, add_seek
from labeling.selections import pack_keys, save_selection
from labeling.tables import Base, UtcDateTime
from labeling.tokens import TokenKind, make_token
from tests.labeling.store import NOW, Project, make_project, new_uid, proposals


def differences(url: str) -> list[object]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def test_upgrade__makes_what_tables_py_says(database: Database, database_url: str) -> None:
    assert differences(database_url) == []


def test_upgrade__difference_would_be_seen(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        session.execute(sa.text("DROP INDEX ix_annotation_item_key_id"))

    assert len(differences(database_url)) == 1


def test_upgrade__down_and_up_again(database: Database, database_url: str) -> None:
    make_project(database)
    config = migrations.alembic_config()
    with database.transaction() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "base")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    assert sa.inspect(engine).get_table_names() == [migrations.VERSION_TABLE]

    database.upgrade()

    assert database.check() == []
    assert differences(database_url) == []


def earlier_versions() -> list[str]:
    scripts = ScriptDirectory.from_config(migrations.alembic_config())
    return [script.revision for script in scripts.walk_revisions()][:0:-1]


def rows_by_table(url: str) -> dict[str, list[dict[str, Any]]]:
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


def fill(project: Project) -> None:
    """Put something into every table of every earlier version."""
    first = project.label("a")
    project.undo("a", first.uid)
    project.act("b", Act.SKIP)
    with project.database.transaction() as session:
        record = ProjectRecord(str(UUID(int=7)), "stars", "hash", 7, NOW)
        set_project(session, project=record)
        start_round(session, revision=3, seed=1, owner="me:1", now=NOW)
        store_proposals(session, proposals=proposals(1, ["c", "d"]))
        lease_next(session, annotator_id=project.ann, count=1, lease_s=60, now=NOW)
        add_seek(session, new=NewSeek(kind="words", text="rings"), annotator_id=project.ann, now=NOW)
        keys = pack_keys([["a", "b"]])
        save_selection(session, name="two", how="drawn", keys=keys, annotator_id=project.ann, now=NOW)
        uids = [new_uid()]
        add_gold(session, labels={"a": project.star}, uids=uids, annotator_id=project.ann, now=NOW)
        make_token(session, annotator_id=project.ann, kind=TokenKind.API, name="script", now=NOW)
        new = NewDraw("random", 1, "hash", (AuditStratum("all", 9, 1),), ("z",), (0,))
        store_draw(session, new=new, annotator_id=project.ann, now=NOW)
        record_event(session, kind=EventKind.CLASS_ADDED, annotator_id=project.ann, now=NOW, subject="star")


@pytest.mark.parametrize("version", earlier_versions())
def test_upgrade__every_earlier_version_keeps_its_rows(
    project: Project, database_url: str, version: str
) -> None:
    fill(project)
    config = migrations.alembic_config()
    with project.database.transaction() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, version)
    before = rows_by_table(database_url)
    assert {"annotation", "label_class", "lease", "project", "proposal", "round"} <= set(before)
    assert all(before.values())

    project.database.upgrade()

    after = rows_by_table(database_url)
    assert {name: _as_before(after[name], rows) for name, rows in before.items()} == before
    assert differences(database_url) == []


def _as_before(rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows without the columns that came later."""
    return [{name: row[name] for name in before[0]} for row in rows]


def with_another_version(folder: Path, monkeypatch: pytest.MonkeyPatch, *, end: str) -> None:
    """Let goldpan have one more version than it has, which makes a table and then does what `end` says."""
    place = folder / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, place, ignore=shutil.ignore_patterns("__pycache__"))
    [head] = ScriptDirectory.from_config(migrations.alembic_config()).get_heads()
    (place / "versions" / "9000_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9000'\ndown_revision = {head!r}\n"
        f"def upgrade():\n    op.create_table('extra', sa.Column('id', sa.Integer()))\n    {end}\n"
    )
    config = migrations.alembic_config()
    config.set_main_option("script_location", str(place))
    monkeypatch.setattr(migrations, "alembic_config", lambda: config)


def test_open_database__older_version_is_upgraded(
    project: Project, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.label("a")
    with_another_version(tmp_path, monkeypatch, end="pass")
    assert project.database.check() == ["the tables are of an older goldpan"]

    upgraded = open_database(database_url)

    assert upgraded.check() == []
    with upgraded.reading() as session:
        assert session.execute(sa.text("SELECT count(*) FROM extra")).scalar_one() == 0
        assert current_labels(session).item_keys == ("a",)
    upgraded.dispose()


def test_open_database__upgrade_that_breaks_leaves_everything(
    project: Project, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.label("a")
    before = differences(database_url)
    with monkeypatch.context() as patch:
        with_another_version(tmp_path, patch, end="raise ZeroDivisionError")
        with pytest.raises(ZeroDivisionError):
            open_database(database_url)

    assert differences(database_url) == before == []
    assert project.database.check() == []


def test_versions__one_head_and_every_file_in_line() -> None:
    scripts = ScriptDirectory.from_config(migrations.alembic_config())
    files = [path for path in Path(scripts.versions).glob("*.py") if path.name != "__init__.py"]

    assert len(scripts.get_heads()) == 1
    assert len(list(scripts.walk_revisions())) == len(files)


def test_open_database__from_a_folder_with_odd_characters(tmp_path: Path) -> None:
    """As from an installed wheel: the package lies elsewhere, and nothing else of the repository is there."""
    root = Path(migrations.__file__).parents[2]
    place = tmp_path / "100% odd"
    for package in ("config", "labeling"):
        for path in (root / package).rglob("*"):
            if path.suffix in {".py", ".mako"}:
                target = place / path.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    url = sqlite_url(tmp_path / "labels.sqlite")
    code = f"import labeling.database as d; print(d.__file__, d.open_database({url!r}).check())"

    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=True, timeout=60
    )

    assert str(place) in answer.stdout
    assert answer.stdout.strip().endswith("[]")
    assert open_database(url).check() == []


def test_draft__writes_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, place, ignore=shutil.ignore_patterns("__pycache__"))
    config = migrations.alembic_config()
    config.set_main_option("script_location", str(place))
    monkeypatch.setattr(drafting, "alembic_config", lambda: config)
    extra = sa.Table("extra", Base.metadata, sa.Column("at", UtcDateTime()))
    try:
        drafting.draft("add extra")
    finally:
        Base.metadata.remove(extra)

    [written] = (place / "versions").glob("*_add_extra.py")
    text = written.read_text()
    assert "op.create_table('extra'" in text
    assert "sa.DateTime(timezone=True)" in text
