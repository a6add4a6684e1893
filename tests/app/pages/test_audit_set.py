"""The audit set on the pages, without a browser."""

from __future__ import annotations

import pytest

from app.audit_set import AuditReport, draw_audit_set, read_audit_report
from app.audit_words import ANSWERS
from app.pages.audit_set import HELD, AuditSetButton, AuditSetCard, choice_title, said_html, table_html
from app.pages.label import LabelPage
from app.pages.model import ModelPage
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from labeling.annotators import ensure_annotator
from labeling.audit_set import audit_keys
from labeling.classes import list_classes, rename_class
from labeling.people import Role
from labeling.queue import lease_audit, release
from models.quality import QualityReport
from tests.coroutines import finish
from tests.projects import label, label_some, truth_of

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def card(dashboard: DashboardState) -> AuditSetCard:
    """The card on the Model page, after a round over four labels of each class."""
    label_some(dashboard.context.project)
    run_now(dashboard.context.project)
    return painted(dashboard)


def painted(dashboard: DashboardState) -> AuditSetCard:
    dashboard.apply(read_status(dashboard.context.project.database))
    dashboard.page = "Model"
    made = ModelPage(dashboard, None)
    made.paint()
    return made.audit_set


def answered(dashboard: DashboardState) -> AuditReport:
    project = dashboard.context.project
    with project.database.reading() as session:
        keys = audit_keys(session)
    truth = truth_of(project)
    label(project, {key: truth[key] for key in keys})
    found = read_audit_report(project, round_number=1)
    assert found is not None
    return found


def test_card__says_how_to_begin_and_begins(card: AuditSetCard) -> None:
    assert "goldpan audit-set draw" in card.said.object
    assert card.form.view.visible
    finish(card.form.press())
    # A quarter of the 96 items that nobody annotated.
    assert "0 of 24 items of the audit set are labelled" in card.said.object
    assert (card.form.view.visible, card.form.button.label) == (True, "Draw more")
    assert "Label the audit set" in card.said.object


def test_card__says_what_the_set_says(card: AuditSetCard) -> None:
    finish(card.form.press())
    answered(card.state)
    again = painted(card.state)
    assert "24 of 24 items of the audit set are labelled" in again.said.object
    assert "Accuracy <b>" in again.said.object
    assert "Cross-validation over your labels says" in again.said.object
    assert "probably still unfound" in again.said.object
    assert again.table.object.count("<th scope='row'>") == 3
    for answers, misleads in ANSWERS.values():
        assert answers in again.meaning.object
        assert misleads in again.meaning.object


def test_card__who_looks_on_draws_nothing(card: AuditSetCard) -> None:
    person = card.state.context.person
    card.state.context = card.state.context.as_person(
        type(person)(person.annotator_id, person.name, Role.VIEWER)
    )
    card.show(None)
    assert not card.form.view.visible
    finish(card.form.press())
    with card.state.context.project.database.reading() as session:
        assert audit_keys(session) == []


def test_form__counts_what_matches_and_draws_of_it(card: AuditSetCard) -> None:
    form = card.form
    assert (form.size.value, form.where.placeholder) == (24, "a > 0")
    form.where.value_input = "aa > 3"
    assert "there is no column &#x27;aa&#x27;" in form.count.object
    form.where.value_input = "a>3"
    # The other class: 40 items, of which 4 are labelled.
    assert "40 items match, 36 of them can be drawn" in form.count.object
    assert form.size.value == 18
    form.size.value = 20
    form.where.value_input = "a > 3.0"
    assert form.size.value == 20
    finish(form.press())
    assert form.where.value_input == form.count.object == ""
    assert "0 of 20 items of the audit set where a &gt; 3 are labelled" in card.said.object
    assert not card.of.visible


