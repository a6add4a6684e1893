"""Plots beside the map: any two numeric columns, linked to the map by colours, legend, selection and marked item."""

from __future__ import annotations

import asyncio
from functools import partial
from html import escape
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.components.layout import bar, html, panel, stack
from app.components.plot_handle import number_handles, plot_handle
from app.components.pool_map import PoolMap
from app.components.raster_select import Line
from app.debounce import Debounced
from app.items import item_view
from app.notices import tell_done
from app.pages.domain_plots import DomainPlotView
from app.pages.pool_view import LABEL_ROOM, MARK_PAUSE_MS, SHOW_PAUSE_MS, PoolView, paint_map
from app.plot_plugins import title_of
from app.plot_state import PlotState, moved
from app.plots.registry import BUILT_IN
from app.plotting import Positions, plot_axes, plot_columns
from app.selection_state import SelectionState
from config.schema import PlotSection
from labeling.people import Role

HEIGHT_PX = 380
PICK = "Add a plot of your field"
EMPTY = '<p class="gp-quiet">Add a plot of two columns; what is chosen in it is chosen on the map too.</p>'
NOTHING = '<p class="gp-quiet">No item has both values. A logarithmic axis shows only what is above 0.</p>'


class PlotsCard:
    """The plots of the Explore page."""

    def __init__(self, pool_view: PoolView, selection: SelectionState, document: Any) -> None:  # noqa: ANN401
        """Build the plots that were kept and link them to the map's page.

        Args:
            pool_view: the map, whose colours and way of dragging the plots share.
            selection: what is chosen.
            document: the tab's bokeh Document.
        """
        self.pool_view = pool_view
        self.selection = selection
        self.state = PlotState(pool_view.state)
        self._document = document
        self._plots: list[LinkedPlot] = []
        self._holder = stack()
        self.add = _button("Add a plot", lambda *_: self.state.add())
        self.keep = _button("Keep this layout", self._keep)
        self.add_domain = pmui.Select(label=PICK, options={}, size="small", width=230, margin=LABEL_ROOM)
        self.add_domain.param.watch(self._add_domain, "value")
        self._domain: dict[str, DomainPlotView] = {}
        self._domain_holder = stack()
        self.said = html(EMPTY)
        self.state.param.watch(lambda *_: self._show(), "version")
        self.state.param.watch(lambda *_: self._show_said(), ["problem", "busy"])
        self._show()

    def views(self) -> list[Any]:
        """Return the card, alone in a list; nothing where no column can be an axis."""
        context = self.pool_view.state.context
        broken = bool(context.plugin_problems)
        if not (plot_columns(context.project.pool) or self.state.known_domain or self.state.domain or broken):
            return []
        tools = bar(self.add, self.add_domain, self.keep)
        return [panel("Plots", self.said, self._holder, self._domain_holder, tools)]

    def dispose(self) -> None:
        """Stop the plots' painting."""
        for plot in self._plots:
            plot.dispose()
        for domain in self._domain.values():
            domain.dispose()

    def _show(self) -> None:
        """Make the plots the state's: those that stay keep their view."""
        wanted = self.state.plots
        for plot in self._plots[len(wanted) :]:
            plot.dispose()
        self._plots = self._plots[: len(wanted)]
        for place, section in enumerate(wanted):
            if place == len(self._plots):
                self._plots.append(LinkedPlot(self, place, self._document))
            self._plots[place].show(section)
        self._holder[:] = [plot.view for plot in self._plots]
        number_handles([plot.handle for plot in self._plots], [plot.title for plot in self._plots])
        # Empty, it would keep its gap.
        self._holder.visible = bool(wanted)
        self._show_domain()
        self._show_said()

    def _move(self, place: int, to: int) -> None:
        """Put a plot elsewhere: the plots themselves are moved, so that each keeps its view."""
        self._plots = list(moved(tuple(self._plots), place, to))
        for number, plot in enumerate(self._plots):
            plot.place = number
        self.state.move(place, to)

    def _show_domain(self) -> None:
        """Make the plots of plug-ins the state's; what nobody brings is told, and kept in the layout."""
        known = self.state.known_domain
        wanted = [name for name in self.state.domain if name in known]
        for name in [name for name in self._domain if name not in wanted]:
            self._domain.pop(name).dispose()
        for name in wanted:
            if name not in self._domain:
                remove = partial(self._remove_domain, name)
                handle = plot_handle("plug-ins", self.state.move_domain)
                self._domain[name] = DomainPlotView(
                    name, self.pool_view, self.selection, self._document, remove, handle
                )
        self._domain_holder[:] = [self._domain[name].view for name in wanted]
        number_handles([self._domain[name].handle for name in wanted], [title_of(name) for name in wanted])
        self._domain_holder.visible = bool(wanted)
        self.add_domain.options = {PICK: ""} | {title_of(name): name for name in self.state.addable_domain}
        self.add_domain.value = ""
        self.add_domain.visible = bool(self.state.addable_domain)

    def _add_domain(self, event: Any) -> None:  # noqa: ANN401 - a param event
        if event.new:
            self.state.add_domain(event.new)

    def _remove_domain(self, name: str, *_: Any) -> None:  # noqa: ANN401 - a click
        self.state.remove_domain(name)

    def _show_said(self) -> None:
        state = self.state
        problems = [state.problem] if state.problem else []
        problems += self.pool_view.state.context.plugin_problems
        problems += [
            f"The layout has the plot {name!r}, which no plug-in brings; start the server with its --plugin"
            if name not in BUILT_IN
            else f"The layout has the plot {title_of(name)!r}, and the pool lacks its columns; name them in "
            "views.plot_columns or views.bands"
            for name in state.domain
            if name not in state.known_domain
        ]
        told = "".join(f'<p class="gp-problem">{escape(problem)}</p>' for problem in problems)
        self.said.object = told or EMPTY
        self.said.visible = bool(told) or not (state.plots or state.domain)
        self.add.disabled = not state.can_add
        self.keep.disabled = state.busy
        self.keep.visible = may(state.dashboard.context, Role.ADMIN)

    async def _keep(self, *_: Any) -> None:  # noqa: ANN401 - a click
        said = await self.state.keep()
        if said:
            tell_done(said)


