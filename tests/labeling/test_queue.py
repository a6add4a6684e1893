from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from labeling.annotations import Act, NewAnnotation, current_labels
from labeling.annotators import ensure_annotator
from labeling.errors import ProposalError
from labeling.overlap import Begun, Overlap, update_begun
from labeling.queue import (
    NEWEST_ROUNDS,
    Proposal,
    lease_next,
    open_leases,
    proposals_of,
    release,
    store_proposals,
    waiting,
)
from tests.labeling.store import NOW, Project, at_once, new_uid, proposals

LEASE_S = 60.0
LATER = NOW + timedelta(seconds=LEASE_S)


def offer(project: Project, round_number: int, item_keys: str) -> None:
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals(round_number, list(item_keys)))


def take(
    project: Project,
    count: int,
    *,
    by: int | None = None,
    keep: str = "",
    now: Any = NOW,
    tab: str = "",
    overlap: Overlap | None = None,
) -> str:
    """Lease items of one-letter keys and return the keys as one word."""
    with project.database.transaction() as session:
        begun = update_begun(session, known=Begun(), overlap=overlap) if overlap else None
        found = lease_next(
            session,
            annotator_id=by or project.ann,
            count=count,
            lease_s=LEASE_S,
            now=now,
            keep=list(keep),
            tab=tab,
            overlap=overlap,
            begun=begun,
        )
    return "".join(proposal.item_key for proposal in found)


def answer(project: Project, item_key: str, *, by: int, class_id: int | None = None) -> str:
    """Label an item as the queue showed it; return the uid."""
    new = NewAnnotation(
        uid=new_uid(), item_key=item_key, act=Act.LABEL, class_id=class_id or project.star, kind="refine"
    )
    return project.annotate(new, by=by).uid


def someone(project: Project, name: str) -> int:
    with project.database.transaction() as session:
        return ensure_annotator(session, name=name)


def left(project: Project, now: Any = NOW) -> int:
    with project.database.reading() as session:
        return waiting(session, now=now)


def test_store_proposals__come_back_as_they_were(project: Project) -> None:
    full = Proposal(
        "é", 1, 0, 0.75, "balance", "likely a quasar", "prospect", project.star, 0.5, project.quasar, 0.25
    )
    bare = Proposal("b", 1, 1, -1e300, "discover", "", "random")
    with project.database.transaction() as session:
        store_proposals(session, proposals=[bare, full])

    with project.database.reading() as session:
        assert proposals_of(session, round_number=1) == [full, bare]
        assert proposals_of(session, round_number=2) == []


def test_store_proposals__none(project: Project) -> None:
    offer(project, 1, "")

    assert left(project) == 0


def test_store_proposals__caller_rolls_back(project: Project) -> None:
    def break_halfway() -> None:
        with project.database.transaction() as session:
            store_proposals(session, proposals=proposals(1, ["a"]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert left(project) == 0


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"score": float("nan")}, "finite"),
        ({"probability": 1.5}, "0 to 1"),
        ({"runner_up_probability": float("nan")}, "0 to 1"),
        ({"class_id": 99}, "no class with id 99"),
        ({"runner_up_class_id": 99}, "no class with id 99"),
        ({"item_key": ""}, "item's key"),
        ({"rank": -1}, "rank"),
        ({"reason": "x" * 1001}, "reason"),
    ],
)
def test_store_proposals__refuses(project: Project, change: dict[str, Any], part: str) -> None:
    good, bad = proposals(1, ["a", "b"])

    def store() -> None:
        with project.database.transaction() as session:
            store_proposals(session, proposals=[good, dataclasses.replace(bad, **change)])

    with pytest.raises(ProposalError, match=part):
        store()
    assert left(project) == 0


def test_store_proposals__item_or_rank_twice(project: Project) -> None:
    with pytest.raises(ProposalError, match="item_key 'a' twice"):
        offer(project, 1, "aba")
    offer(project, 1, "a")
    with pytest.raises(ProposalError, match="rank 0 twice"):
        offer(project, 1, "b")


