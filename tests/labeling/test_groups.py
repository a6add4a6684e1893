"""A page confirmed at once: stored whole and once, never over somebody's answer, and taken back whole."""

from __future__ import annotations

import pytest

from labeling.annotations import Act, NewAnnotation, history
from labeling.errors import AnnotationConflictError, AnnotationInvalidError, UndoRefusedError
from labeling.groups import (
    GROUP_MAX,
    SELECTION_STRATEGY,
    STRATEGY,
    LastGroup,
    NewGroup,
    RecordedGroup,
    last_group,
    recent_steps,
    record_group,
    undo_group,
)
from labeling.labels import current_labels
from tests.labeling.store import NOW, Project

UID = "confirm-0123456789abcdef"
UNDO = "undo-0123456789abcdef"


def page(project: Project, *keys: str, uid: str = UID, other: dict[str, int] | None = None) -> NewGroup:
    labels = tuple((key, (other or {}).get(key, project.quasar)) for key in keys)
    return NewGroup(uid=uid, labels=labels, class_id=project.quasar, round_number=3, shown_ms=900)


def confirm(project: Project, group: NewGroup, *, by: int | None = None) -> RecordedGroup:
    with project.database.transaction() as session:
        return record_group(session, group=group, annotator_id=by or project.ann, now=NOW)


def undo(project: Project, *, uid: str = UID, undo_uid: str = UNDO, by: int | None = None) -> tuple[str, ...]:
    with project.database.transaction() as session:
        return undo_group(session, group_uid=uid, undo_uid=undo_uid, annotator_id=by or project.ann, now=NOW)


def labels(project: Project) -> dict[str, int]:
    with project.database.reading() as session:
        table = current_labels(session)
    return dict(zip(table.item_keys, table.class_ids.tolist(), strict=True))


def last(project: Project, *, by: int | None = None) -> LastGroup | None:
    with project.database.reading() as session:
        return last_group(session, annotator_id=by or project.ann)


def test_record_group__stores_confirmed_and_named_labels(project: Project) -> None:
    found = confirm(project, page(project, "a", "b", "c", other={"b": project.star}))
    assert found == RecordedGroup(stored=3, duplicate=False, taken=())
    assert labels(project) == {"a": project.quasar, "b": project.star, "c": project.quasar}


def test_record_group__each_item_has_a_history_of_its_own(project: Project) -> None:
    confirm(project, page(project, "a", "b"))
    with project.database.reading() as session:
        (entry,) = history(session, item_key="b")
    assert (entry.uid, entry.strategy, entry.kind) == (f"{UID}-0001", STRATEGY, "")
    assert (entry.round_number, entry.suggested_class_id, entry.shown_ms) == (3, project.quasar, 900)


def test_record_group__a_retry_stores_it_once(project: Project) -> None:
    confirm(project, page(project, "a", "b"))
    again = confirm(project, page(project, "a", "b"))
    assert again == RecordedGroup(stored=2, duplicate=True, taken=())
    with project.database.reading() as session:
        assert len(history(session, item_key="a")) == 1


@pytest.mark.parametrize("act", [Act.LABEL, Act.SKIP, Act.UNSURE])
def test_record_group__what_somebody_said_meanwhile_stays(project: Project, act: Act) -> None:
    if act == Act.LABEL:
        project.label("b", project.star, by=project.bob)
    else:
        project.act("b", act, by=project.bob)
    found = confirm(project, page(project, "a", "b"))
    assert found == RecordedGroup(stored=1, duplicate=False, taken=("b",))
    with project.database.reading() as session:
        assert [entry.annotator for entry in history(session, item_key="b")] == ["bob"]


def test_record_group__a_retry_after_somebody_else_answered_changes_nothing(project: Project) -> None:
    project.label("b", project.star, by=project.bob)
    first = confirm(project, page(project, "a", "b"))
    again = confirm(project, page(project, "a", "b"))
    assert again == RecordedGroup(stored=first.stored, duplicate=True, taken=("b",))


def test_record_group__an_item_whose_label_was_undone_is_free(project: Project) -> None:
    given = project.label("a", project.star, by=project.bob)
    project.undo("a", given.uid, by=project.bob)
    assert confirm(project, page(project, "a")).taken == ()


def test_record_group__nothing_is_stored_where_one_label_cannot_be(project: Project) -> None:
    with pytest.raises(AnnotationInvalidError, match="no class"):
        confirm(project, page(project, "a", "b", other={"b": 999}))
    assert labels(project) == {}


def test_record_group__the_same_uid_with_another_class(project: Project) -> None:
    confirm(project, page(project, "a"))
    with pytest.raises(AnnotationConflictError, match="class_id"):
        confirm(project, page(project, "a", other={"a": project.star}))


@pytest.mark.parametrize(
    "uid", ["", "confirm-", "confirm-short", "page-0123456789", "confirm-0123456789-", "x" * 70]
)
def test_record_group__a_uid_that_is_none(project: Project, uid: str) -> None:
    with pytest.raises(AnnotationInvalidError, match="uid must be"):
        confirm(project, page(project, "a", uid=uid))


def test_record_group__an_item_twice_or_too_many(project: Project) -> None:
    with pytest.raises(AnnotationInvalidError, match="each once"):
        confirm(project, page(project, "a", "a"))
    with pytest.raises(AnnotationInvalidError, match=str(GROUP_MAX)):
        confirm(project, page(project, *(f"item {number}" for number in range(GROUP_MAX + 1))))


