"""The plots of a tab, and keeping them in the configuration."""

from __future__ import annotations

import param
import pytest

from app.context import ServerContext
from app.plot_plugins import domain_plots
from app.plot_state import PlotState
from app.session import DashboardState
from config.files import load_config
from config.schema import PLOTS_MAX, PlotSection
from tests.coroutines import finish

WANTED = PlotSection(x="c", y="d", log_y=True)


@pytest.fixture
def state(dashboard: DashboardState) -> PlotState:
    return PlotState(dashboard)


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in PlotState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_add_change_remove(state: PlotState) -> None:
    state.add()
    state.add()
    state.change(1, WANTED)
    assert list(state.plots) == [PlotSection(x="a", y="b"), WANTED]
    state.change(1, WANTED)
    state.remove(0)
    assert list(state.plots) == [WANTED]
    assert state.version == 4


def test_add__not_without_end(state: PlotState) -> None:
    for _ in range(PLOTS_MAX + 2):
        state.add()
    assert len(state.plots) == PLOTS_MAX
    assert not state.can_add


def test_keep__is_in_the_file_and_in_the_next_tab(state: PlotState, context: ServerContext) -> None:
    path = context.project.paths.config
    path.write_text(path.read_text("utf-8").replace("views:", "views:  # mine"), "utf-8")
    state.add()
    state.change(0, WANTED)
    assert finish(state.keep()) == f"The layout is kept in {path.name}"
    assert load_config(path).views.plots == (WANTED,)
    assert "views:  # mine" in path.read_text("utf-8")
    assert PlotState(DashboardState(context)).plots == (WANTED,)
    state.remove(0)
    finish(state.keep())
    assert load_config(path).views.plots == ()


def test_keep__a_file_that_cannot_be_read(state: PlotState, context: ServerContext) -> None:
    context.project.paths.config.write_text("project: [", "utf-8")
    state.add()
    assert finish(state.keep()) == ""
    assert state.problem
    assert not state.busy


def test_domain__added_kept_and_removed(
    state: PlotState, context: ServerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_plots, "_entries", {"wedge": print, "lines": print})
    assert state.addable_domain == ("lines", "wedge")
    state.add_domain("wedge")
    state.add_domain("wedge")
    state.add_domain("nobody_brings_it")
    assert state.domain == ("wedge",)
    finish(state.keep())
    assert load_config(context.project.paths.config).views.domain_plots == ("wedge",)
    assert PlotState(DashboardState(context)).domain == ("wedge",)
    state.remove_domain("wedge")
    assert list(state.domain) == []
    assert list(state.addable_domain) == ["lines", "wedge"]


def test_move__keeps_every_plot(state: PlotState) -> None:
    for section in (PlotSection(x="a", y="b"), WANTED, PlotSection(x="b", y="d")):
        state.add()
        state.change(len(state.plots) - 1, section)
    state.move(0, 2)
    assert [plot.x for plot in state.plots] == ["c", "b", "a"]
    state.move(2, 1)
    assert [plot.x for plot in state.plots] == ["c", "a", "b"]
    state.move(0, 3)
    state.move(-1, 0)
    assert [plot.x for plot in state.plots] == ["c", "a", "b"]


def test_move__of_plug_ins_leaves_those_behind_that_nobody_brings(
    state: PlotState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_plots, "_entries", {"wedge": print, "lines": print})
    state.domain = ("gone", "wedge", "lines")
    state.move_domain(0, 1)
    assert state.domain == ("lines", "wedge", "gone")