def test_lease_next__best_first(project: Project) -> None:
    offer(project, 1, "zxy")

    assert take(project, 2) == "zx"
    assert take(project, 9) == "zxy"


def test_lease_next__newest_round_then_older_ones(project: Project) -> None:
    offer(project, 1, "abc")
    offer(project, 2, "xb")
    offer(project, 3, "q")

    assert take(project, 9) == "qxbac"


def test_lease_next__gives_the_newest_proposal_of_an_item(project: Project) -> None:
    offer(project, 1, "a")
    offer(project, 2, "ba")

    with project.database.transaction() as session:
        found = lease_next(session, annotator_id=project.ann, count=9, lease_s=1, now=NOW, keep=["a"])
    assert [(entry.item_key, entry.round_number) for entry in found] == [("a", 2), ("b", 2)]


@pytest.mark.parametrize("act", [Act.SKIP, Act.UNSURE, Act.FLAG])
def test_lease_next__leaves_out_what_anybody_acted_on(project: Project, act: Act) -> None:
    offer(project, 1, "abc")
    project.label("a", by=project.bob)
    project.act("b", act, by=project.bob)

    assert take(project, 9, keep="ab") == "c"


def test_lease_next__undone_item_comes_back_first_when_kept(project: Project) -> None:
    offer(project, 1, "abcd")
    assert take(project, 2) == "ab"
    label = project.label("b")
    assert take(project, 2) == "ac"

    project.undo("b", label.uid)

    assert take(project, 3, keep="b") == "bac"


def test_lease_next__item_labelled_by_two_stays_closed_when_one_undoes(project: Project) -> None:
    offer(project, 1, "a")
    label = project.label("a")
    project.label("a", by=project.bob)
    project.undo("a", label.uid)

    assert take(project, 9) == ""


def test_lease_next__keep_in_the_given_order(project: Project) -> None:
    offer(project, 1, "abcdef")

    assert take(project, 4, keep="eec?b\x00") == "ecba"
    assert take(project, 1, keep="fd") == "f"


def test_lease_next__kept_item_of_an_older_round(project: Project) -> None:
    offer(project, 1, "a")
    offer(project, 2, "bc")

    assert take(project, 2, keep="a") == "ab"


def test_lease_next__others_get_other_items(project: Project) -> None:
    offer(project, 1, "abcd")
    assert take(project, 2) == "ab"

    assert take(project, 9, by=project.bob, keep="ab") == "cd"


def test_lease_next__expired_lease_is_free(project: Project) -> None:
    offer(project, 1, "ab")
    take(project, 2)

    assert take(project, 2, by=project.bob, now=LATER - timedelta(microseconds=1)) == ""
    assert take(project, 2, by=project.bob, now=LATER) == "ab"
    assert take(project, 2, keep="a", now=LATER) == ""


def test_lease_next__renews(project: Project) -> None:
    offer(project, 1, "ab")
    take(project, 2)
    take(project, 1, keep="a", now=NOW + timedelta(seconds=30))

    assert take(project, 9, by=project.bob, now=LATER + timedelta(seconds=1)) == "b"


