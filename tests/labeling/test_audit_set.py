from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from labeling.annotations import Act, NewAnnotation, class_counts
from labeling.audit_set import (
    AUDIT,
    AuditStratum,
    NewDraw,
    audit_keys,
    audit_keys_among,
    count_audit_acts,
    count_open_audit,
    list_criteria,
    list_draws,
    open_audit_keys,
    restore_draw,
    seen_keys,
    store_draw,
)
from labeling.checking import inspect_database
from labeling.database import Database
from labeling.errors import AuditSetError, DatabaseError, GoldError, ProposalError
from labeling.events import EventKind
from labeling.gold import mark_gold
from labeling.groups import NewGroup, record_group
from labeling.labels import revision
from labeling.queue import (
    AUDIT_TAB,
    lease_audit,
    lease_next,
    release,
    renew_audit,
    store_proposals,
    waiting,
)
from labeling.tables import AuditItemTable
from labeling.trail import read_trail
from labeling.votes import read_votes
from tests.labeling.store import NOW, Project, new_uid, proposals


def draw_of(*item_keys: str, size: int = 100) -> NewDraw:
    strata = (AuditStratum("all", size, len(item_keys)),)
    return NewDraw("random", 7, "hash", strata, item_keys, (0,) * len(item_keys))


def draw(project: Project, *item_keys: str, **changes: Any) -> int:
    new = replace(draw_of(*item_keys), **changes)
    with project.database.transaction() as session:
        return store_draw(session, new=new, annotator_id=project.ann, now=NOW)


def test_store_draw__keeps_how_it_was_drawn(project: Project) -> None:
    strata = (AuditStratum("star, surer", 40, 2), AuditStratum("the other classes", 7, 1))
    new = NewDraw("stratified", 2**40, "hash", strata, ("c", "a", "b"), (0, 1, 0), round_number=3)
    project.label("x")
    with project.database.transaction() as session:
        number = store_draw(session, new=new, annotator_id=project.bob, now=NOW)
        at = revision(session)
    with project.database.reading() as session:
        [stored] = list_draws(session)
        rows = session.execute(sa.select(AuditItemTable.item_key, AuditItemTable.probability)).all()
        acts = [entry.act for entry in read_trail(session)]
    assert (stored.id, stored.new, stored.revision) == (number, new, at)
    assert (stored.annotator, stored.created_at) == ("bob", NOW)
    assert {row[0]: row[1] for row in rows} == {"c": 2 / 40, "b": 2 / 40, "a": 1 / 7}
    assert EventKind.AUDIT_SET_DRAWN in acts


def test_list_criteria__each_once_and_the_whole_pool_first(project: Project) -> None:
    for keys, where in (("a", "z > 1"), ("b", "z > 0"), ("c", ""), ("d", "z > 1")):
        draw(project, keys, where=where)
    with project.database.reading() as session:
        assert [entry.new.where for entry in list_draws(session)] == ["z > 1", "z > 0", "", "z > 1"]
        assert list_criteria(session) == ["", "z > 1", "z > 0"]
        # Held out alike, whatever they were drawn by.
        assert audit_keys(session) == ["a", "b", "c", "d"]
        told = [entry.details for entry in read_trail(session) if entry.act == EventKind.AUDIT_SET_DRAWN]
    assert [entry.get("where") for entry in told] == ["z > 1", "z > 0", None, "z > 1"]
    assert inspect_database(project.database).problems == ()


def test_store_draw__more_can_be_drawn_of_what_is_left(project: Project) -> None:
    draw(project, "b", "a")
    draw(project, "c")
    with pytest.raises(
        AuditSetError, match="1 of the items are annotated or in the audit set by now \\(a\\)"
    ):
        draw(project, "d", "a")
    project.label("e")
    with pytest.raises(AuditSetError, match=r"\(e\)"):
        draw(project, "e")
    with project.database.reading() as session:
        assert audit_keys(session) == ["b", "a", "c"]
        assert audit_keys_among(session, ["c", "d", "b"]) == {"b", "c"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"design": "snowball"}, "'snowball'"),
        ({"item_keys": ("a", "a")}, "1 of them different"),
        ({"item_keys": (), "item_strata": (), "strata": ()}, "at least one item"),
        ({"item_strata": (0, 1)}, "no stratum 1"),
        ({"item_strata": (0,)}, r"\[2\] items were drawn"),
        ({"strata": (AuditStratum("all", 1, 2),)}, "more items were drawn of a stratum than it holds"),
        ({"item_keys": ("a", "")}, "key"),
        ({"where": "z > " + "1" * 2_000}, "the criterion has 2004 characters"),
        ({"where": "z > 1\x00"}, "the criterion holds a NUL"),
    ],
)
def test_store_draw__refuses_what_does_not_fit(project: Project, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AuditSetError, match=words):
        draw(project, "a", "b", **changes)
    with project.database.reading() as session:
        assert list_draws(session) == []


