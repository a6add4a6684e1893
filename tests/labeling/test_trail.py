from __future__ import annotations

from datetime import timedelta

import pytest

from labeling.annotations import Act, NewAnnotation, record
from labeling.database import Database
from labeling.errors import TrailError
from labeling.events import EventKind, record_event
from labeling.seeks import NewSeek, add_seek, withdraw_seek
from labeling.trail import TrailEntry, read_trail
from tests.labeling.store import NOW, Project, new_uid


def label_at(project: Project, minutes: float, key: str, *, by: int | None = None) -> str:
    uid = new_uid()
    with project.database.transaction() as session:
        new = NewAnnotation(uid=uid, item_key=key, act=Act.LABEL, class_id=project.star, comment="sure")
        record(session, new=new, annotator_id=by or project.ann, now=NOW + timedelta(minutes=minutes))
    return uid


def trail(database: Database, **wishes: object) -> list[TrailEntry]:
    with database.reading() as session:
        return list(read_trail(session, **wishes))  # type: ignore[arg-type]


def test_read_trail__all_kinds_of_acts_in_the_order_of_time(project: Project) -> None:
    uid = label_at(project, 1, "a")
    with project.database.transaction() as session:
        late, early = NOW + timedelta(minutes=2), NOW
        record_event(session, kind=EventKind.CLASS_ADDED, annotator_id=project.bob, now=early, subject="star")
        seek = add_seek(
            session,
            new=NewSeek(kind="words", text="rings", class_id=project.star),
            annotator_id=project.bob,
            now=late,
        )
        withdraw_seek(session, seek_id=seek.id, annotator_id=project.ann, now=late + timedelta(minutes=1))
        undo = NewAnnotation(uid=new_uid(), item_key="a", act=Act.UNDO, undoes_uid=uid)
        record(session, new=undo, annotator_id=project.ann, now=NOW + timedelta(minutes=9))

    told = trail(project.database)

    assert [(entry.person, entry.act, entry.subject, entry.class_name) for entry in told] == [
        ("bob", "class_added", "star", ""),
        ("ann", "label", "a", "star"),
        ("bob", "seek", "rings", "star"),
        ("ann", "seek_withdrawn", "rings", "star"),
        ("ann", "undo", "a", ""),
    ]
    assert told[1].details["uid"] == uid == told[4].details["undoes"]
    assert told[1].comment == "sure"
    assert told[0].at == NOW


def test_read_trail__since_and_person(project: Project) -> None:
    for minutes, by in ((1, project.ann), (2, project.bob), (3, project.ann)):
        label_at(project, minutes, f"item-{minutes}", by=by)

    since = trail(project.database, since=NOW + timedelta(minutes=2))
    of_ann = trail(project.database, person="ann", since=NOW + timedelta(minutes=2))

    assert [entry.subject for entry in since] == ["item-2", "item-3"]
    assert [entry.subject for entry in of_ann] == ["item-3"]


def test_read_trail__unknown_person(project: Project) -> None:
    with pytest.raises(TrailError, match="known: ann, bob"):
        trail(project.database, person="eve")


def test_read_trail__is_read_as_it_is_consumed(project: Project) -> None:
    """More rows than are fetched at once, from three open cursors."""
    with project.database.transaction() as session:
        for number in range(2_100):
            record_event(
                session,
                kind=EventKind.SIGNED_IN,
                annotator_id=project.ann,
                now=NOW + timedelta(seconds=2 * number),
            )
    for minutes in (0.01, 30):
        label_at(project, minutes, "a")
    told = trail(project.database)
    assert len(told) == 2_102
    assert told == sorted(told, key=lambda entry: entry.at)
    assert [index for index, entry in enumerate(told) if entry.source == "annotation"] == [1, 901]
