"""A project whose labels are in PostgreSQL does all that one with a SQLite file does."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import app.project as project_module
import labeling.clock as clock_module
from app import api_classes, api_store
from app.context import ServerContext, make_context
from app.exporting import export_project
from app.project import Project, open_project
from app.run_now import run_first, run_now
from app.share import import_project
from labeling.annotations import Act, current_labels, history
from labeling.labels import label_times
from labeling.queue import proposals_of
from labeling.round_log import list_rounds, start_round
from labeling.trail import read_trail
from tests.app.storing import store
from tests.databases import postgres_schema
from tests.projects import label_some, make_clouds, write_clouds

VARIABLE = "GOLDPAN_TEST_DATABASE"


@pytest.fixture
def stars(tmp_path: Path, postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The clouds, their labels in PostgreSQL, whose address is in the environment alone."""
    with postgres_schema(postgres_uri) as url:
        monkeypatch.setenv(VARIABLE, url)
        project = make_clouds(tmp_path, database=f"${{{VARIABLE}}}")
        yield project
        project.close()


@pytest.fixture
def server(stars: Project) -> Iterator[ServerContext]:
    made = make_context(stars, hosts=frozenset())
    yield made
    made.writer.shutdown()
    made.reader.shutdown()


def annotate(server: ServerContext, act: Act, key: str, **values: Any) -> dict[str, Any]:
    body = {"uid": uuid.uuid4().hex, "item_key": key, "act": str(act), **values}
    return store(server, body)


def test_init__leaves_no_file_of_labels(stars: Project) -> None:
    assert stars.database.kind == "postgresql"
    assert not (stars.paths.folder / "labels.sqlite").exists()
    again = open_project(stars.paths.config)
    assert again.database.check() == []
    again.close()


def test_label_undo_and_history(server: ServerContext) -> None:
    stored = annotate(server, Act.LABEL, "item-001", class_id=1)
    assert stored["counts"] == {"1": 1}
    taken_back = annotate(server, Act.UNDO, "item-001", undoes_uid=stored["uid"])
    assert taken_back["counts"] == {}
    with server.project.database.reading() as session:
        assert [entry.undone for entry in history(session, item_key="item-001")] == [True, False]
    told = api_store.history(server, limit=5)["items"]
    assert [(item["item_key"], item["undone"]) for item in told] == [("item-001", True)]


def test_round__export_and_import_propose_the_same(stars: Project, tmp_path: Path) -> None:
    labels = label_some(stars)
    run_now(stars)
    export_project(stars, folder=tmp_path / "out")
    shared = (tmp_path / "out" / "shared.yaml").read_text(encoding="utf-8")
    assert VARIABLE not in shared and "postgresql" not in shared
    (tmp_path / "elsewhere").mkdir()
    pool = tmp_path / "elsewhere" / "pool.csv"
    write_clouds(pool)
    copy = import_project(tmp_path / "out" / "shared.yaml", tmp_path / "elsewhere" / "p.yaml", pool=pool)
    run_first(copy, lambda share, what: None)
    run_now(stars)
    found = []
    for project in (stars, copy):
        with project.database.reading() as session:
            assert set(current_labels(session).item_keys) == set(labels)
            numbers = [
                row.number for row in list_rounds(session) if proposals_of(session, round_number=row.number)
            ]
            found.append(
                [(row.item_key, row.reason) for row in proposals_of(session, round_number=max(numbers))]
            )
    copy.close()
    assert found[0] and found[0] == found[1]


def test_classes__changes_are_on_record(server: ServerContext) -> None:
    api_classes.add(server, {"name": "comet"})
    api_classes.change(server, 4, {"name": "meteor", "target": 2})
    annotate(server, Act.LABEL, "item-001", class_id=4)
    api_classes.merge(server, 4, {"into": 1, "uid": "merge-12345678"})
    api_classes.restore(server, 4, {})
    with server.project.database.reading() as session:
        told = [(entry.act, entry.subject) for entry in read_trail(session) if entry.source == "event"]
    assert told[3:] == [
        ("class_added", "comet"),
        ("class_renamed", "meteor"),
        ("class_changed", "meteor"),
        ("class_merged", "meteor"),
        ("class_restored", "meteor"),
    ]


class AnHourAhead(dt.datetime):
    """The clock of a server that is wrong by an hour."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> AnHourAhead:
        return cls.fromtimestamp(dt.datetime.now(dt.UTC).timestamp() + 3600, tz)


@pytest.fixture
def wrong_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "datetime", AnHourAhead)
    monkeypatch.setattr(project_module, "now", lambda: AnHourAhead.now(dt.UTC))


def test_lease__holds_against_a_server_whose_clock_is_ahead(
    server: ServerContext, stars: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people, two servers: the second one's clock is an hour ahead, and it takes nothing that is leased."""
    label_some(stars)
    run_now(stars)
    first = api_store.next_items(server, count=5, keep=[])["items"]
    monkeypatch.setattr(clock_module, "datetime", AnHourAhead)
    bob = server.as_person(_person(stars, "bob"))
    second = api_store.next_items(bob, count=5, keep=[])["items"]
    assert len(first) == len(second) == 5
    assert not {item["key"] for item in first} & {item["key"] for item in second}


def test_label__moment_is_the_databases(server: ServerContext, wrong_clock: None) -> None:
    annotate(server, Act.LABEL, "item-001", class_id=1)
    with server.project.database.reading() as session:
        [at] = label_times(session, annotator_id=server.annotator_id, limit=1)
        there = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    assert abs((there - at).total_seconds()) < 60


def test_round__of_another_server_lives_although_our_clock_is_ahead(
    server: ServerContext, stars: Project, wrong_clock: None
) -> None:
    with stars.database.transaction() as session:
        start_round(
            session,
            revision=0,
            seed=1,
            owner="another-machine:1",
            now=session.execute(sa.select(sa.func.clock_timestamp())).scalar_one(),
        )
    with pytest.raises(Exception, match="another process runs a round"):
        run_now(stars)
    server.supervisor._look()
    status = server.supervisor.status
    assert status is not None and status.running is not None and status.failed is None
    assert status.moment is not None
    assert abs((status.moment - status.running.started_at).total_seconds()) < 60


def _person(project: Project, name: str) -> Any:
    from labeling.annotators import ensure_annotator
    from labeling.people import Person, Role

    with project.database.transaction() as session:
        return Person(ensure_annotator(session, name=name), name, Role.ANNOTATOR)