def test_lease_next__caller_rolls_back(project: Project) -> None:
    offer(project, 1, "a")

    def break_halfway() -> None:
        with project.database.transaction() as session:
            assert lease_next(session, annotator_id=project.ann, count=1, lease_s=9, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert take(project, 1, by=project.bob) == "a"


def test_lease_next__threads_never_share_an_item(project: Project) -> None:
    offer(project, 1, "abcdefghijklmnopqrstuvwxyz")

    def take_all(annotator: int) -> str:
        return "".join(take(project, 2, by=annotator, keep="") for _ in range(1)) + take(
            project, 9, by=annotator
        )

    answers = at_once([lambda: take_all(project.ann), lambda: take_all(project.bob)] * 3)

    assert all(isinstance(answer, str) for answer in answers)
    own, other = (set("".join(str(answer) for answer in answers[start::2])) for start in (0, 1))
    assert len(own) == len(other) == 9
    assert not own & other


@pytest.mark.parametrize(
    "change",
    [
        {"count": 0},
        {"count": 1001},
        {"count": 1.0},
        {"lease_s": 0},
        {"lease_s": float("inf")},
        {"annotator_id": 99},
    ],
)
def test_lease_next__refuses(project: Project, change: dict[str, Any]) -> None:
    values: dict[str, Any] = {"annotator_id": project.ann, "count": 1, "lease_s": 1.0, "now": NOW} | change

    def lease() -> None:
        with project.database.transaction() as session:
            lease_next(session, **values)

    with pytest.raises(ProposalError):
        lease()


def test_release__frees_some_or_all_of_ones_own(project: Project) -> None:
    offer(project, 1, "abcd")
    take(project, 3)
    take(project, 1, by=project.bob)

    with project.database.transaction() as session:
        assert release(session, annotator_id=project.ann, item_keys=["b", "d", "nothing"]) == 1
    assert take(project, 9, by=project.bob) == "bd"
    with project.database.transaction() as session:
        assert release(session, annotator_id=project.ann) == 2
    assert take(project, 9, by=project.bob) == "abcd"


def test_waiting__counts_items_open_and_free(project: Project) -> None:
    offer(project, 1, "abcd")
    offer(project, 2, "abe")
    assert left(project) == 5
    project.label("e")
    take(project, 1)

    assert left(project) == 3
    assert left(project, now=LATER) == 4


def test_lease_next__older_rounds_than_the_newest_ones(project: Project) -> None:
    offer(project, 1, "xy")
    for number in range(2, NEWEST_ROUNDS + 5):
        offer(project, number, "ab")
    assert take(project, 4) == "abxy"


def test_waiting__item_of_many_rounds_counts_once(project: Project) -> None:
    for number in range(1, 5):
        offer(project, number, "abc")
    assert left(project) == 3


def test_lease_next__overlap_of_two_holds_an_item_for_two_people(project: Project) -> None:
    cat = someone(project, "cat")
    offer(project, 1, "abc")

    assert take(project, 2, overlap=Overlap(2)) == "ab"
    assert take(project, 2, by=project.bob, overlap=Overlap(2)) == "ab"
    assert take(project, 9, by=cat, overlap=Overlap(2)) == "c"


def test_lease_next__overlap_finishes_what_others_began_first(project: Project) -> None:
    cat = someone(project, "cat")
    offer(project, 1, "abc")
    answer(project, "c", by=project.ann)
    answer(project, "b", by=project.ann)
    offer(project, 2, "xy")

    assert take(project, 3, by=project.bob, overlap=Overlap(2)) == "cbx"
    assert take(project, 9, by=cat, keep="b", overlap=Overlap(2)) == "xya"
    assert take(project, 9, overlap=Overlap(2)) == "ya"

    answer(project, "c", by=project.bob)
    release_all(project, project.bob)
    assert take(project, 9, by=cat, keep="cb", overlap=Overlap(2)) == "bxya"


def release_all(project: Project, annotator: int) -> None:
    with project.database.transaction() as session:
        release(session, annotator_id=annotator)


def test_lease_next__overlap_ends_with_an_adjudication_and_begins_anew_with_an_undo(project: Project) -> None:
    offer(project, 1, "ab")
    uid = answer(project, "a", by=project.ann)
    assert take(project, 1, by=project.bob, overlap=Overlap(2)) == "a"
    ruling = project.annotate(NewAnnotation(new_uid(), "a", Act.ADJUDICATE, class_id=project.star))
    assert take(project, 9, by=project.bob, overlap=Overlap(2)) == "b"

    project.undo("a", ruling.uid)
    project.undo("a", uid)
    assert take(project, 9, overlap=Overlap(2)) == "ab"


def test_lease_next__overlap_of_a_share_of_the_items(project: Project) -> None:
    keys = [f"key-{number}" for number in range(200)]
    overlap = Overlap(2, 0.25, seed=3)
    chosen = [key for key in keys if overlap.wanted(key) == 2]
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals(1, keys))
    assert 30 < len(chosen) < 70
    assert chosen != [key for key in keys if Overlap(2, 0.25, seed=4).wanted(key) == 2]
    with project.database.transaction() as session:
        held = lease_next(
            session, annotator_id=project.ann, count=200, lease_s=9, now=NOW, overlap=overlap, begun=Begun()
        )
        found = lease_next(
            session, annotator_id=project.bob, count=200, lease_s=9, now=NOW, overlap=overlap, begun=Begun()
        )
    assert len(held) == 200
    assert [entry.item_key for entry in found] == chosen


