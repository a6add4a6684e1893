from __future__ import annotations

import pytest

from labeling.annotations import Act, NewAnnotation, annotations_since, current_labels
from labeling.classes import archive_class
from labeling.errors import AnnotationConflictError, AnnotationInvalidError, UndoRefusedError
from labeling.restoring import PastAnnotation, restore_annotations
from tests.labeling.store import NOW, Project


def label_of(project: Project, uid: str, item_key: str = "a", *, by: int | None = None) -> PastAnnotation:
    new = NewAnnotation(uid=uid, item_key=item_key, act=Act.LABEL, class_id=project.star)
    return PastAnnotation(new, by or project.ann, NOW)


def undo_of(project: Project, uid: str, undoes: str, item_key: str = "a") -> PastAnnotation:
    new = NewAnnotation(uid=uid, item_key=item_key, act=Act.UNDO, undoes_uid=undoes)
    return PastAnnotation(new, project.ann, NOW)


def test_restore_annotations__in_order_after_what_is_there(project: Project) -> None:
    before = project.label("there").id
    entries = [label_of(project, f"elsewhere-{number}", f"item {number}") for number in range(5)]
    with project.database.transaction() as session:
        numbers = restore_annotations(session, entries=entries)
    with project.database.reading() as session:
        stored = annotations_since(session, revision=before)
    assert [entry.id for entry in stored] == numbers == sorted(numbers)
    assert [entry.uid for entry in stored] == [entry.new.uid for entry in entries]
    assert {entry.created_at for entry in stored} == {NOW}


def test_restore_annotations__undo(project: Project) -> None:
    entries = [
        label_of(project, "first-one"),
        undo_of(project, "undo-first", "first-one"),
        label_of(project, "again-one"),
        undo_of(project, "undo-again", "again-one"),
    ]
    with project.database.transaction() as session:
        restore_annotations(session, entries=entries)
        assert current_labels(session).item_keys == ()
        assert [entry.undoes_uid for entry in annotations_since(session, revision=0)] == [
            None,
            "first-one",
            None,
            "again-one",
        ]


def test_restore_annotations__class_that_was_archived_since(project: Project) -> None:
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)
        restore_annotations(session, entries=[label_of(project, "first-one")])
        assert current_labels(session).class_ids.tolist() == [project.star]


def test_restore_annotations__undo_twice(project: Project) -> None:
    entries = [label_of(project, "first-one"), undo_of(project, "undo-one", "first-one")]
    with pytest.raises(UndoRefusedError, match="undone already"), project.database.transaction() as session:
        restore_annotations(session, entries=[*entries, undo_of(project, "undo-two", "first-one")])
    with project.database.reading() as session:
        assert annotations_since(session, revision=0) == []


def test_restore_annotations__undo_of_another_annotators(project: Project) -> None:
    entries = [label_of(project, "first-one", by=project.bob), undo_of(project, "undo-one", "first-one")]
    with (
        pytest.raises(UndoRefusedError, match="another annotator"),
        project.database.transaction() as session,
    ):
        restore_annotations(session, entries=entries)


def test_restore_annotations__same_uid_twice(project: Project) -> None:
    entries = [label_of(project, "first-one"), label_of(project, "first-one", "b")]
    with pytest.raises(AnnotationConflictError, match="twice"), project.database.transaction() as session:
        restore_annotations(session, entries=entries)


def test_restore_annotations__unknown_class(project: Project) -> None:
    new = NewAnnotation(uid="first-one", item_key="a", act=Act.LABEL, class_id=99)
    with pytest.raises(AnnotationInvalidError, match="no class with id 99"):  # noqa: SIM117
        with project.database.transaction() as session:
            restore_annotations(session, entries=[PastAnnotation(new, project.ann, NOW)])
