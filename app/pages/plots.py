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
from app.components.pool_map import PoolMap
from app.components.raster_select import Line
from app.debounce import Debounced
from app.items import item_view
from app.notices import tell_done
from app.pages.pool_view import LABEL_ROOM, MARK_PAUSE_MS, SHOW_PAUSE_MS, PoolView, paint_map
from app.plot_state import PlotState
from app.plotting import Positions, plot_axes, plot_columns
from app.selection_state import SelectionState
from config.schema import PlotSection
from labeling.people import Role

HEIGHT_PX = 380
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
        self.said = html(EMPTY)
        self.state.param.watch(lambda *_: self._show(), "version")
        self.state.param.watch(lambda *_: self._show_said(), ["problem", "busy"])
        self._show()

    def views(self) -> list[Any]:
        """Return the card, alone in a list; nothing where no column can be an axis."""
        pool = self.pool_view.state.context.project.pool
        if not plot_columns(pool):
            return []
        return [panel("Plots", self.said, self._holder, bar(self.add, self.keep))]

    def dispose(self) -> None:
        """Stop the plots' painting."""
        for plot in self._plots:
            plot.dispose()

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
        self._show_said()

    def _show_said(self) -> None:
        state = self.state
        self.said.object = f'<p class="gp-problem">{escape(state.problem)}</p>' if state.problem else EMPTY
        self.said.visible = bool(state.problem) or not state.plots
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
            place: its number there.
            document: the tab's bokeh Document.
        """
        self._card = card
        self._place = place
        self._map: PoolMap | None = None
        self._made: tuple[PlotSection, Positions] | None = None
        self._section: PlotSection | None = None
        names = [column.name for column in plot_columns(card.pool_view.state.context.project.pool)]
        field = {"options": names, "size": "small", "width": 170, "margin": LABEL_ROOM}
        self.x, self.y = pmui.Select(label="Across", **field), pmui.Select(label="Up", **field)
        self.log_x, self.log_y = (
            pmui.Checkbox(label=f"log {side}", size="small", margin=0) for side in ("across", "up")
        )
        self.remove = _button("Remove", lambda *_: card.state.remove(self._place), variant="text")
        self._holder = stack()
        self._holder.min_height = HEIGHT_PX
        self.nothing = html(NOTHING, visible=False)
        fields = bar(self.x, self.log_x, self.y, self.log_y, self.remove)
        self.view = stack(fields, self.nothing, self._holder)
        for widget in (self.x, self.y, self.log_x, self.log_y):
            widget.param.watch(lambda *_: self._change(), "value")
        self._link(document)

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
        self._card.state.change(self._place, chosen)

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
        return f"plot {self._place}: {self._section!r}"


def _button(label: str, act: Any, **options: Any) -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.Button(label=label, margin=0, on_click=act, **({"variant": "outlined"} | options))
