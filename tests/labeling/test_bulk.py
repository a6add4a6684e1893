"""Tests of several annotations stored together."""

from __future__ import annotations

import pytest

from labeling.annotations import Act, NewAnnotation, Recorded, annotations_since
from labeling.bulk import record_each
from labeling.errors import AnnotationInvalidError, UndoRefusedError
from tests.labeling.store import NOW, Project, new_uid


def label(project: Project, item_key: str, class_id: int | None = None) -> NewAnnotation:
    return NewAnnotation(uid=new_uid(), item_key=item_key, act=Act.LABEL, class_id=class_id or project.star)


def test_record_each__keeps_the_order_and_tells_what_is_refused(project: Project) -> None:
    first, wrong, last = label(project, "a"), label(project, "b", 999), label(project, "c")
    undo = NewAnnotation(uid=new_uid(), item_key="d", act=Act.UNDO, undoes_uid=first.uid)
    with project.database.transaction() as session:
        found = record_each(session, news=[first, wrong, undo, last], annotator_id=project.ann, now=NOW)
    assert [type(each) for each in found] == [Recorded, AnnotationInvalidError, UndoRefusedError, Recorded]
    with project.database.reading() as session:
        assert [entry.item_key for entry in annotations_since(session, revision=0)] == ["a", "c"]


def test_record_each__an_undo_of_one_before_it(project: Project) -> None:
    first = label(project, "a")
    undo = NewAnnotation(uid=new_uid(), item_key="a", act=Act.UNDO, undoes_uid=first.uid)
    with project.database.transaction() as session:
        found = record_each(session, news=[first, undo, undo], annotator_id=project.ann, now=NOW)
    assert [each.duplicate for each in found if isinstance(each, Recorded)] == [False, False, True]


def test_record_each__broken_halfway_stores_nothing(project: Project) -> None:
    def cut() -> None:
        with project.database.transaction() as session:
            news = [label(project, "a"), label(project, "b")]
            record_each(session, news=news, annotator_id=project.ann, now=NOW)
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        cut()
    with project.database.reading() as session:
        assert annotations_since(session, revision=0) == []
