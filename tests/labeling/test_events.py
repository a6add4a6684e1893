from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.exc as sa_errors

from labeling.classes import add_class, rename_class
from labeling.errors import EventError
from labeling.events import EventKind, former_names, record_event
from labeling.trail import read_trail
from tests.labeling.store import NOW, Project


def note(project: Project, kind: EventKind, subject: str = "", **details: Any) -> int:
    with project.database.transaction() as session:
        return record_event(
            session, kind=kind, annotator_id=project.ann, now=NOW, subject=subject, details=details
        )


def test_record_event__is_kept_with_who_and_when(project: Project) -> None:
    number = note(project, EventKind.CLASS_RENAMED, "galaxy", **{"from": "nebula ☄", "class_id": 2})

    with project.database.reading() as session:
        [entry] = read_trail(session)
    assert (entry.number, entry.act, entry.subject) == (number, "class_renamed", "galaxy")
    assert (entry.person, entry.at, entry.source) == ("ann", NOW, "event")
    assert entry.details == {"from": "nebula ☄", "class_id": 2}


def test_record_event__nobody_known(project: Project) -> None:
    with project.database.transaction() as session:
        record_event(session, kind=EventKind.SIGN_IN_REFUSED, annotator_id=None, now=NOW, subject="bob")
    with project.database.reading() as session:
        assert [entry.person for entry in read_trail(session)] == [""]


def test_record_event__long_subject_is_cut(project: Project) -> None:
    note(project, EventKind.SIGN_IN_REFUSED, "x" * 10_000)
    with project.database.reading() as session:
        assert [len(entry.subject) for entry in read_trail(session)] == [512]


@pytest.mark.parametrize(
    "details", [{"a": object()}, {"a": "\x00"}, {"a": "\ud800"}, {"a": float("nan")}, {"a": "x" * 30_000}]
)
def test_record_event__what_cannot_be_stored(project: Project, details: dict[str, Any]) -> None:
    with pytest.raises(EventError):
        note(project, EventKind.CLASS_ADDED, **details)


def test_record_event__unknown_kind(project: Project) -> None:
    with pytest.raises(EventError, match="class_renamed"):
        note(project, "class_eaten")  # type: ignore[arg-type]


@pytest.mark.parametrize("statement", ["UPDATE event SET subject = 'x'", "DELETE FROM event"])
def test_event__cannot_be_changed(project: Project, statement: str) -> None:
    note(project, EventKind.CLASS_ADDED, "star")

    def change() -> None:
        with project.database.transaction() as session:
            session.execute(sa.text(statement))

    with pytest.raises(sa_errors.DBAPIError, match="append-only"):
        change()
    with project.database.reading() as session:
        assert [entry.subject for entry in read_trail(session)] == ["star"]


def rename(project: Project, class_id: int, before: str, after: str) -> None:
    with project.database.transaction() as session:
        rename_class(session, class_id=class_id, name=after)
        details = {"class_id": class_id, "from": before, "to": after}
        record_event(
            session,
            kind=EventKind.CLASS_RENAMED,
            annotator_id=project.ann,
            now=NOW,
            subject=after,
            details=details,
        )


def test_former_names__with_the_present_one(project: Project) -> None:
    rename(project, project.star, "star", "sun")
    rename(project, project.star, "sun", "dwarf")
    with project.database.reading() as session:
        assert former_names(session) == {"star": "dwarf", "sun": "dwarf"}


def test_former_names__without_those_in_use_again(project: Project) -> None:
    rename(project, project.star, "star", "sun")
    with project.database.transaction() as session:
        add_class(session, name="star")
    with project.database.reading() as session:
        assert former_names(session) == {}
