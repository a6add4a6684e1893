"""The map on a page takes another layout, and never under a hand that is drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from bokeh.events import PanEnd, PanStart

from app.layouts import LayoutState
from app.pages.pool_view import PoolView
from app.selection_state import SelectionState
from app.session import DashboardState
from app.status import read_status
from models.arranging import write_arrangement
from models.vectors import open_vectors
from tests.coroutines import finish


class Document:
    """Stands in for the browser's document: keeps what was put off until `turn` runs it."""

    session_context = "a session"

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def add_timeout_callback(self, callback: Callable[[], None], _delay_ms: int) -> None:
        self.waiting.append(callback)

    def turn(self) -> None:
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


def arrange(state: DashboardState) -> None:
    """Make the better layout and tell the tab, as the supervisor does."""
    folder = state.context.project.paths.vectors
    write_arrangement(open_vectors(folder), seed=1, folder=folder, progress=lambda *_: None)
    assert state.context.layouts.look()
    state.apply(replace(read_status(state.context.project.database), layout=LayoutState(version=1)))


def view_of(state: DashboardState) -> tuple[PoolView, Document]:
    document = Document()
    return PoolView(state, document, page="Explore", height_px=200, on_line=lambda line: None), document


def test_view__takes_the_better_layout_when_it_is_ready(dashboard: DashboardState) -> None:
    view, document = view_of(dashboard)
    principal = np.array(view.map.positions)
    arrange(dashboard)
    np.testing.assert_array_equal(view.map.positions, principal)
    view.map.calm._moved_s = -100.0
    document.turn()
    np.testing.assert_array_equal(view.map.positions, dashboard.context.layouts.positions("arranged"))
    dashboard.layout = "principal"
    view.map.calm._moved_s = -100.0
    document.turn()
    np.testing.assert_array_equal(view.map.positions, principal)


def test_view__waits_until_a_drag_is_over(dashboard: DashboardState) -> None:
    view, document = view_of(dashboard)
    principal = np.array(view.map.positions)
    figure: Any = view.map._figure.plot
    view.map.calm._drag_began(PanStart(figure))
    arrange(dashboard)
    for _ in range(3):
        document.turn()
    np.testing.assert_array_equal(view.map.positions, principal)
    view.map.calm._drag_ended(PanEnd(figure))
    view.map.calm._moved_s = -100.0
    document.turn()
    assert not np.array_equal(view.map.positions, principal)


def test_layouts__the_choice_is_seen_once_there_is_one(dashboard: DashboardState) -> None:
    view, _ = view_of(dashboard)
    choice = view._layouts()
    assert not choice.visible
    arrange(dashboard)
    assert choice.visible and choice.value == "arranged"
    choice.value = "principal"
    assert dashboard.layout == "principal"


def test_selection__the_rows_stay_and_the_line_goes(dashboard: DashboardState) -> None:
    selection = SelectionState(dashboard)
    shown = dashboard.positions()
    everything = (np.array([-2.0, 2, 2, -2]), np.array([-2.0, -2, 2, 2]))
    finish(selection.choose_inside(everything, shown))
    count = dashboard.context.project.pool.n
    assert selection.line is everything and len(selection.rows) == count
    arrange(dashboard)
    assert selection.line is None and len(selection.rows) == count
