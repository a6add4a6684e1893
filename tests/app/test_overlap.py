from __future__ import annotations

import dataclasses

from app.api_store import next_items, release_tab
from app.context import ServerContext
from app.overlap import RunningOverlap
from app.run_now import run_now
from labeling.annotators import ensure_annotator
from labeling.people import Person, Role
from tests.app.storing import store
from tests.app.test_gold import answer_to


def people(context: ServerContext, *, overlap: int) -> list[ServerContext]:
    team = context.project.config.team.model_copy(update={"overlap": overlap})
    config = context.project.config.model_copy(update={"team": team})
    shared = dataclasses.replace(context, overlap=RunningOverlap(config))
    with context.project.database.transaction() as session:
        ids = [ensure_annotator(session, name=name) for name in ("ann", "bob", "cat")]
    return [shared.as_person(Person(number, str(number), Role.ANNOTATOR)) for number in ids]


def keys(context: ServerContext, count: int = 5, **options: str) -> list[str]:
    return [item["key"] for item in next_items(context, count=count, keep=[], **options)["items"]]


def test_next_items__two_labels_for_each_item(context: ServerContext) -> None:
    run_now(context.project)
    ann, bob, cat = people(context, overlap=2)
    first = keys(ann)
    assert keys(bob) == first
    assert not set(keys(cat)) & set(first)

    store(ann, answer_to(ann, first[0], kind="discover"))
    assert keys(bob)[0] == first[0]
    store(bob, answer_to(bob, first[0], kind="discover"))
    for person in (ann, bob, cat):
        assert first[0] not in keys(person, 60)


def test_next_items__one_label_for_each_item_is_the_queue_of_one_person(context: ServerContext) -> None:
    run_now(context.project)
    ann, bob, _ = people(context, overlap=1)
    first = keys(ann)
    assert not set(keys(bob)) & set(first)
    store(ann, answer_to(ann, first[0], kind="discover"))
    assert keys(ann)[0] == first[1]
    assert first[0] not in keys(bob, 60)


def test_release_tab__a_closed_tab_gives_its_items_back(context: ServerContext) -> None:
    run_now(context.project)
    first = keys(context, tab="one")
    assert not set(keys(context, tab="two")) & set(first)
    assert release_tab(context, {"tab": "one"}) == {"released": 5}
    assert release_tab(context, {"tab": "two"}) == {"released": 5}
    assert keys(context, tab="three") == first
