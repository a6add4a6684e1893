from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.exc as sa_errors

from labeling.annotations import (
    COMMENT_MAX,
    Act,
    NewAnnotation,
    Recorded,
    annotations_since,
    current_labels,
    history,
    recent,
    record,
    revision,
)
from labeling.classes import archive_class
from labeling.errors import AnnotationConflictError, AnnotationInvalidError, UndoRefusedError
from tests.labeling.store import NOW, Project, at_once, new_uid


def stored(project: Project, item_key: str) -> list[str]:
    with project.database.reading() as session:
        return [
            f"{entry.act}{' undone' if entry.undone else ''}" for entry in history(session, item_key=item_key)
        ]


def test_record__stores_everything(project: Project) -> None:
    new = NewAnnotation(
        uid="a_uid-0001",
        item_key="naïve 🌌 item",
        act="label",
        class_id=project.star,
        comment="a 'quoted' comment\nof two lines",
        round_number=3,
        strategy="prospect",
        kind="balance",
        suggested_class_id=project.galaxy,
        shown_ms=812,
    )

    answer = project.annotate(new)

    with project.database.reading() as session:
        [entry] = history(session, item_key=new.item_key)
    assert answer == Recorded(id=entry.id, uid=new.uid, duplicate=False)
    assert {field.name: getattr(entry, field.name) for field in dataclasses.fields(new)} == vars(new)
    assert (entry.annotator, entry.annotator_id, entry.created_at, entry.undone) == (
        "ann",
        project.ann,
        NOW,
        False,
    )
    assert entry.created_at.tzinfo is not None


def test_record__caller_rolls_back(project: Project) -> None:
    def break_halfway() -> None:
        new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.SKIP)
        with project.database.transaction() as session:
            record(session, new=new, annotator_id=project.ann, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()

    assert stored(project, "a") == []


def test_record__same_uid_twice_stores_once(project: Project) -> None:
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.LABEL, class_id=project.star, shown_ms=5)
    first = project.annotate(new)

    again = project.annotate(dataclasses.replace(new, shown_ms=9, round_number=2))

    assert again == Recorded(id=first.id, uid=new.uid, duplicate=True)
    assert stored(project, "a") == ["label"]


def test_record__retry_after_the_class_was_archived(project: Project) -> None:
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.LABEL, class_id=project.star)
    project.annotate(new)
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)

    assert project.annotate(new).duplicate


def test_record__retry_of_an_undo(project: Project) -> None:
    label = project.label("a")
    undo = NewAnnotation(uid=new_uid(), item_key="a", act=Act.UNDO, undoes_uid=label.uid)
    first = project.annotate(undo)

    assert project.annotate(undo) == Recorded(id=first.id, uid=undo.uid, duplicate=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"item_key": "b"}, "item_key"),
        ({"act": "skip", "class_id": None}, "act, class_id"),
        ({"comment": "other"}, "comment"),
    ],
)
def test_record__same_uid_other_content(project: Project, change: dict[str, Any], named: str) -> None:
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.LABEL, class_id=project.star)
    project.annotate(new)

    with pytest.raises(AnnotationConflictError, match=named):
        project.annotate(dataclasses.replace(new, **change))
    assert stored(project, "a") == ["label"]


def test_record__same_uid_other_annotator(project: Project) -> None:
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.SKIP)
    project.annotate(new)

    with pytest.raises(AnnotationConflictError, match="annotator"):
        project.annotate(new, by=project.bob)


def test_record__same_uid_in_many_threads_stores_once(project: Project) -> None:
    for _ in range(5):
        new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.LABEL, class_id=project.star)

        answers = at_once([lambda new=new: project.annotate(new)] * 8)  # type: ignore[misc]

        assert {type(answer) for answer in answers} == {Recorded}
        assert (
            sorted(answer.duplicate for answer in answers if isinstance(answer, Recorded))
            == [False] + [True] * 7
        )
        assert len({answer.id for answer in answers if isinstance(answer, Recorded)}) == 1
    assert stored(project, "a") == ["label"] * 5


