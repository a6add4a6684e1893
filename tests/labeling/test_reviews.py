from __future__ import annotations

from labeling.annotations import Act, NewAnnotation
from labeling.annotators import ensure_annotator
from labeling.gold import GOLD, mark_gold
from labeling.merging import merge_class
from labeling.reviews import Reason, Reviews, waiting_reviews
from tests.labeling.store import NOW, Project, new_uid


def waiting(project: Project, *, limit: int = 99, without: str = "", first: str = "") -> Reviews:
    with project.database.reading() as session:
        return waiting_reviews(session, limit=limit, without=list(without), first=list(first))


def reasons(project: Project) -> dict[str, Reason]:
    return {item.item_key: item.reason for item in waiting(project).items}


def decide(project: Project, item_key: str, class_id: int) -> str:
    return project.annotate(NewAnnotation(new_uid(), item_key, Act.ADJUDICATE, class_id=class_id)).uid


def test_waiting_reviews__disagreement_flags_and_doubts_but_no_agreement(project: Project) -> None:
    project.label("agreed")
    project.label("agreed", by=project.bob)
    project.label("split")
    project.label("split", project.galaxy, by=project.bob)
    project.label("flagged")
    project.act("flagged", Act.FLAG, by=project.bob)
    project.act("doubted", Act.UNSURE)
    project.act("skipped", Act.SKIP)
    project.label("changed", project.star)
    project.label("changed", project.galaxy)

    assert reasons(project) == {
        "split": Reason.DISAGREE,
        "flagged": Reason.FLAG,
        "doubted": Reason.UNSURE,
    }
    assert waiting(project, limit=1).counts == {Reason.DISAGREE: 1, Reason.FLAG: 1, Reason.UNSURE: 1}


def test_waiting_reviews__closest_votes_first_then_the_oldest(project: Project) -> None:
    with project.database.transaction() as session:
        cat = ensure_annotator(session, name="cat")
    for key in "bac":
        project.label(key)
        project.label(key, project.galaxy, by=project.bob)
    project.label("b", by=cat)

    found = waiting(project).items
    assert [(item.item_key, item.margin) for item in found] == [("a", 0), ("c", 0), ("b", 1)]
    assert [item.item_key for item in waiting(project, first="b", without="ab").items] == ["b", "c"]
    assert [vote.annotator for vote in found[2].votes] == ["ann", "bob", "cat"]


def test_waiting_reviews__votes_say_who_when_and_why(project: Project) -> None:
    new = NewAnnotation(new_uid(), "a", Act.FLAG, comment="cut off")
    stored = project.annotate(new, by=project.bob)
    [item] = waiting(project).items
    [vote] = item.votes
    assert (vote.annotation_id, vote.annotator, vote.act, vote.class_id) == (stored.id, "bob", "flag", None)
    assert (vote.created_at, vote.comment, vote.gold, item.is_gold) == (NOW, "cut off", False, False)


def test_waiting_reviews__an_adjudication_decides_and_its_undo_asks_again(project: Project) -> None:
    project.label("a")
    project.label("a", project.galaxy, by=project.bob)
    uid = decide(project, "a", project.galaxy)
    assert reasons(project) == {}
    project.label("a", project.quasar, by=project.bob)
    assert reasons(project) == {}

    project.undo("a", uid)
    assert reasons(project) == {"a": Reason.DISAGREE}


def test_waiting_reviews__a_later_flag_or_wrong_gold_answer_asks_again_until_decided_anew(
    project: Project,
) -> None:
    for key in "ab":
        decide(project, key, project.star)
    with project.database.transaction() as session:
        mark_gold(session, item_keys=["b"], annotator_id=project.ann, now=NOW)
    project.act("a", Act.FLAG, by=project.bob)
    gold = NewAnnotation(new_uid(), "b", Act.LABEL, class_id=project.galaxy, kind=GOLD)
    project.annotate(gold, by=project.bob)
    assert reasons(project) == {"b": Reason.GOLD, "a": Reason.FLAG}
    assert [item.is_gold for item in waiting(project).items] == [True, False]

    decide(project, "a", project.star)
    decide(project, "b", project.star)
    assert reasons(project) == {}


def test_waiting_reviews__a_right_gold_answer_is_nothing_to_decide(project: Project) -> None:
    decide(project, "a", project.star)
    gold = NewAnnotation(new_uid(), "a", Act.LABEL, class_id=project.star, kind=GOLD)
    project.annotate(gold, by=project.bob)
    assert reasons(project) == {}


def test_waiting_reviews__a_merge_makes_nobody_disagree_and_settles_who_did(project: Project) -> None:
    project.label("one")
    project.label("both")
    project.label("both", project.galaxy, by=project.bob)
    assert reasons(project) == {"both": Reason.DISAGREE}
    with project.database.transaction() as session:
        merge_class(
            session,
            class_id=project.star,
            into_id=project.galaxy,
            uid="merge-0123456789abcdef",
            annotator_id=project.bob,
            now=NOW,
        )

    assert reasons(project) == {}
