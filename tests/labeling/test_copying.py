"""A database copied to another kind and back: everything in it, numbers too, or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import labeling.copying as copying_module
from labeling.annotations import Act, NewAnnotation, current_labels, record
from labeling.annotators import ensure_annotator
from labeling.audit_set import AuditStratum, NewDraw, store_draw
from labeling.checking import inspect_database
from labeling.classes import add_class, update_class
from labeling.copying import copy_database, table_contents
from labeling.database import Database, open_database, sqlite_url
from labeling.errors import CopyError, DatabaseUnavailableError
from labeling.events import EventKind, record_event
from labeling.project_record import ProjectRecord, set_project
from labeling.queue import lease_next, store_proposals
from labeling.round_log import finish_round, start_round
from labeling.seeks import NewSeek, add_seek, withdraw_seek
from labeling.selections import pack_keys, save_selection
from labeling.tables import AnnotationTable, Base
from tests.databases import postgres_schema
from tests.labeling.store import NOW, Project, make_project, new_uid, proposals


@pytest.fixture
def other(database_url: str, postgres_uri: str, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the other kind."""
    if not database_url.startswith("sqlite"):
        opened = open_database(sqlite_url(tmp_path / "other.sqlite"))
        yield opened
        opened.dispose()
        return
    with postgres_schema(postgres_uri) as url:
        opened = open_database(url)
        yield opened
        opened.dispose()


def fill(project: Project) -> None:
    """Put something into every table, with what makes copying hard."""
    first = project.label("a")
    project.undo("a", first.uid)
    project.act("ключ 🌟", Act.FLAG, by=project.bob)
    with project.database.transaction() as session:
        set_project(session, project=ProjectRecord(str(uuid.UUID(int=7)), "stars", "hash", 2**40, NOW))
        # A class under one that was added after it, and three deep.
        update_class(session, class_id=project.star, parent_id=project.quasar, target=0.1 + 0.2)
        update_class(session, class_id=project.galaxy, parent_id=project.star)
        start_round(session, revision=3, seed=2**60, owner="me:1", now=NOW)
        finish_round(
            session,
            number=1,
            labels_used=1,
            metrics={"loss": 1e-17, "per class": {"ü": [None, 0.1]}},
            hashes={"pool": "x"},
            now=NOW + timedelta(microseconds=1),
        )
        start_round(session, revision=3, seed=1, owner="me:1", now=NOW)
        store_proposals(session, proposals=proposals(1, ["c", "d"]))
        lease_next(session, annotator_id=project.ann, count=1, lease_s=60, now=NOW)
        seek = add_seek(
            session, new=NewSeek(kind="example", item_keys=("a", "b")), annotator_id=project.ann, now=NOW
        )
        withdraw_seek(session, seek_id=seek.id, annotator_id=project.bob, now=NOW)
        keys = pack_keys([[f"item-{number}" for number in range(300)]])
        save_selection(session, name="some", how="by hand", keys=keys, annotator_id=project.bob, now=NOW)
        strata = (AuditStratum("star, surer", 9, 1), AuditStratum("☄", 7, 2))
        new = NewDraw("stratified", 2**60, "hash", strata, ("x", "ключ", "y"), (1, 0, 1), round_number=1)
        store_draw(session, new=new, annotator_id=project.bob, now=NOW)
        record_event(
            session,
            kind=EventKind.CLASS_ADDED,
            annotator_id=None,
            now=NOW,
            subject="star",
            details={"a": [1.5]},
        )


def test_copy_database__everything_with_its_numbers(project: Project, other: Database) -> None:
    fill(project)
    before = table_contents(project.database)
    assert all(content.rows for name, content in before.items() if name in filled_tables())

    copied = copy_database(project.database, other)

    assert copied == before == table_contents(other)
    assert inspect_database(other).problems == ()
    with project.database.reading() as here, other.reading() as there:
        for table in Base.metadata.sorted_tables:
            order = list(table.primary_key)
            rows = [
                [list(row) for row in each.execute(sa.select(table).order_by(*order))]
                for each in (here, there)
            ]
            assert rows[0] == rows[1], table.name


def filled_tables() -> set[str]:
    """The tables that `fill` knows of; those of other parts are compared as they are."""
    return {
        "annotator", "label_class", "project", "round", "annotation", "proposal", "lease", "seek", "selection", "event",
        "audit_draw", "audit_item",
    }  # fmt: skip


