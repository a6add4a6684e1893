"""A class merged into another: stored as annotations, read everywhere as the other class, taken back by one undo."""

from __future__ import annotations

import pytest

from labeling.annotations import Act, NewAnnotation, history
from labeling.classes import LabelClass, add_class, archive_class, list_classes, update_class
from labeling.errors import AnnotationInvalidError, LabelClassError, UndoRefusedError
from labeling.groups import LastGroup, last_group, recent_steps
from labeling.labels import MERGED, Counts, current_labels, label_times, update_counts
from labeling.merging import Merged, merge_class, undo_merge
from labeling.seeks import NewSeek, SeekKind, add_seek, list_seeks
from tests.labeling.store import NOW, Project, new_uid

UID = "merge-0123456789abcdef"
UNDO = "undo-0123456789abcdef"


def merge(project: Project, class_id: int, into_id: int, *, uid: str = UID, by: int | None = None) -> Merged:
    with project.database.transaction() as session:
        return merge_class(
            session, class_id=class_id, into_id=into_id, uid=uid, annotator_id=by or project.ann, now=NOW
        )


def undo(project: Project, *, uid: str = UID, undo_uid: str = UNDO, by: int | None = None) -> tuple[str, ...]:
    with project.database.transaction() as session:
        return undo_merge(session, group_uid=uid, undo_uid=undo_uid, annotator_id=by or project.ann, now=NOW)


def labels(project: Project, revision: int | None = None) -> dict[str, int]:
    with project.database.reading() as session:
        table = current_labels(session, revision=revision)
    return dict(zip(table.item_keys, table.class_ids.tolist(), strict=True))


def counts(project: Project, known: Counts | None = None) -> Counts:
    with project.database.reading() as session:
        return update_counts(session, known=known or Counts())


def classes(project: Project) -> dict[str, LabelClass]:
    with project.database.reading() as session:
        return {entry.name: entry for entry in list_classes(session, archived=True)}


def test_merge_class__its_items_have_the_other_class(project: Project) -> None:
    project.label("a", project.star)
    project.label("b", project.galaxy)
    project.label("c", project.star, by=project.bob)
    project.act("d", Act.SKIP)
    before = counts(project)

    assert merge(project, project.star, project.galaxy) == Merged(items=2, duplicate=False)

    assert labels(project) == {key: project.galaxy for key in "abc"} | {"d": -1}
    assert counts(project).classes == counts(project, before).classes == {project.galaxy: 3}
    assert classes(project)["star"].archived


def test_merge_class__what_stood_at_an_earlier_revision_stays_so(project: Project) -> None:
    at = project.label("a", project.star).id
    merge(project, project.star, project.galaxy)

    assert labels(project, revision=at) == {"a": project.star}


def test_merge_class__the_history_says_who_merged_what(project: Project) -> None:
    project.label("a", project.star)
    merge(project, project.star, project.galaxy, by=project.bob)

    with project.database.reading() as session:
        first, second = history(session, item_key="a")
    assert (first.annotator, first.class_id, first.undone) == ("ann", project.star, False)
    assert (second.annotator, second.class_id, second.strategy) == ("bob", project.galaxy, MERGED)
    assert (second.suggested_class_id, second.kind) == (project.star, "")


def test_merge_class__what_no_longer_counts_stays_out(project: Project) -> None:
    given = project.label("a", project.star)
    project.undo("a", given.uid)
    project.label("b", project.star)
    project.label("b", project.quasar)

    assert merge(project, project.star, project.galaxy).items == 0
    assert labels(project) == {"b": project.quasar}


def test_merge_class__an_adjudication_is_followed_by_one(project: Project) -> None:
    project.annotate(NewAnnotation(uid=new_uid(), item_key="a", act=Act.ADJUDICATE, class_id=project.star))
    project.label("a", project.quasar)

    merge(project, project.star, project.galaxy)

    assert labels(project) == {"a": project.galaxy}


def test_merge_class__a_chain_and_the_way_back(project: Project) -> None:
    project.label("a", project.star)
    merge(project, project.star, project.galaxy)
    merge(project, project.galaxy, project.quasar, uid="merge-anotherone1")
    assert labels(project) == {"a": project.quasar}

    with pytest.raises(LabelClassError, match="'star' is archived"):
        merge(project, project.quasar, project.star, uid="merge-inacircle1")

    undo(project, uid="merge-anotherone1", undo_uid="undo-anotherone1")
    assert labels(project) == {"a": project.galaxy}


def test_merge_class__a_retry_changes_nothing(project: Project) -> None:
    project.label("a", project.star)
    merge(project, project.star, project.galaxy)

    assert merge(project, project.star, project.galaxy) == Merged(items=1, duplicate=True)
    with project.database.reading() as session:
        assert len(history(session, item_key="a")) == 2


