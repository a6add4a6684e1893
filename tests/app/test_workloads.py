from __future__ import annotations

import uuid

import pytest

from app.api_audit import store_audit
from app.components.people_table import people_table
from app.context import ServerContext
from app.errors import RequestError
from app.pages.review import ReviewPage
from app.session import PAGES, REVIEW, DashboardState
from app.status import read_status
from app.workloads import GoldAccuracy, PersonRow, gold_accuracy, read_team
from labeling.annotations import current_labels
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.gold import GoldScore
from labeling.merging import merge_class
from labeling.people import Person, Role
from tests.coroutines import finish
from tests.projects import MOMENT, label


def as_role(context: ServerContext, role: Role) -> ServerContext:
    return context.as_person(Person(context.annotator_id, "me", role))


def pages(context: ServerContext) -> tuple[str, ...]:
    state = DashboardState(context)
    state.apply(read_status(context.project.database))
    return state.pages


def test_pages__review_is_there_for_reviewers_once_several_people_label(context: ServerContext) -> None:
    assert pages(context) == PAGES
    label(context.project, {"item-000": "common"}, annotator="ann")
    assert pages(context) == PAGES
    label(context.project, {"item-001": "common"}, annotator="bob")
    assert pages(context) == (*PAGES[:-1], REVIEW, PAGES[-1])
    assert pages(as_role(context, Role.REVIEWER)) == (*PAGES[:-1], REVIEW, PAGES[-1])
    assert pages(as_role(context, Role.ANNOTATOR)) == PAGES


def test_read_team__has_everybody_with_labels(context: ServerContext) -> None:
    label(context.project, {"item-000": "common", "item-001": "rare"}, annotator="ann")
    label(context.project, {"item-002": "common"}, annotator="bob")
    rows = read_team(context)
    assert [(row.name, row.labels, row.labels_today, row.gold) for row in rows] == [
        ("ann", 2, 0, None),
        ("bob", 1, 0, None),
    ]


def test_gold_accuracy__has_wilsons_interval() -> None:
    found = gold_accuracy(GoldScore(right=8, answered=10))
    assert (found.share, found.answered) == (0.8, 10)
    assert (round(found.low, 3), round(found.high, 3)) == (0.49, 0.943)


def test_people_table__escapes_names_and_says_what_is_not_known() -> None:
    hostile = PersonRow("<script>x</script>", 1200, 3, None, 0, None)
    other = PersonRow("bob", 1, 0, 12.5, 2, GoldAccuracy(0.8, 0.49, 0.943, 10))
    text = people_table([hostile, other])
    assert "<script>" not in text
    assert "1,200" in text
    assert "80% (49% to 94%), 10 answered" in text
    assert "Nobody has labelled yet" in people_table([])


def test_page__table_is_read_while_the_page_is_shown(context: ServerContext) -> None:
    label(context.project, {"item-000": "common"}, annotator="ann")
    state = DashboardState(context)
    state.apply(read_status(context.project.database))
    page = ReviewPage(state, None)
    finish(page.refresh())
    assert "ann" not in page.people.object
    state.page = REVIEW
    finish(page.refresh())
    assert "ann" in page.people.object
    assert ReviewPage(DashboardState(as_role(context, Role.ANNOTATOR)), None).card is None


def agree(context: ServerContext) -> dict[str, int]:
    """Let two people call an item common; return the ids of the classes."""
    for name in ("ann", "bob"):
        label(context.project, {"item-000": "common"}, annotator=name)
    with context.project.database.reading() as session:
        return {entry.name: entry.id for entry in list_classes(session)}


def labels_of(context: ServerContext) -> list[tuple[str, str, int]]:
    with context.project.database.reading() as session:
        table = current_labels(session)
    return list(zip(table.item_keys, table.acts, table.class_ids.tolist(), strict=True))


def test_store_audit__of_a_label_that_two_agree_on_takes_a_reviewer(context: ServerContext) -> None:
    ids = agree(context)
    decision = ["item-000", ids["common"], ids["rare"], None]

    def page() -> dict[str, object]:
        return {"group": f"audit-{uuid.uuid4().hex}", "decisions": [decision]}

    refused = store_audit(as_role(context, Role.ANNOTATOR), page())
    assert (refused["stored"], refused["taken"]) == (0, ["item-000"])
    values = page()
    assert store_audit(context, values)["changed"] == 1
    assert store_audit(context, values)["duplicate"]
    assert labels_of(context) == [("item-000", "adjudicate", ids["rare"])]
    with pytest.raises(RequestError):
        store_audit(context, {"group": "audit-12345678", "decisions": []})


def test_merge_class__also_items_that_two_agree_on(context: ServerContext) -> None:
    ids = agree(context)
    label(context.project, {"item-001": "common"}, annotator="ann")
    with context.project.database.transaction() as session:
        merge_class(
            session,
            class_id=ids["common"],
            into_id=ids["rare"],
            uid=f"merge-{uuid.uuid4().hex}",
            annotator_id=ensure_annotator(session, name="cat"),
            now=MOMENT,
        )
    assert labels_of(context) == [
        ("item-000", "adjudicate", ids["rare"]),
        ("item-001", "label", ids["rare"]),
    ]
