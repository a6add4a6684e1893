"""Group commit: one commit for what waits, an answer of its own for each."""
# ruff: noqa: F811 - fixtures that another folder's tests define

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from app.counts import RunningCounts
from app.write_batch import GROUP_MAX, Committed, WriteBatch
from labeling.annotations import Act, NewAnnotation, Recorded, history, record, revision
from labeling.errors import (
    AnnotationInvalidError,
    DatabaseUnavailableError,
    UndoRefusedError,
)
from tests.labeling.conftest import database, database_url, project  # noqa: F401
from tests.labeling.store import NOW, Project, new_uid


class Line:
    """A write batch whose writer is held back, so that a test decides what waits together."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.writer = ThreadPoolExecutor(1)
        self.counts = RunningCounts()
        self.batch = WriteBatch(project.database, self.counts, self.writer)
        self._gate = threading.Event()

    def hold(self) -> None:
        self.writer.submit(self._gate.wait, 30)

    def go_on(self) -> None:
        self._gate.set()

    def label(self, key: str, *, uid: str = "", class_id: int | None = None) -> Future[Committed[Recorded]]:
        wanted = self.project.star if class_id is None else class_id
        return self.store(NewAnnotation(uid=uid or new_uid(), item_key=key, act=Act.LABEL, class_id=wanted))

    def store(self, new: NewAnnotation) -> Future[Committed[Recorded]]:
        return self.batch.submit(
            lambda session, _: record(session, new=new, annotator_id=self.project.ann, now=NOW)
        )

    def revision(self) -> int:
        with self.project.database.reading() as session:
            return revision(session)


@pytest.fixture
def line(project: Project) -> Iterator[Line]:
    made = Line(project)
    yield made
    made.go_on()
    made.writer.shutdown()


@pytest.fixture
def commits(line: Line) -> Iterator[Callable[[], int]]:
    seen: list[Any] = []
    engine = line.project.database._engine

    def count(connection: sa.Connection) -> None:
        seen.append(connection)

    sa.event.listen(engine, "commit", count)
    yield lambda: len(seen)
    sa.event.remove(engine, "commit", count)


def test_submit__all_that_wait_go_into_one_commit(line: Line, commits: Callable[[], int]) -> None:
    line.hold()
    futures = [line.label(f"item-{number}") for number in range(10)]
    line.go_on()
    done = [future.result(timeout=30) for future in futures]
    assert commits() == 1
    assert [entry.stored.id for entry in done] == sorted(entry.stored.id for entry in done)
    assert {entry.counts.revision for entry in done} == {done[-1].stored.id} == {line.revision()}
    assert done[0].counts.classes == {line.project.star: 10}


def test_submit__one_alone_waits_for_nothing(line: Line, commits: Callable[[], int]) -> None:
    done = line.label("item-1").result(timeout=30)
    assert (commits(), done.counts.revision) == (1, done.stored.id)


def test_submit__a_bad_one_leaves_the_others(line: Line, commits: Callable[[], int]) -> None:
    line.hold()
    before, bad, after = line.label("item-1"), line.label("item-2", class_id=999), line.label("item-3")
    undo = NewAnnotation(uid=new_uid(), item_key="item-1", act=Act.UNDO, undoes_uid="nobody-made-it")
    refused = line.store(undo)
    line.go_on()
    assert before.result(timeout=30).stored.id < after.result(timeout=30).stored.id
    with pytest.raises(AnnotationInvalidError, match="no class with id 999"):
        bad.result(timeout=30)
    with pytest.raises(UndoRefusedError):
        refused.result(timeout=30)
    assert commits() == 1
    assert after.result().counts.classes == {line.project.star: 2}


def test_submit__what_a_failed_step_stored_is_taken_back(line: Line) -> None:
    def store_and_fail(session: Any, _: Any) -> None:
        new = NewAnnotation(uid="half-done-one", item_key="item-2", act=Act.LABEL, class_id=line.project.star)
        record(session, new=new, annotator_id=line.project.ann, now=NOW)
        session.execute(sa.text("select no_such_column from annotation"))

    line.hold()
    before = line.label("item-1")
    failed = line.batch.submit(store_and_fail)
    after = line.label("item-3")
    line.go_on()
    with pytest.raises(sa.exc.SQLAlchemyError):
        failed.result(timeout=30)
    assert before.result(timeout=30) and after.result(timeout=30)
    with line.project.database.reading() as session:
        assert history(session, item_key="item-2") == []


def test_submit__same_uid_twice_in_one_commit(line: Line) -> None:
    line.hold()
    first, second = line.label("item-1", uid="sent-again"), line.label("item-1", uid="sent-again")
    line.go_on()
    assert first.result(timeout=30).stored.id == second.result(timeout=30).stored.id
    assert (first.result().stored.duplicate, second.result().stored.duplicate) == (False, True)


def test_submit__an_undo_behind_its_label(line: Line) -> None:
    line.hold()
    label = line.label("item-1", uid="taken-back")
    undo = line.store(NewAnnotation(uid=new_uid(), item_key="item-1", act=Act.UNDO, undoes_uid="taken-back"))
    line.go_on()
    assert label.result(timeout=30).stored.id < undo.result(timeout=30).stored.id
    assert undo.result().counts.classes == {}


def test_submit__nothing_is_answered_where_the_commit_fails(line: Line) -> None:
    engine = line.project.database._engine

    def fail(connection: sa.Connection) -> None:
        raise DatabaseUnavailableError("the disk is full")

    line.hold()
    futures = [line.label(f"item-{number}") for number in range(3)]
    sa.event.listen(engine, "commit", fail)
    line.go_on()
    for future in futures:
        with pytest.raises(DatabaseUnavailableError):
            future.result(timeout=30)
    sa.event.remove(engine, "commit", fail)
    assert line.revision() == 0
    assert line.label("item-1").result(timeout=30).counts.classes == {line.project.star: 1}


def test_submit__a_long_line_takes_several_commits(line: Line, commits: Callable[[], int]) -> None:
    line.hold()
    futures = [line.label(f"item-{number}") for number in range(GROUP_MAX + 1)]
    line.go_on()
    numbers = [future.result(timeout=60).stored.id for future in futures]
    assert numbers == sorted(numbers)
    assert commits() == 2


def test_submit__after_the_writer_has_stopped(line: Line) -> None:
    line.go_on()
    line.writer.shutdown()
    with pytest.raises(DatabaseUnavailableError, match="stopping"):
        line.label("item-1").result(timeout=5)