def test_lease_next__labels_from_elsewhere_ask_for_no_second_one(project: Project) -> None:
    offer(project, 1, "ab")
    project.label("a")

    assert take(project, 9, by=project.bob, overlap=Overlap(2)) == "b"


def test_lease_next__two_tabs_hold_items_of_their_own(project: Project) -> None:
    offer(project, 1, "abcd")

    assert take(project, 2, tab="one") == "ab"
    assert take(project, 2, tab="two") == "cd"
    assert take(project, 2, tab="one") == "ab"
    assert take(project, 9, tab="two", keep="d") == "dcab"


def test_release__of_one_tab_leaves_the_other(project: Project) -> None:
    offer(project, 1, "abcd")
    take(project, 2, tab="one")
    take(project, 1, tab="two")
    with project.database.transaction() as session:
        assert release(session, annotator_id=project.ann, tab="one") == 2
    assert take(project, 9, by=project.bob) == "abd"


def test_lease_next__clock_set_back_holds_no_item_for_longer(project: Project) -> None:
    offer(project, 1, "ab")
    take(project, 2)
    before = NOW - timedelta(hours=5)

    assert take(project, 2, by=project.bob, now=before) == ""
    assert take(project, 2, by=project.bob, now=before + timedelta(seconds=LEASE_S)) == "ab"


def test_lease_next__clock_set_forward_frees_items_and_a_late_label_counts(project: Project) -> None:
    offer(project, 1, "a")
    take(project, 1)
    ahead = NOW + timedelta(hours=5)
    assert take(project, 1, by=project.bob, now=ahead) == "a"

    answer(project, "a", by=project.bob)
    answer(project, "a", by=project.ann, class_id=project.galaxy)

    with project.database.reading() as session:
        assert current_labels(session).class_ids.tolist() == [project.galaxy]
    assert take(project, 1, now=ahead) == take(project, 1, by=project.bob, now=ahead) == ""


def test_open_leases__count_what_is_not_answered(project: Project) -> None:
    offer(project, 1, "abcd")
    take(project, 3)
    take(project, 1, by=project.bob)
    project.label("a")
    with project.database.reading() as session:
        assert open_leases(session, now=NOW) == {project.ann: 2, project.bob: 1}
        assert open_leases(session, now=LATER) == {}


@pytest.mark.parametrize("wanted", [1, 2])
def test_lease_next__people_who_draw_and_label_at_once(project: Project, wanted: int) -> None:
    people = [someone(project, f"person {number}") for number in range(5)]
    keys = [f"item-{number:02d}" for number in range(24)]
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals(1, keys))
    overlap = Overlap(wanted)

    def work(person: int) -> list[str]:
        done: list[str] = []
        known = Begun()
        while True:
            with project.database.transaction() as session:
                known = update_begun(session, known=known, overlap=overlap)
                found = lease_next(
                    session, annotator_id=person, count=3, lease_s=60, overlap=overlap, begun=known
                )
            if not found:
                return done
            for proposal in found:
                answer(project, proposal.item_key, by=person)
                done.append(proposal.item_key)

    answers = at_once([lambda person=person: work(person) for person in people])  # type: ignore[misc]

    assert all(isinstance(entry, list) for entry in answers), answers
    given = [key for entry in answers if isinstance(entry, list) for key in entry]
    assert sorted(given) == sorted(keys * wanted)
    for entry in answers:
        assert isinstance(entry, list)
        assert len(set(entry)) == len(entry)