def test_record__same_uid_from_a_session_without_the_write_lock(project: Project, database_url: str) -> None:
    """On PostgreSQL a plain session can be between look and store while another one commits."""
    if database_url.startswith("sqlite"):
        pytest.skip("a plain session of SQLite cannot write beside another one")
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.SKIP)
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    def plainly() -> Recorded:
        with sa.orm.Session(engine) as session, session.begin():
            return record(session, new=new, annotator_id=project.ann, now=NOW)

    for _ in range(5):
        answers = at_once([plainly] * 6)
        assert {type(answer) for answer in answers} == {Recorded}
    assert stored(project, "a") == ["skip"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"uid": "short"}, "8 to 64"),
        ({"uid": "with space"}, "8 to 64"),
        ({"uid": "line-break\n"}, "8 to 64"),
        ({"uid": "x" * 65}, "8 to 64"),
        ({"uid": None}, "8 to 64"),
        ({"act": "delete"}, "unknown act 'delete'"),
        ({"act": None}, "unknown act"),
        ({"act": "label", "class_id": None}, "needs a class"),
        ({"act": "adjudicate", "class_id": None}, "needs a class"),
        ({"act": "skip"}, "takes no class"),
        ({"act": "unsure"}, "takes no class"),
        ({"act": "flag"}, "takes no class"),
        ({"act": "undo", "class_id": None}, "undoes_uid"),
        ({"undoes_uid": "uid-00000000"}, "undoes_uid"),
        ({"class_id": 99}, "no class with id 99"),
        ({"class_id": "1"}, "whole number"),
        ({"class_id": True}, "whole number"),
        ({"class_id": 2**70}, "whole number"),
        ({"suggested_class_id": 99}, "no suggested class with id 99"),
        ({"item_key": ""}, "item's key"),
        ({"item_key": "x" * 513}, "item's key"),
        ({"item_key": "a\x00b"}, "NUL"),
        ({"item_key": "a\ud800b"}, "surrogate"),
        ({"item_key": 7}, "must be text"),
        ({"comment": "x" * (COMMENT_MAX + 1)}, "comment"),
        ({"strategy": "x" * 65}, "strategy"),
        ({"kind": "x" * 65}, "kind"),
        ({"round_number": -1}, "round's number"),
        ({"shown_ms": 1.5}, "shown_ms"),
        ({"shown_ms": 2**31}, "shown_ms"),
    ],
)
def test_record__refuses(project: Project, change: dict[str, Any], part: str) -> None:
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.LABEL, class_id=project.star)

    with pytest.raises(AnnotationInvalidError, match=part):
        project.annotate(dataclasses.replace(new, **change))
    with project.database.reading() as session:
        assert revision(session) == 0


def test_record__archived_class(project: Project) -> None:
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)

    with pytest.raises(AnnotationInvalidError, match="'star' is archived"):
        project.label("a")


def test_record__archived_class_may_have_been_suggested(project: Project) -> None:
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)
    new = NewAnnotation(new_uid(), "a", Act.LABEL, class_id=project.galaxy, suggested_class_id=project.star)

    assert not project.annotate(new).duplicate


def test_record__unknown_annotator(project: Project) -> None:
    with pytest.raises(AnnotationInvalidError, match="no annotator with id 99"):
        project.label("a", by=99)


def test_record__moment_without_time_zone(project: Project) -> None:
    new = NewAnnotation(uid=new_uid(), item_key="a", act=Act.SKIP)

    def store_naive() -> None:
        with project.database.transaction() as session:
            record(session, new=new, annotator_id=project.ann, now=datetime(2026, 1, 1))

    with pytest.raises(sa_errors.StatementError, match="no time zone"):
        store_naive()


