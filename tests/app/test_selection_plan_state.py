from __future__ import annotations

import pytest

from app.selection_plan_state import SelectionPlanState
from app.session import DashboardState
from labeling.curation.errors import SelectionError
from tests.coroutines import finish
from tests.projects import label_some


def test_preview__says_what_the_selection_would_hold(dashboard: DashboardState) -> None:
    label_some(dashboard.context.project, each=8)
    state = SelectionPlanState(dashboard, split="50/50", counts="rare=2, other=4")
    finish(state.preview())
    assert state.problem == ""
    assert state.words[0].startswith("6 of 24 labels are selected")
    assert any(words.startswith("Splits: train 3") for words in state.words)


def test_preview__says_why_it_cannot(dashboard: DashboardState) -> None:
    state = SelectionPlanState(dashboard, split="80/20")
    finish(state.preview())
    assert "0 items cannot be divided into 2 splits" in state.problem
    assert state.words == []


def test_words__are_taken_back_when_something_else_is_asked_for(dashboard: DashboardState) -> None:
    label_some(dashboard.context.project)
    state = SelectionPlanState(dashboard)
    finish(state.preview())
    assert state.words
    state.split = "80/20"
    assert state.words == []


@pytest.mark.parametrize("budget", ["0", "-3", "many", "1.5"])
def test_wishes__a_budget_that_is_no_number(dashboard: DashboardState, budget: str) -> None:
    with pytest.raises(SelectionError, match="budget"):
        SelectionPlanState(dashboard, budget=budget).wishes()


def test_wishes__numbers_with_commas(dashboard: DashboardState) -> None:
    assert SelectionPlanState(dashboard, budget="1,000").wishes().budget == 1000
