"""Named selections in one tab: saved, opened again, renamed, deleted; and the items that the pool lost."""

from __future__ import annotations

import numpy as np
import param
import pytest

from app import saved
from app.context import ServerContext
from app.saved_state import SavedState
from app.selection_state import SelectionState
from app.session import DashboardState
from labeling.selections import pack_keys
from tests.coroutines import finish


@pytest.fixture
def state(dashboard: DashboardState) -> SavedState:
    return SavedState(SelectionState(dashboard))


def save(state: SavedState, name: str, rows: list[int]) -> str:
    finish(state.selection.choose_found(lambda: np.array(rows, np.int64), "by hand"))
    return finish(state.save(name))


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in SavedState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_save__and_open_in_another_tab(state: SavedState, context: ServerContext) -> None:
    assert save(state, "rings", [7, 3, 90]) == "3 items saved as rings"
    other = SavedState(SelectionState(DashboardState(context)))
    finish(other.refresh())
    assert [entry.name for entry in other.entries] == ["rings"]
    finish(other.open())
    assert other.selection.rows.tolist() == [7, 3, 90]
    assert other.selection.how == "saved as rings"


def test_save__a_taken_name_and_nothing_chosen(state: SavedState) -> None:
    save(state, "rings", [1])
    assert save(state, "Rings", [2]) == ""
    assert "already there" in state.problem
    state.selection.clear()
    assert finish(state.save("empty")) == ""
    assert "0 items" in state.problem
    assert len(state.entries) == 1


def test_rename_and_delete__the_picked_one(state: SavedState) -> None:
    save(state, "rings", [1])
    save(state, "arcs", [2])
    state.picked_id = state.entries[1].id
    assert finish(state.rename("circles")) == "rings is called circles now"
    assert finish(state.delete()).startswith("The selection circles is deleted")
    assert [entry.name for entry in state.entries] == ["arcs"]
    assert state.picked is not None
    assert state.picked.name == "arcs"


def test_refresh__one_deleted_elsewhere(state: SavedState, context: ServerContext) -> None:
    save(state, "rings", [1])
    other = SavedState(SelectionState(DashboardState(context)))
    finish(other.refresh())
    finish(other.delete())
    finish(state.open())
    assert "no longer there" in state.problem
    finish(state.refresh())
    assert (state.entries, state.picked) == ((), None)


def test_open__items_that_the_pool_lost_are_counted(state: SavedState, context: ServerContext) -> None:
    keys = [*context.project.pool.keys([4, 5]), "gone"]
    saved.keep(context, pack_keys([keys]), name="old", how="")
    finish(state.refresh())
    finish(state.open())
    assert state.selection.rows.tolist() == [4, 5]
    assert state.selection.how == "saved as old; without 1 that the pool has no longer"