def test_form__says_why_nothing_is_drawn(card: AuditSetCard, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("app.pages.audit_draw.tell_problem", told.append)
    card.form.where.value_input = "a > 99"
    finish(card.form.press())
    card.form.where.value_input = "a >"
    finish(card.form.press())
    assert "no item of the pool matches a > 99" in told[0]
    assert "cannot be read" in told[1]
    assert not card.form.button.disabled


def test_card__figures_of_the_criterion_that_is_chosen(card: AuditSetCard) -> None:
    finish(card.form.press())
    card.form.where.value_input = "a > 3"
    finish(card.form.press())
    assert (card.of.visible, card.of.value) == (True, "Items where a > 3")
    assert card.of.options == ["The whole pool", "Items where a > 3"]
    answered(card.state)
    again = painted(card.state)
    assert "24 of 24 items of the audit set are labelled" in again.said.object
    assert again.of.value == "The whole pool"
    assert "share of the pool" in again.table.object
    again.of.value = "Items where a > 3"
    assert "items of the audit set where a &gt; 3 are labelled" in again.said.object
    assert "share of these items" in again.table.object
    assert "Here the pool is the items where a &gt; 3." in again.meaning.object
    assert "audit set where a &gt; 3:" in again.quality.table.object
    assert "holds for the items that match" in again.quality.table.object
    again.of.value = "The whole pool"
    assert "audit set: 24 items" in again.quality.table.object
    assert "where a" not in again.said.object + again.meaning.object


def test_choice_title__long_criteria_stay_apart() -> None:
    long = " and ".join(["a > 1"] * 20)
    titles = [choice_title(f"{long} and b > {place}", place) for place in (1, 2)]
    assert len(set(titles)) == 2
    assert all(len(title) <= 80 for title in titles)


def test_html__names_are_escaped(card: AuditSetCard) -> None:
    project = card.state.context.project
    finish(card.form.press())
    answered(card.state)
    with project.database.transaction() as session:
        rename_class(session, class_id=list_classes(session)[0].id, name=HOSTILE)
    found = read_audit_report(project, round_number=1)
    assert found is not None
    shown = said_html(found, None) + table_html(found)
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown


def test_said_html__without_cross_validation_there_is_no_difference(card: AuditSetCard) -> None:
    finish(card.form.press())
    found = answered(card.state)
    quality = QualityReport.from_dict(card.state.meaning.quality)  # type: ignore[union-attr, arg-type]
    assert "Cross-validation" in said_html(found, quality)
    assert "Cross-validation" not in said_html(found, None)


def test_button__says_that_others_hold_what_is_left(
    dashboard: DashboardState, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = dashboard.context
    draw_audit_set(context.project, size=20, annotator_id=context.annotator_id)
    with context.project.database.transaction() as session:
        bob = ensure_annotator(session, name="bob")
        held = lease_audit(session, annotator_id=bob, count=15, lease_s=600)
    page = LabelPage(dashboard, None)
    dashboard.apply(read_status(context.project.database))
    finish(page.audit_set._press())
    assert len(page.card.open_keys) == 5
    assert not set(page.card.open_keys) & set(held)
    told: list[str] = []
    monkeypatch.setattr("app.pages.audit_set.tell_problem", told.append)
    with context.project.database.transaction() as session:
        release(session, annotator_id=context.annotator_id)
        lease_audit(session, annotator_id=bob, count=20, lease_s=600)
    finish(page.audit_set._press())
    assert told == [HELD]


def test_button__puts_the_next_items_on_the_card(dashboard: DashboardState) -> None:
    context = dashboard.context
    page = LabelPage(dashboard, None)
    assert not page.audit_set.button.visible
    drawn = draw_audit_set(context.project, size=60, annotator_id=context.annotator_id)
    dashboard.apply(read_status(context.project.database))
    assert (page.audit_set.button.visible, page.audit_set.button.label) == (
        True,
        "Label the audit set (60 left)",
    )
    finish(page.audit_set._press())
    assert page.card.open_keys == list(drawn.new.item_keys[:50])
    answered(dashboard)
    dashboard.apply(read_status(context.project.database))
    assert not page.audit_set.button.visible
    page.dispose()


def test_button__who_looks_on_has_none(dashboard: DashboardState) -> None:
    context = dashboard.context
    draw_audit_set(context.project, size=10, annotator_id=context.annotator_id)
    person = context.person
    dashboard.apply(read_status(context.project.database))
    dashboard.context = context.as_person(type(person)(person.annotator_id, person.name, Role.VIEWER))
    assert not AuditSetButton(dashboard, lambda keys: None).button.visible