class LinkedPlot:
    """One plot: its columns to choose, and a map whose positions are their values."""

    def __init__(self, card: PlotsCard, place: int, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the choice of columns; `show` makes the plot.

        Args:
            card: the card it is on.
            place: its number there; the card changes it when plots are moved.
            document: the tab's bokeh Document.
        """
        self._card = card
        self.place = place
        self.handle = plot_handle("columns", card._move)
        self._map: PoolMap | None = None
        self._made: tuple[PlotSection, Positions] | None = None
        self._section: PlotSection | None = None
        names = [column.name for column in plot_columns(card.pool_view.state.context.project.pool)]
        field = {"options": names, "size": "small", "width": 170, "margin": LABEL_ROOM}
        self.x, self.y = pmui.Select(label="Across", **field), pmui.Select(label="Up", **field)
        self.log_x, self.log_y = (
            pmui.Checkbox(label=f"log {side}", size="small", margin=0) for side in ("across", "up")
        )
        self.remove = _button("Remove", lambda *_: card.state.remove(self.place), variant="text")
        self._holder = stack()
        self._holder.min_height = HEIGHT_PX
        self.nothing = html(NOTHING, visible=False)
        fields = bar(self.handle, self.x, self.log_x, self.y, self.log_y, self.remove)
        self.view = stack(fields, self.nothing, self._holder)
        for widget in (self.x, self.y, self.log_x, self.log_y):
            widget.param.watch(lambda *_: self._change(), "value")
        self._link(document)

    @property
    def title(self) -> str:
        """What it shows, in words."""
        return "" if self._section is None else f"{self._section.y} over {self._section.x}"

    def show(self, section: PlotSection) -> None:
        """Show these columns; the same ones again change nothing."""
        if section == self._section:
            return
        self._section = None  # what the fields say meanwhile is nobody's choice
        self.x.value, self.y.value = section.x, section.y
        self.log_x.value, self.log_y.value = section.log_x, section.log_y
        self._section = section
        pn.state.execute(partial(self._make, section))

    def dispose(self) -> None:
        """Stop its painting, and let go of what it watches."""
        for owner, watcher in self._watchers:
            owner.param.unwatch(watcher)
        if self._map is not None:
            self._map.dispose()

    def _link(self, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        view, selection = self._card.pool_view, self._card.selection
        # What ends a coroutine does not hold the document's lock that a figure needs.
        self._build_soon = Debounced(document, self._build, pause_ms=SHOW_PAUSE_MS)
        painted = Debounced(document, self._paint, pause_ms=SHOW_PAUSE_MS)
        ringed = Debounced(document, self._ring, pause_ms=SHOW_PAUSE_MS)
        marked = Debounced(document, self._mark, pause_ms=MARK_PAUSE_MS)
        links = (
            (view.colours, painted.ask, ["version", "filter_version"]),
            (selection, ringed.ask, ["version"]),
            (view.state, marked.ask, ["current_row", "picked_row"]),
            (view.state, lambda *_: self._dress(), ["dark"]),
            (view.modes, lambda *_: self._follow_mode(), ["value"]),
        )
        self._watchers = [(owner, owner.param.watch(react, names)) for owner, react, names in links]

    def _change(self) -> None:
        if self._section is None or not (self.x.value and self.y.value):
            return
        chosen = PlotSection(
            x=self.x.value, y=self.y.value, log_x=bool(self.log_x.value), log_y=bool(self.log_y.value)
        )
        self._card.state.change(self.place, chosen)

    async def _make(self, section: PlotSection) -> None:
        context = self._card.pool_view.state.context
        loop = asyncio.get_running_loop()

        def find() -> tuple[Positions, bool]:
            positions = context.plot_positions.of(section)
            return positions, bool(np.isfinite(positions).all(axis=1).any())

        positions, some = await loop.run_in_executor(context.reader, find)
        if section == self._section:
            self._made = section, positions
            self.nothing.visible = not some
            self._build_soon.ask()

    def _build(self) -> None:
        if self._made is None:
            return
        section, positions = self._made
        view, state = self._card.pool_view, self._card.pool_view.state
        pool = state.context.project.pool
        if self._map is not None:
            self._map.dispose()
        self._map = PoolMap(
            positions,
            keys=pool.keys,
            theme=state.theme,
            on_pick=view.pick,
            on_line=self._drawn,
            on_filter=view.colours.choose,
            describe=partial(item_view, pool),
            axes=plot_axes(pool, section),
            legend=False,
        )
        self._map.view.param.update(height=HEIGHT_PX, sizing_mode="stretch_width")
        self._holder[:] = [self._map.view]
        self._paint()
        self._ring()
        self._mark()
        self._follow_mode()

    def _paint(self) -> None:
        if self._map is not None:
            paint_map(self._map, self._card.pool_view.colours)

    def _ring(self) -> None:
        if self._map is not None:
            chosen = self._card.selection
            line = chosen.line if chosen.place == self._name() else None
            self._map.show_chosen(chosen.rows, line)

    def _mark(self) -> None:
        if self._map is not None:
            self._map.mark(self._card.pool_view.marked_row())

    def _dress(self) -> None:
        if self._map is not None:
            self._map.set_theme(self._card.pool_view.state.theme)

    def _follow_mode(self) -> None:
        if self._map is not None and self._map.selection is not None:
            self._map.selection.set_mode(self._card.pool_view.modes.value or "move")

    def _drawn(self, line: Line) -> None:
        if self._map is not None:
            choose = self._card.selection.choose_inside
            pn.state.execute(partial(choose, line, self._map.shown, place=self._name()))

    def _name(self) -> str:
        """Return what tells this plot, with these columns, from the other places where a line can be drawn."""
        return f"plot {self.place}: {self._section!r}"


def _button(label: str, act: Any, **options: Any) -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.Button(label=label, margin=0, on_click=act, **({"variant": "outlined"} | options))
