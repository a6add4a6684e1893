from __future__ import annotations

import pytest

from labeling.annotations import Act, NewAnnotation, class_counts
from labeling.annotators import ensure_annotator
from labeling.errors import GoldError
from labeling.gold import (
    GOLD,
    GoldScore,
    add_gold,
    adjudicated_keys,
    annotations_of,
    gold_for,
    gold_labels,
    gold_scores,
    has_gold,
    is_gold,
    mark_gold,
    unmark_gold,
)
from labeling.labels import proposal_outcomes
from labeling.merging import merge_class
from tests.labeling.store import NOW, Project, new_uid


def decide(project: Project, item_key: str, class_id: int) -> str:
    return project.annotate(NewAnnotation(new_uid(), item_key, Act.ADJUDICATE, class_id=class_id)).uid


def answer(project: Project, item_key: str, class_id: int | None, *, by: int) -> str:
    act = Act.UNSURE if class_id is None else Act.LABEL
    new = NewAnnotation(new_uid(), item_key, act, class_id=class_id, kind=GOLD, round_number=1)
    return project.annotate(new, by=by).uid


def mark(project: Project, *item_keys: str) -> int:
    with project.database.transaction() as session:
        return mark_gold(session, item_keys=item_keys, annotator_id=project.ann, now=NOW)


def add(project: Project, labels: dict[str, int]) -> int:
    with project.database.transaction() as session:
        uids = [new_uid() for _ in labels]
        return add_gold(session, labels=labels, uids=uids, annotator_id=project.ann, now=NOW)


def known(project: Project) -> dict[str, int]:
    with project.database.reading() as session:
        assert has_gold(session) == bool(gold_labels(session))
        return gold_labels(session)


def test_mark_gold__takes_the_adjudicated_class_and_follows_it(project: Project) -> None:
    decide(project, "a", project.star)
    decide(project, "b", project.galaxy)
    assert (mark(project, "a", "b", "a"), mark(project, "a")) == (2, 0)
    assert known(project) == {"a": project.star, "b": project.galaxy}

    decide(project, "a", project.quasar)
    assert known(project) == {"a": project.quasar, "b": project.galaxy}


def test_mark_gold__refuses_an_item_whose_label_is_not_known(project: Project) -> None:
    project.label("a")
    with pytest.raises(GoldError, match="1 of the items is not adjudicated"):
        mark(project, "a")
    with pytest.raises(GoldError, match="key"):
        mark(project, "")
    assert known(project) == {}


def test_gold_labels__an_adjudication_that_is_undone_ends_it(project: Project) -> None:
    uid = decide(project, "a", project.star)
    mark(project, "a")
    project.undo("a", uid)
    with project.database.reading() as session:
        assert gold_labels(session) == {}
        assert gold_for(session, annotator_id=project.bob, seed=1, limit=9) == []


def test_add_gold__decides_the_items_once(project: Project) -> None:
    decide(project, "a", project.star)
    assert add(project, {"a": project.star, "b": project.galaxy}) == 2
    assert add(project, {"a": project.star, "b": project.galaxy}) == 0
    with project.database.reading() as session:
        assert sorted(adjudicated_keys(session)) == ["a", "b"]
        assert annotations_of(session, annotator_id=project.ann) == 2
    with pytest.raises(GoldError, match="adjudicated as another class"):
        add(project, {"a": project.galaxy, "c": project.star})
    assert known(project) == {"a": project.star, "b": project.galaxy}


def test_unmark_gold__leaves_the_labels(project: Project) -> None:
    add(project, {"a": project.star})
    with project.database.transaction() as session:
        assert is_gold(session, item_key="a")
        assert unmark_gold(session, item_keys=["a", "b"]) == 1
        assert not is_gold(session, item_key="a")
        assert class_counts(session) == {project.star: 1}


def test_gold_for__what_the_person_said_nothing_of_in_an_order_of_their_own(project: Project) -> None:
    keys = [f"item-{number}" for number in range(12)]
    add(project, dict.fromkeys(keys, project.star))
    with project.database.transaction() as session:
        cat = ensure_annotator(session, name="cat")
    answered = answer(project, "item-3", project.star, by=project.bob)
    with project.database.reading() as session:
        of_bob = gold_for(session, annotator_id=project.bob, seed=1, limit=99)
        of_cat = gold_for(session, annotator_id=cat, seed=1, limit=99)
        assert gold_for(session, annotator_id=project.ann, seed=1, limit=99) == []
        assert gold_for(session, annotator_id=cat, seed=1, limit=2) == of_cat[:2]
    assert sorted(of_bob) == sorted(set(keys) - {"item-3"})
    assert (sorted(of_cat), of_cat != sorted(of_cat)) == (sorted(keys), True)
    assert of_bob != [key for key in of_cat if key != "item-3"]

    project.undo("item-3", answered, by=project.bob)
    with project.database.reading() as session:
        assert "item-3" in gold_for(session, annotator_id=project.bob, seed=1, limit=99)


def test_gold_scores__of_the_last_answers_that_give_a_class(project: Project) -> None:
    add(project, {"a": project.star, "b": project.star, "c": project.star, "d": project.star})
    answer(project, "a", project.galaxy, by=project.bob)
    answer(project, "a", project.star, by=project.bob)
    answer(project, "b", project.galaxy, by=project.bob)
    answer(project, "c", None, by=project.bob)
    gone = answer(project, "d", project.galaxy, by=project.bob)
    project.undo("d", gone, by=project.bob)
    project.label("d", project.galaxy, by=project.bob)
    with project.database.reading() as session:
        assert gold_scores(session) == {project.bob: GoldScore(right=1, answered=2)}


def test_gold_scores__an_answer_that_was_right_stays_so_after_a_merge(project: Project) -> None:
    add(project, {"a": project.star})
    answer(project, "a", project.star, by=project.bob)
    with project.database.transaction() as session:
        merge_class(
            session,
            class_id=project.star,
            into_id=project.galaxy,
            uid="merge-0123456789abcdef",
            annotator_id=project.ann,
            now=NOW,
        )
    with project.database.reading() as session:
        assert gold_scores(session) == {project.bob: GoldScore(right=1, answered=1)}


def test_answers__do_not_change_the_label_or_count_as_an_outcome_of_a_round(project: Project) -> None:
    add(project, {"a": project.star})
    for person in (project.bob, project.ann):
        answer(project, "a", project.galaxy, by=person)
    with project.database.reading() as session:
        assert class_counts(session) == {project.star: 1}
        assert [entry.kind for entry in proposal_outcomes(session, revision=99)] == [GOLD]
