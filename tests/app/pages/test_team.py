"""The Team card's words and what its buttons do, without a browser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.pages.model import ModelPage
from app.pages.team import TeamCard, classes_html, pairs_html, people_html
from app.session import DashboardState
from app.status import read_status
from app.team_figures import TeamFigures, read_team_figures
from tests.app.test_round_consensus import overlap
from tests.projects import label_some

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def shown(dashboard: DashboardState) -> TeamCard:
    """The card on the Model page, after three people labelled the same items."""
    overlap(dashboard.context.project)
    dashboard.apply(read_status(dashboard.context.project.database))
    dashboard.page = "Model"
    made = ModelPage(dashboard, None)
    made.paint()
    return made.team


def figures(dashboard: DashboardState) -> TeamFigures:
    found = read_team_figures(dashboard.context.project, round_number=0)
    assert found is not None
    return found


def test_team_card__is_hidden_while_one_person_labels(dashboard: DashboardState) -> None:
    label_some(dashboard.context.project)
    dashboard.apply(read_status(dashboard.context.project.database))
    dashboard.page = "Model"
    made = ModelPage(dashboard, None)
    made.paint()
    assert not made.team.card.visible


def test_team_card__says_who_labelled_and_how_well(shown: TeamCard) -> None:
    assert shown.card.visible
    assert "Krippendorff" in shown.said.object
    for name in ("ann", "bob", "cyd"):
        assert name in shown.people.object
    assert "<td>20</td>" in shown.people.object
    assert "(100%)" in shown.pairs.object


def test_team_card__a_button_opens_its_items(shown: TeamCard) -> None:
    assert [button.label for button in shown.of_people.buttons if button.visible] == ["20 × cyd"]
    shown.of_people.press(0)
    state = shown.state
    assert state.page == "Explore"
    assert len(state.handed_over.find()) == 20
    assert state.handed_over.how == "labelled by cyd otherwise than the consensus"
    shown.of_pairs.press(0)
    assert state.handed_over.how == "on which ann and cyd differ"
    shown.of_classes.press(0)
    assert "by some and" in state.handed_over.how
    shown.of_people.press(7)
    assert "by some and" in state.handed_over.how


def test_team_card__computes_nothing_twice(shown: TeamCard, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("app.pages.team.read_team_figures", lambda *_, **__: asked.append(1))
    shown.paint()
    assert asked == []


def test_team_card__a_failure_is_told(shown: TeamCard) -> None:
    shown._fail("no <luck>")
    assert "no &lt;luck&gt;" in shown.said.object


def test_words__names_are_escaped(shown: TeamCard) -> None:
    found = figures(shown.state)
    table = replace(found.team.table, annotators=(HOSTILE, "b", "c"))
    classes = tuple(replace(entry, name=HOSTILE) for entry in found.team.classes)
    hostile = replace(found, team=replace(found.team, table=table, classes=classes))
    order = np.arange(3)
    for text in (people_html(hostile, order), pairs_html(hostile, order), classes_html(hostile)):
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
    shown.show(hostile)
    assert "<script>" not in shown.people.object


def test_people_html__of_more_people_than_are_shown(shown: TeamCard) -> None:
    assert "And 1 more" in people_html(figures(shown.state), np.arange(2))