def test_undo_group__takes_all_back_as_one(project: Project) -> None:
    project.label("z")
    confirm(project, page(project, "a", "b"))
    assert undo(project) == ("a", "b")
    assert labels(project) == {"z": project.star}


def test_undo_group__a_retry_changes_nothing(project: Project) -> None:
    confirm(project, page(project, "a", "b"))
    assert undo(project) == undo(project)
    with project.database.reading() as session:
        assert len(history(session, item_key="a")) == 2


def test_undo_group__leaves_what_was_undone_alone_before(project: Project) -> None:
    confirm(project, page(project, "a", "b"))
    project.undo("a", f"{UID}-0000")
    assert undo(project) == ("b",)


def test_undo_group__a_second_time_or_of_a_page_that_never_was(project: Project) -> None:
    confirm(project, page(project, "a"))
    undo(project)
    with pytest.raises(UndoRefusedError, match="nothing of the group"):
        undo(project, undo_uid="undo-fedcba9876543210")
    with pytest.raises(UndoRefusedError, match="nothing of the group"):
        undo(project, uid="confirm-fedcba9876543210", undo_uid="undo-aaaaaaaaaaaa")


def test_undo_group__of_another_annotator(project: Project) -> None:
    confirm(project, page(project, "a"))
    with pytest.raises(UndoRefusedError, match="another annotator"):
        undo(project, by=project.bob)
    assert labels(project) == {"a": project.quasar}


def test_undo_group__a_uid_that_is_none(project: Project) -> None:
    with pytest.raises(AnnotationInvalidError, match="uid must be"):
        undo(project, undo_uid=UID)


def test_last_group__is_the_newest_page_that_still_counts(project: Project) -> None:
    assert last(project) is None
    confirm(project, page(project, "a", "b"))
    confirm(project, page(project, "c", uid="confirm-bbbbbbbbbb"))
    assert last(project) == LastGroup("confirm-bbbbbbbbbb", project.quasar, 1)
    undo(project, uid="confirm-bbbbbbbbbb")
    assert last(project) == LastGroup(UID, project.quasar, 2)
    assert last(project, by=project.bob) is None


def test_last_group__single_labels_are_no_page(project: Project) -> None:
    project.label("a")
    project.annotate(
        NewAnnotation(uid="confirm-0123456789abcdef", item_key="b", act=Act.LABEL, class_id=project.star)
    )
    assert last(project) is None


SELECTION = "select-0123456789abcdef"


def steps(project: Project, limit: int = 50) -> list[str]:
    """Return the uids of the last steps, newest first."""
    with project.database.reading() as session:
        return [step.uid for step in recent_steps(session, annotator_id=project.ann, limit=limit)]


def test_record_group__a_selection_of_ten_thousand_and_one_undo(project: Project) -> None:
    keys = [f"item-{number}" for number in range(10_050)]
    found = confirm(project, page(project, *keys, uid=SELECTION))
    assert found == RecordedGroup(stored=10_050, duplicate=False, taken=())
    assert confirm(project, page(project, *keys, uid=SELECTION)).duplicate
    with project.database.reading() as session:
        (entry,) = history(session, item_key="item-10049")
    assert (entry.uid, entry.strategy) == (f"{SELECTION}-10049", SELECTION_STRATEGY)
    assert undo(project, uid=SELECTION) == tuple(keys)
    assert labels(project) == {}
    assert undo(project, uid=SELECTION) == tuple(keys)


def test_record_group__nothing_is_stored_where_one_item_cannot_be(project: Project) -> None:
    with pytest.raises(AnnotationInvalidError):
        confirm(project, page(project, "a", "b", "", uid=SELECTION))
    assert labels(project) == {}


def test_record_group__a_page_is_smaller_than_a_selection(project: Project) -> None:
    keys = [f"item-{number}" for number in range(GROUP_MAX + 1)]
    with pytest.raises(AnnotationInvalidError, match="at most 200"):
        confirm(project, page(project, *keys))
    assert confirm(project, page(project, *keys, uid=SELECTION)).stored == GROUP_MAX + 1


def test_last_group__a_selection_is_no_page(project: Project) -> None:
    confirm(project, page(project, "a"))
    confirm(project, page(project, "b", "c", uid=SELECTION))
    assert last(project) == LastGroup(UID, project.quasar, 1)


def test_recent_steps__a_group_is_one_step_among_labels(project: Project) -> None:
    first = project.label("x").uid
    confirm(project, page(project, *[f"item-{number}" for number in range(120)], uid=SELECTION))
    second = project.label("y").uid
    confirm(project, page(project, "a", "b"))
    assert steps(project) == [UID, second, SELECTION, first]
    assert steps(project, limit=2) == [UID, second]


def test_recent_steps__says_how_many_labels_of_a_group_still_count(project: Project) -> None:
    confirm(project, page(project, "a", "b", "c"))
    project.undo("b", f"{UID}-0001")
    with project.database.reading() as session:
        (step,) = recent_steps(session, annotator_id=project.ann, limit=5)
    assert step == LastGroup(UID, project.quasar, 2)


def test_recent_steps__undos_are_no_steps(project: Project) -> None:
    confirm(project, page(project, "a"))
    undo(project)
    project.label("b")
    with project.database.reading() as session:
        newest, oldest = recent_steps(session, annotator_id=project.ann, limit=5)
    assert not isinstance(newest, LastGroup)
    assert oldest == LastGroup(UID, project.quasar, 0)


def test_recent_steps__of_one_annotator_alone(project: Project) -> None:
    confirm(project, page(project, "a"), by=project.bob)
    assert steps(project) == []
