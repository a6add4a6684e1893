from __future__ import annotations

import dataclasses
import uuid

import pytest

from app.api_store import next_items
from app.context import ServerContext
from app.errors import RequestError
from app.gold import is_turn
from app.project import Project
from app.run_now import run_now
from labeling.annotations import history
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.gold import GoldScore, add_gold, gold_scores
from labeling.people import Person, Role
from tests.app.storing import store
from tests.projects import MOMENT, label_some, truth_of


def as_someone(context: ServerContext, name: str, *, gold_share: float = 0.25) -> ServerContext:
    """Return the server as an annotator sees it, of a project that shows gold items."""
    with context.project.database.transaction() as session:
        person = Person(ensure_annotator(session, name=name), name, Role.ANNOTATOR)
    team = context.project.config.team.model_copy(update={"gold_share": gold_share})
    config = context.project.config.model_copy(update={"team": team})
    project = dataclasses.replace(context.project, config=config)
    return dataclasses.replace(context.as_person(person), project=project)


def make_gold(project: Project, count: int = 6) -> set[str]:
    truth = truth_of(project)
    keys = [key for key in truth if truth[key] == "common"][-count:]
    with project.database.transaction() as session:
        ids = {entry.name: entry.id for entry in list_classes(session)}
        admin = ensure_annotator(session, name="admin")
        uids = [uuid.uuid4().hex for _ in keys]
        labels = {key: ids[truth[key]] for key in keys}
        add_gold(session, labels=labels, uids=uids, annotator_id=admin, now=MOMENT)
    return set(keys)


@pytest.mark.parametrize("share", [0.5, 0.3, 0.1, 0.07])
def test_is_turn__as_often_as_the_share_says_in_every_stretch(share: float) -> None:
    turns = [is_turn(place, share, "1:2") for place in range(3000)]
    for start in range(0, 3000, 500):
        assert abs(sum(turns[start : start + 500]) - 500 * share) <= 2
    assert turns != [is_turn(place, share, "1:3") for place in range(3000)]


def test_next_items__gold_items_stand_among_the_others_and_look_like_them(context: ServerContext) -> None:
    label_some(context.project)
    gold = make_gold(context.project)
    run_now(context.project)
    bob = as_someone(context, "bob")

    items = next_items(bob, count=20, keep=[])["items"]

    shown = [item for item in items if item["key"] in gold]
    others = [item for item in items if item["key"] not in gold]
    assert 4 <= len(shown) <= 6
    assert {frozenset(item) for item in shown} == {frozenset(item) for item in others}
    for item in shown:
        assert (item["round"], item["kind"], item["strategy"]) == (1, "refine", others[0]["strategy"])
        assert item["reason"].startswith("Between")
        assert item["suggestion"] is not None
    again = next_items(bob, count=20, keep=[items[0]["key"]])["items"]
    assert [item["key"] for item in again] == [item["key"] for item in items]


def test_next_items__before_the_first_model_gold_items_look_like_the_others_too(
    context: ServerContext,
) -> None:
    gold = make_gold(context.project)
    run_now(context.project)
    items = next_items(as_someone(context, "bob"), count=20, keep=[])["items"]
    kinds = {item["kind"] for item in items if item["key"] not in gold}
    shown = [item for item in items if item["key"] in gold]
    assert shown
    assert {item["kind"] for item in shown} <= kinds


def test_next_items__no_gold_unless_the_project_asks_for_it(context: ServerContext) -> None:
    gold = make_gold(context.project)
    run_now(context.project)
    items = next_items(as_someone(context, "bob", gold_share=0.0), count=60, keep=[])["items"]
    assert not {item["key"] for item in items} & gold


def test_next_items__each_gold_item_comes_once_to_a_person_who_answers_all(context: ServerContext) -> None:
    gold = make_gold(context.project, 3)
    run_now(context.project)
    bob = as_someone(context, "bob")
    seen: list[str] = []
    for _ in range(20):
        [item] = next_items(bob, count=4, keep=[])["items"][:1]
        seen.append(item["key"])
        store(bob, answer_to(bob, item["key"], kind=item["kind"]))
    assert len(set(seen)) == 20
    assert len(gold & set(seen)) == 3


def answer_to(context: ServerContext, key: str, *, kind: str, act: str = "label") -> dict[str, object]:
    with context.project.database.reading() as session:
        class_id = list_classes(session)[0].id
    return {
        "uid": uuid.uuid4().hex,
        "item_key": key,
        "act": act,
        "class_id": class_id,
        "kind": kind,
        "round": 1,
    }


def test_store_annotation__an_answer_to_gold_is_marked_by_the_server_alone(context: ServerContext) -> None:
    gold = sorted(make_gold(context.project))
    bob = as_someone(context, "bob")
    values = answer_to(bob, gold[0], kind="refine")
    assert set(store(bob, values)) == set(store(bob, answer_to(bob, "item-000", kind="refine")))
    assert store(bob, values)["duplicate"]
    store(bob, answer_to(bob, gold[1], kind=""))  # picked on the map: its label was seen
    with context.project.database.reading() as session:
        kinds = {key: history(session, item_key=key)[-1].kind for key in (*gold[:2], "item-000")}
        assert kinds == {gold[0]: "gold", gold[1]: "", "item-000": "refine"}
        assert gold_scores(session) == {bob.annotator_id: GoldScore(1, 1)}


def test_store_annotation__only_a_reviewer_adjudicates(context: ServerContext) -> None:
    values = answer_to(context, "item-000", kind="", act="adjudicate")
    with pytest.raises(RequestError, match="reviewer"):
        store(as_someone(context, "bob"), values)
    assert not store(context, values)["duplicate"]