def test_record__longest_key_of_wide_characters(project: Project) -> None:
    key = "🌌" * 512

    project.label(key)

    assert stored(project, key) == ["label"]


def test_undo__earlier_annotations_count_again(project: Project) -> None:
    project.label("a", project.star)
    second = project.label("a", project.galaxy)

    project.undo("a", second.uid)

    with project.database.reading() as session:
        assert current_labels(session).class_ids.tolist() == [project.star]
    assert stored(project, "a") == ["label", "label undone", "undo"]


def test_undo__of_an_undo(project: Project) -> None:
    undo = project.undo("a", project.label("a").uid)

    with pytest.raises(UndoRefusedError, match="is an undo"):
        project.undo("a", undo.uid)


def test_undo__twice(project: Project) -> None:
    label = project.label("a")
    project.undo("a", label.uid)

    with pytest.raises(UndoRefusedError, match="undone already"):
        project.undo("a", label.uid)
    assert stored(project, "a") == ["label undone", "undo"]


def test_undo__of_somebody_else(project: Project) -> None:
    label = project.label("a")

    with pytest.raises(UndoRefusedError, match="another annotator"):
        project.undo("a", label.uid, by=project.bob)


def test_undo__of_another_item(project: Project) -> None:
    label = project.label("a")

    with pytest.raises(UndoRefusedError, match="another item"):
        project.undo("b", label.uid)


def test_undo__of_nothing(project: Project) -> None:
    with pytest.raises(UndoRefusedError, match="no annotation 'never-stored'"):
        project.undo("a", "never-stored")


def test_undo__twice_at_once_in_threads(project: Project) -> None:
    label = project.label("a")

    answers = at_once([lambda: project.undo("a", label.uid)] * 6)

    assert sorted(type(answer).__name__ for answer in answers) == ["Recorded"] + ["UndoRefusedError"] * 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annotation SET comment = 'changed'",
        "UPDATE annotation SET id = id + 1",
        "DELETE FROM annotation",
        "DELETE FROM annotation WHERE id = 1",
    ],
)
def test_annotation_table__is_append_only(project: Project, statement: str) -> None:
    project.label("a")

    def change() -> None:
        with project.database.transaction() as session:
            session.execute(sa.text(statement))

    with pytest.raises(sa_errors.DBAPIError, match="append-only"):
        change()
    assert stored(project, "a") == ["label"]


def test_annotation_table__cannot_be_replaced_or_truncated(project: Project, database_url: str) -> None:
    project.label("a")
    sqlite = database_url.startswith("sqlite")
    statement = (
        "INSERT OR REPLACE INTO annotation SELECT * FROM annotation"
        if sqlite
        else "TRUNCATE annotation CASCADE"
    )

    def change() -> None:
        with project.database.transaction() as session:
            session.execute(sa.text(statement))

    with pytest.raises(sa_errors.DBAPIError, match="append-only"):
        change()


def test_revision__is_the_last_number(project: Project) -> None:
    with project.database.reading() as session:
        assert revision(session) == 0
    project.label("a")
    last = project.label("b")

    with project.database.reading() as session:
        assert revision(session) == last.id


def test_recent__own_and_newest_first(project: Project) -> None:
    for key in ("a", "b", "c"):
        project.label(key)
    project.label("d", by=project.bob)

    with project.database.reading() as session:
        found = recent(session, annotator_id=project.ann, limit=2)
        assert recent(session, annotator_id=project.ann, limit=0) == []
    assert [entry.item_key for entry in found] == ["c", "b"]


def test_annotations_since__in_order_with_what_was_undone(project: Project) -> None:
    first = project.label("a")
    label = project.label("b", by=project.bob)
    project.undo("b", label.uid, by=project.bob)

    with project.database.reading() as session:
        found = annotations_since(session, revision=first.id)
    assert [(entry.act, entry.undone, entry.undoes_uid) for entry in found] == [
        (Act.LABEL, True, None),
        (Act.UNDO, False, label.uid),
    ]