def test_open_audit_keys__in_the_drawn_order_until_answered(project: Project) -> None:
    draw(project, "b", "a")
    draw(project, "c")
    answered = project.label("b")
    project.act("a", Act.UNSURE)
    with project.database.reading() as session:
        assert (open_audit_keys(session, limit=9), count_open_audit(session)) == (["c"], 1)
    project.undo("b", answered.uid)
    with project.database.reading() as session:
        assert open_audit_keys(session, limit=1) == ["b"]
        assert open_audit_keys(session, limit=9) == ["b", "c"]


def take(project: Project, by: int, count: int, *, now: datetime = NOW) -> list[str]:
    with project.database.transaction() as session:
        return lease_audit(session, annotator_id=by, count=count, lease_s=60, now=now)


def test_lease_audit__two_people_at_once_get_different_items(project: Project) -> None:
    draw(project, *"abcde")
    assert take(project, project.ann, 2) == ["a", "b"]
    assert take(project, project.bob, 2) == ["c", "d"]
    # What somebody holds comes again for them, in the order of the draw.
    assert take(project, project.ann, 3) == ["a", "b", "e"]
    assert take(project, project.bob, 9) == ["c", "d"]
    project.label("c", by=project.bob)
    assert take(project, project.bob, 9) == ["d"]


def test_lease_audit__nothing_where_others_hold_all_until_their_leases_end(project: Project) -> None:
    draw(project, "a", "b")
    assert take(project, project.ann, 2) == ["a", "b"]
    assert take(project, project.bob, 2) == []
    with project.database.transaction() as session:
        renew_audit(session, annotator_id=project.ann, lease_s=60, now=NOW + timedelta(seconds=50))
    assert take(project, project.bob, 2, now=NOW + timedelta(seconds=61)) == []
    assert take(project, project.bob, 2, now=NOW + timedelta(seconds=111)) == ["a", "b"]


def test_lease_audit__what_a_tab_fetches_next_does_not_give_them_back(project: Project) -> None:
    draw(project, "a", "b")
    take(project, project.ann, 2)
    with project.database.transaction() as session:
        assert release(session, annotator_id=project.ann, tab="tab") == 0
    assert take(project, project.bob, 2) == []
    with project.database.transaction() as session:
        assert release(session, annotator_id=project.ann, tab=AUDIT_TAB) == 2
    assert take(project, project.bob, 2) == ["a", "b"]


def test_lease_audit__refuses_no_count(project: Project) -> None:
    with pytest.raises(ProposalError, match="number of items"):
        take(project, project.ann, 0)


def test_count_audit_acts__those_about_the_audit_set_alone(project: Project) -> None:
    draw(project, "a", "b")
    project.label("x")
    project.label("a")
    with project.database.reading() as session:
        at = revision(session)
    project.label("b")
    project.label("y")
    with project.database.reading() as session:
        assert count_audit_acts(session, since=0) == 2
        assert count_audit_acts(session, since=at) == 1


def test_audit_keys__as_they_were_at_a_label_revision(project: Project) -> None:
    draw(project, "a")
    project.label("x")
    with project.database.reading() as session:
        before = revision(session)
    project.label("y")
    draw(project, "b")
    with project.database.reading() as session:
        assert audit_keys(session, until=before) == ["a"]
        assert audit_keys(session, until=before + 1) == ["a", "b"]


