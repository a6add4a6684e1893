from __future__ import annotations

from labeling.annotations import Act, NewAnnotation
from labeling.labels import revision
from labeling.merging import merge_class, undo_merge
from labeling.votes import VoteTable, read_votes, voter_count
from tests.labeling.store import NOW, Project, new_uid


def table(project: Project, *, at: int | None = None) -> VoteTable:
    with project.database.reading() as session:
        ids = (project.star, project.galaxy, project.quasar)
        return read_votes(session, class_ids=ids, revision=revision(session) if at is None else at)


def said(project: Project, *, at: int | None = None) -> set[tuple[str, str, str]]:
    found, names = table(project, at=at), ("star", "galaxy", "quasar")
    votes = found.votes
    return {
        (found.item_keys[item], found.annotators[person], names[column])
        for item, person, column in zip(votes.items, votes.annotators, votes.classes, strict=True)
    }


def adjudicate(project: Project, item_key: str, class_id: int) -> None:
    new = NewAnnotation(uid=new_uid(), item_key=item_key, act=Act.ADJUDICATE, class_id=class_id)
    project.annotate(new, by=project.bob)


def voters(project: Project) -> int:
    with project.database.reading() as session:
        return voter_count(session)


def test_read_votes__of_nothing(project: Project) -> None:
    found = table(project)
    assert (found.item_keys, found.annotators, len(found.votes.items)) == ((), (), 0)
    assert voters(project) == 0


def test_read_votes__each_ones_latest_label(project: Project) -> None:
    project.label("b", project.star)
    project.label("a", project.star)
    project.label("a", project.galaxy, by=project.bob)
    project.label("a", project.quasar)
    assert said(project) == {("a", "ann", "quasar"), ("a", "bob", "galaxy"), ("b", "ann", "star")}
    assert table(project).item_keys == ("a", "b")
    assert table(project).several.tolist() == [0]
    assert voters(project) == 2


def test_read_votes__undone_labels_do_not_count(project: Project) -> None:
    project.label("a", project.star)
    second = project.label("a", project.galaxy)
    project.undo("a", second.uid)
    assert said(project) == {("a", "ann", "star")}


def test_read_votes__a_skip_takes_the_vote_back(project: Project) -> None:
    for act in (Act.SKIP, Act.UNSURE, Act.FLAG):
        project.label(act, project.star)
        project.label(act, project.star, by=project.bob)
        project.act(act, act)
    assert {(key, who) for key, who, _ in said(project)} == {
        (act, "bob") for act in ("skip", "unsure", "flag")
    }


def test_read_votes__an_adjudication_settles(project: Project) -> None:
    project.label("a", project.star)
    project.label("a", project.galaxy, by=project.bob)
    adjudicate(project, "a", project.quasar)
    project.label("a", project.star)
    adjudicate(project, "alone", project.star)
    found = table(project)
    assert dict(zip(found.item_keys, found.votes.settled.tolist(), strict=True)) == {"a": 2, "alone": 0}
    assert said(project) == {("a", "ann", "star"), ("a", "bob", "galaxy")}
    assert found.several.tolist() == []


def test_read_votes__as_they_were_at_a_revision(project: Project) -> None:
    first = project.label("a", project.star)
    second = project.label("a", project.galaxy)
    project.undo("a", second.uid)
    assert said(project, at=first.id) == {("a", "ann", "star")}
    assert said(project, at=second.id) == {("a", "ann", "galaxy")}


def test_read_votes__of_merged_classes_count_for_the_other(project: Project) -> None:
    project.label("a", project.star)
    project.label("a", project.galaxy, by=project.bob)
    project.label("b", project.galaxy)
    before = table(project).revision
    with project.database.transaction() as session:
        merge_class(
            session, class_id=project.galaxy, into_id=project.quasar, uid="merge-00000001",
            annotator_id=project.ann, now=NOW,
        )  # fmt: skip
    with project.database.reading() as session:
        found = read_votes(session, class_ids=(project.star, project.quasar), revision=revision(session))
    assert found.votes.classes.tolist() == [0, 1, 1]
    assert found.votes.annotators.tolist() == [0, 1, 0]
    assert ("b", "ann", "galaxy") in said(project, at=before)
    with project.database.transaction() as session:
        undo_merge(
            session, group_uid="merge-00000001", undo_uid="undo-00000001", annotator_id=project.ann, now=NOW
        )
    assert said(project) == {("a", "ann", "star"), ("a", "bob", "galaxy"), ("b", "ann", "galaxy")}


def test_read_votes__of_classes_out_of_use_do_not_count(project: Project) -> None:
    project.label("a", project.star)
    project.label("b", project.galaxy)
    with project.database.reading() as session:
        found = read_votes(session, class_ids=(project.star,), revision=revision(session))
    assert found.item_keys == ("a",)
