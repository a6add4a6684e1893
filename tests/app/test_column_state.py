"""The columns' parts as a tab sees and changes them."""

from __future__ import annotations

import param
import pytest

from app.column_state import ColumnState
from app.pages.columns import columns_html
from app.session import DashboardState
from config.files import load_config
from tests.coroutines import finish
from tests.projects import label_some


@pytest.fixture
def state(dashboard: DashboardState) -> ColumnState:
    made = ColumnState(dashboard)
    finish(made.load())
    return made


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in ColumnState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_load__each_column_with_its_part(state: ColumnState) -> None:
    parts = {fact.name: fact.role for fact in state.facts}
    assert parts == {"id": "key", **dict.fromkeys("abcd", "model"), "kind": "truth"}


def test_save__what_was_chosen_is_in_the_file(state: ColumnState) -> None:
    state.choose("d", "extra")
    state.choose("c", "ignored")
    state.choose("c", "model")
    assert state.wanted == {"d": "extra"}
    assert "run goldpan refresh" in finish(state.save())
    pool = load_config(state.dashboard.context.project.paths.config).pool
    assert (pool.columns, pool.extra, pool.truth) == (("a", "b", "c"), ("d",), "kind")


def test_save__another_key_is_refused_once_items_are_labelled(state: ColumnState) -> None:
    label_some(state.dashboard.context.project)
    state.choose("a", "key")
    assert finish(state.save()) == ""
    assert "labels belong to keys" in state.problem


def test_columns_html__escapes_what_a_file_says_and_hides_the_truth(state: ColumnState) -> None:
    from dataclasses import replace

    evil = replace(state.facts[1], name="<b>", examples=("<script>",))
    shown = columns_html((evil, state.facts[-1]), {"<b>": "extra"})
    assert "<script>" not in shown and "<th><b>" not in shown
    assert "hidden" in shown and "common" not in shown