def test_seen_keys__those_answered_with_a_suggestion_in_sight(project: Project) -> None:
    draw(project, "a", "b", "c")
    for key, suggested in (("a", project.star), ("b", None), ("x", project.star)):
        new = NewAnnotation(new_uid(), key, Act.LABEL, class_id=project.star, suggested_class_id=suggested)
        project.annotate(new)
    with project.database.reading() as session:
        assert seen_keys(session) == {"a"}


def test_restore_draw__with_its_answers_and_never_twice(project: Project) -> None:
    project.label("a")
    for _ in range(1):
        with project.database.transaction() as session:
            restore_draw(session, new=draw_of("a", "b"), at=0, annotator_id=project.bob, now=NOW)
    with (
        pytest.raises(AuditSetError, match="drawn twice"),
        project.database.transaction() as session,
    ):
        restore_draw(session, new=draw_of("b"), at=0, annotator_id=project.bob, now=NOW)
    with project.database.reading() as session:
        assert [entry.revision for entry in list_draws(session)] == [0]


def test_audit_tables__refuse_to_be_changed(project: Project) -> None:
    draw(project, "a")
    for statement in (
        "UPDATE audit_item SET probability = 1",
        "DELETE FROM audit_item",
        "UPDATE audit_draw SET seed = 1",
        "DELETE FROM audit_draw",
    ):
        with (
            pytest.raises((DatabaseError, sa.exc.DBAPIError)),
            project.database.transaction() as session,
        ):
            session.execute(sa.text(statement))
    assert inspect_database(project.database).problems == ()


def test_inspect_database__names_a_draw_that_lacks_an_item(project: Project) -> None:
    number = draw(project, "a", "b")
    with project.database.transaction() as session:
        session.execute(
            sa.insert(AuditItemTable).values(item_key="z", draw_id=number, turn=9, stratum=0, probability=0.5)
        )
        session.execute(
            sa.insert(AuditItemTable).values(
                item_key="y", draw_id=number, turn=8, stratum=0, probability=2 / 100
            )
        )
    [problem] = inspect_database(project.database).problems
    assert problem == f"draw {number} of the audit set: stratum 0 lacks some of its 2 items of 100"


def test_queue__hands_out_no_item_of_the_audit_set(project: Project) -> None:
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals(1, ["a", "b", "c"]))
    draw(project, "b")
    with project.database.transaction() as session:
        assert waiting(session, now=NOW) == 2
        found = lease_next(session, annotator_id=project.ann, count=9, lease_s=60, now=NOW, keep=["b", "c"])
    assert [entry.item_key for entry in found] == ["c", "a"]


def test_record_group__leaves_the_audit_set_as_it_is(project: Project) -> None:
    draw(project, "b")
    group = NewGroup("select-12345678", tuple((key, project.star) for key in "ab"), project.star)
    for _ in range(2):
        with project.database.transaction() as session:
            found = record_group(session, group=group, annotator_id=project.ann, now=NOW)
        assert (found.stored, found.taken) == (1, ("b",))
    with project.database.reading() as session:
        assert class_counts(session) == {project.star: 1}


def test_mark_gold__refuses_an_item_of_the_audit_set(project: Project) -> None:
    draw(project, "a")
    project.annotate(NewAnnotation(new_uid(), "a", Act.ADJUDICATE, class_id=project.star))
    with (
        pytest.raises(GoldError, match="1 of the items are in the audit set"),
        project.database.transaction() as session,
    ):
        mark_gold(session, item_keys=["a"], annotator_id=project.ann, now=NOW)


def test_read_votes__without_the_audit_set(project: Project) -> None:
    draw(project, "a")
    for person in (project.ann, project.bob):
        for key in ("a", "b"):
            project.label(key, project.galaxy, by=person)
    project.annotate(NewAnnotation(new_uid(), "a", Act.ADJUDICATE, class_id=project.star, kind=AUDIT))
    with project.database.reading() as session:
        table = read_votes(session, class_ids=[project.star, project.galaxy], revision=revision(session))
    assert table.item_keys == ("b",)


def test_list_draws__nothing_was_drawn(database: Database) -> None:
    with database.reading() as session:
        assert list_draws(session) == []
        assert list_criteria(session) == []
        assert open_audit_keys(session, limit=5) == []
