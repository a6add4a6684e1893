"""The audit set on the label card: blind, and only for whoever asks for it."""

from __future__ import annotations

import time

import pytest

from app.api_store import next_items, release_tab
from app.audit_set import draw_audit_set
from app.compare import nearest_labelled
from app.context import ServerContext
from app.run_now import run_now
from labeling.annotations import history
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.queue import lease_audit
from tests.app.storing import store
from tests.projects import label, label_some, truth_of


@pytest.fixture
def drawn(context: ServerContext) -> list[str]:
    """Keys of an audit set of a project with a model."""
    label_some(context.project)
    run_now(context.project)
    found = draw_audit_set(context.project, size=30, annotator_id=context.annotator_id)
    return list(found.new.item_keys)


def test_next_items__none_of_the_audit_set_unless_asked_for(context: ServerContext, drawn: list[str]) -> None:
    answer = next_items(context, count=100, keep=[])
    assert answer["items"] and answer["left"] > 0
    assert not {item["key"] for item in answer["items"]} & set(drawn)
    label(context.project, {key: name for key, name in truth_of(context.project).items() if key not in drawn})
    answer = next_items(context, count=100, keep=[])
    assert (answer["items"], answer["left"]) == ([], 0)


def test_next_items__the_audit_set_is_shown_blind(context: ServerContext, drawn: list[str]) -> None:
    items = next_items(context, count=20, keep=drawn[:3])["items"]
    assert [item["key"] for item in items[:3]] == drawn[:3]
    for item in items[:3]:
        assert (item["kind"], item["strategy"], item["round"], item["row"]) == ("audit", "", None, None)
        assert (item["suggestion"], item["runner_up"], item["score"]) == (None, None, None)
        assert "Nothing is suggested" in item["reason"]
        assert item["view"]["type"] == "table"
    assert items[3]["suggestion"] is not None


def test_next_items__an_answer_is_not_told_when_the_item_is_shown_again(
    context: ServerContext, drawn: list[str]
) -> None:
    with context.project.database.reading() as session:
        class_id = list_classes(session)[0].id
    store(
        context,
        {
            "uid": "audit-answer-1",
            "item_key": drawn[0],
            "act": "label",
            "class_id": class_id,
            "kind": "audit",
        },
    )
    [shown] = next_items(context, count=1, keep=drawn[:1])["items"]
    assert "labelled" not in shown["reason"]
    with context.project.database.reading() as session:
        [stored] = history(session, item_key=drawn[0])
    assert (stored.kind, stored.suggested_class_id) == ("audit", None)


def test_next_items__whoever_is_at_the_audit_set_keeps_it(context: ServerContext, drawn: list[str]) -> None:
    with context.project.database.transaction() as session:
        bob = ensure_annotator(session, name="bob")
        lease_audit(session, annotator_id=context.annotator_id, count=30, lease_s=0.5)
    next_items(context, count=5, keep=drawn[:1], tab="here")
    time.sleep(0.6)
    with context.project.database.transaction() as session:
        assert lease_audit(session, annotator_id=bob, count=30, lease_s=60) == []
    # The tab is closed.
    assert release_tab(context, {"tab": "here"})["released"] >= 30
    with context.project.database.transaction() as session:
        assert lease_audit(session, annotator_id=bob, count=30, lease_s=60) == drawn


def test_nearest_labelled__says_nothing_of_the_audit_set(context: ServerContext, drawn: list[str]) -> None:
    other = next(key for key in context.project.pool.keys(range(108)) if key not in drawn)
    assert nearest_labelled(context, other)["items"]
    assert nearest_labelled(context, drawn[0])["items"] == []