def test_copy_database__and_back(
    project: Project, other: Database, database_url: str, tmp_path: Path
) -> None:
    fill(project)
    before = table_contents(project.database)
    copy_database(project.database, other)
    back = open_database(sqlite_url(tmp_path / "back.sqlite"))

    copied = copy_database(other, back)

    assert copied == before == table_contents(back)
    back.dispose()


def test_copy_database__numbers_go_on_after_the_highest(project: Project, other: Database) -> None:
    project.label("a")
    project.label("b")
    copy_database(project.database, other)

    with other.transaction() as session:
        stored = record(
            session,
            new=NewAnnotation(uid=new_uid(), item_key="c", act=Act.SKIP),
            annotator_id=project.ann,
            now=NOW,
        )
        assert stored.id == 3
        assert add_class(session, name="nova").id == 4
        assert ensure_annotator(session, name="cem") == 3


def test_copy_database__target_holds_something(project: Project, other: Database) -> None:
    make_project(other)
    before = table_contents(other)
    with pytest.raises(CopyError, match="annotator, label_class"):
        copy_database(project.database, other)
    assert table_contents(other) == before


def test_copy_database__target_breaks_in_the_middle(
    project: Project, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(project)
    before = table_contents(project.database)
    written = 0

    def break_late(connection: sa.Connection, *_: object) -> None:
        nonlocal written
        written += 1
        if written == 12:
            connection.connection.close()
            raise sa.exc.OperationalError("gone", None, Exception("the server closed the connection"))

    empty = table_contents(other)
    sa.event.listen(other._engine, "before_cursor_execute", break_late)
    with pytest.raises(Exception, match=r"closed|gone|lost"):
        copy_database(project.database, other)
    sa.event.remove(other._engine, "before_cursor_execute", break_late)

    assert table_contents(other) == empty
    assert table_contents(project.database) == before
    # Nothing stands in the way of the next try.
    assert copy_database(project.database, other) == before


def test_copy_database__a_difference_undoes_all(
    project: Project, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that arrived otherwise than it was read must not be taken for a copy."""
    fill(project)
    whole = copying_module._read

    def lossy(session: sa.orm.Session, table: sa.Table) -> Iterator[dict[str, object]]:
        for row in whole(session, table):
            is_ours = session.get_bind().dialect.name == project.database.kind
            yield {**row, "comment": "?"} if is_ours and row.get("comment") == "" and row["id"] == 1 else row

    empty = table_contents(other)
    real_contents = copying_module._contents
    with monkeypatch.context() as patch:
        patch.setattr(copying_module, "_read", lossy)
        patch.setattr(
            copying_module, "_contents", lambda session: _with(patch, whole, real_contents, session)
        )
        with pytest.raises(CopyError, match="annotation"):
            copy_database(project.database, other)
    assert table_contents(other) == empty


def _with(patch: pytest.MonkeyPatch, whole: object, contents: object, session: object) -> object:
    patch.setattr(copying_module, "_read", whole)
    return contents(session)  # type: ignore[operator]


def test_copy_database__another_version(project: Project, other: Database) -> None:
    with other.transaction() as session:
        session.execute(sa.text("UPDATE goldpan_version SET version_num = '0002'"))
    with pytest.raises(CopyError, match="goldpan db upgrade"):
        copy_database(project.database, other)


def test_copy_database__source_takes_no_writes_meanwhile(
    project: Project, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeling.database.BUSY_TIMEOUT_MS", 50)
    project.database.dispose()
    project.label("a")
    refused = 0

    def try_to_label(share: float, table: str) -> None:
        nonlocal refused
        if table == "annotation" and not refused:
            with pytest.raises(DatabaseUnavailableError):
                project.label("b")
            refused += 1

    copy_database(project.database, other, progress=try_to_label)
    assert refused == 1


@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_copy_database__many_annotations(project: Project, other: Database, count: int) -> None:
    rows = [
        {"uid": f"uid-{number:08d}", "item_key": f"item-{number % 70_000}", "act": "label", "class_id": project.star,
         "annotator_id": project.ann, "created_at": NOW, "comment": "", "strategy": "margin", "kind": "refine"}
        for number in range(count)
    ]  # fmt: skip
    with project.database.transaction() as session:
        session.execute(sa.insert(AnnotationTable), rows)
    copied = copy_database(project.database, other)
    assert copied["annotation"].rows == count
    with other.reading() as session:
        assert len(current_labels(session).item_keys) == min(count, 70_000)