@pytest.mark.parametrize(
    "uid", ["", "merge-", "confirm-0123456789", "merge-012345-6789", "merge-" + "x" * 41]
)
def test_merge_class__a_uid_that_is_none(project: Project, uid: str) -> None:
    with pytest.raises(AnnotationInvalidError, match="uid must be"):
        merge(project, project.star, project.galaxy, uid=uid)


def test_merge_class__refuses_itself_unknown_and_archived(project: Project) -> None:
    with pytest.raises(LabelClassError, match="into itself"):
        merge(project, project.star, project.star)
    with pytest.raises(LabelClassError, match="no class with id 99"):
        merge(project, 99, project.star)
    with pytest.raises(LabelClassError, match="no class with id 99"):
        merge(project, project.star, 99)
    with project.database.transaction() as session:
        archive_class(session, class_id=project.galaxy)
    with pytest.raises(LabelClassError, match="'galaxy' is archived"):
        merge(project, project.star, project.galaxy)
    assert not classes(project)["star"].archived


def test_merge_class__an_archived_one_gives_its_labels_away(project: Project) -> None:
    project.label("a", project.star)
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)

    assert merge(project, project.star, project.galaxy).items == 1
    assert labels(project) == {"a": project.galaxy}


def test_merge_class__what_is_under_it_comes_under_the_other(project: Project) -> None:
    with project.database.transaction() as session:
        top = add_class(session, name="top").id
        dwarf = add_class(session, name="dwarf", parent_id=project.star).id
        update_class(session, class_id=project.star, parent_id=top)
        update_class(session, class_id=project.galaxy, parent_id=dwarf)
        add_class(session, name="giant", parent_id=project.star)

    merge(project, project.star, project.galaxy)

    found = classes(project)
    assert (found["dwarf"].parent_id, found["giant"].parent_id) == (top, project.galaxy)
    assert found["galaxy"].parent_id == dwarf


def test_merge_class__what_is_sought_for_it_is_sought_for_the_other(project: Project) -> None:
    with project.database.transaction() as session:
        for text, about in (("faint", project.star), ("far", project.quasar)):
            new = NewSeek(kind=SeekKind.WORDS, class_id=about, text=text)
            add_seek(session, new=new, annotator_id=project.ann, now=NOW)

    merge(project, project.star, project.galaxy)

    with project.database.reading() as session:
        sought = {entry.text: entry.class_id for entry in list_seeks(session)}
    assert sought == {"faint": project.galaxy, "far": project.quasar}


def test_undo_merge__gives_labels_and_class_back_once(project: Project) -> None:
    project.label("a", project.star)
    project.label("b", project.galaxy)
    merge(project, project.star, project.galaxy)
    project.label("c", project.galaxy)

    assert undo(project) == ("a",)
    assert undo(project) == ("a",)

    assert labels(project) == {"a": project.star, "b": project.galaxy, "c": project.galaxy}
    assert not classes(project)["star"].archived


def test_undo_merge__an_item_labelled_since_keeps_that(project: Project) -> None:
    project.label("a", project.star)
    merge(project, project.star, project.galaxy)
    project.label("a", project.quasar)

    undo(project)

    assert labels(project) == {"a": project.quasar}


def test_undo_merge__of_nothing_or_of_somebody_else(project: Project) -> None:
    with pytest.raises(UndoRefusedError, match="nothing of the merge"):
        undo(project)
    project.label("a", project.star)
    merge(project, project.star, project.galaxy)
    with pytest.raises(UndoRefusedError, match="another annotator"):
        undo(project, by=project.bob)
    assert classes(project)["star"].archived


def test_recent_steps__a_merge_is_one_step_and_no_confirmed_page(project: Project) -> None:
    project.label("a", project.star)
    project.label("b", project.star)
    merge(project, project.star, project.galaxy)

    with project.database.reading() as session:
        first = recent_steps(session, annotator_id=project.ann, limit=5)[0]
        assert last_group(session, annotator_id=project.ann) is None
    assert first == LastGroup(uid=UID, class_id=project.star, count=2)


def test_label_times__those_given_and_not_those_merged(project: Project) -> None:
    project.label("a", project.star)
    undone = project.label("b", project.star)
    project.undo("b", undone.uid)
    project.act("c", Act.SKIP)
    project.label("d", project.star, by=project.bob)
    merge(project, project.star, project.galaxy)

    with project.database.reading() as session:
        assert label_times(session, annotator_id=project.ann, limit=9) == [NOW]
        assert label_times(session, annotator_id=project.ann, limit=0) == []
