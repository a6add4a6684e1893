"""Plots of plug-ins on the Explore page, drawn anew when the labels, the selection or the marked item change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import holoviews as hv
import numpy as np
import panel as pn
import panel_material_ui as pmui

from app.components.charts_style import plot_theme
from app.components.layout import bar, html, stack
from app.components.map_repaint import LatestWins
from app.components.plot_handle import PlotHandle
from app.components.theme import class_colour
from app.debounce import Debounced
from app.errors import PluginError
from app.pages.pool_view import PoolView
from app.plot_plugins import ROW, DomainPlot, PlotScene, title_of
from app.plots.registry import plots_of
from app.selection_state import SelectionState

log = logging.getLogger("goldpan.plugins")

HEIGHT_PX = 380
DRAW_PAUSE_MS, DRAW_LONGEST_MS = 250, 2000
MOST_POINTS = 100_000
"""Points that a plot may send to the browser one by one."""

threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="goldpan-plugins")
"""Shared by all sessions."""


@dataclass(frozen=True)
class Drawn:
    """What came of a drawing.

    Attributes:
        made: the HoloViews object; None where it could not be drawn.
        problem: why, in words.
    """

    made: Any = None
    problem: str = ""


class DomainPlotView:
    """One plot of a plug-in: its title, the plot, what went wrong."""

    def __init__(
        self,
        name: str,
        pool_view: PoolView,
        selection: SelectionState,
        document: Any,  # noqa: ANN401 - a bokeh Document
        remove: Any,  # noqa: ANN401 - a click's callback
        handle: PlotHandle,
    ) -> None:
        """Build the frame and draw.

        Args:
            name: of the registered plot.
            pool_view: the map, whose state and marked item the plot shares.
            selection: what is chosen.
            document: the tab's bokeh Document.
            remove: called when the person wants it no more.
            handle: by which it is moved.
        """
        self.name = name
        self._view, self._selection = pool_view, selection
        self._document = document
        # In threads of their own: a slow plug-in must hold up no request and no map.
        self._drawing: LatestWins[Callable[[], PlotScene], Drawn] = LatestWins(
            self._draw,
            self._show,
            what=f"the plot {name} could not be drawn",
            most_unseen=None,
            threads=threads,
        )
        self._looks: tuple[Any, ...] = ()
        title = html(f"<h3>{escape(title_of(name))}</h3>", wide=False)
        button = pmui.Button(label="Remove", variant="text", margin=0, on_click=remove)
        self.said = html(visible=False)
        self._holder = stack()
        self._holder.min_height = HEIGHT_PX
        self.handle = handle
        self.view = stack(bar(handle, title, button), self.said, self._holder)
        again = Debounced(document, self.draw, pause_ms=DRAW_PAUSE_MS, longest_ms=DRAW_LONGEST_MS)
        self._watchers = [
            (owner, owner.param.watch(again.ask, names))
            for owner, names in (
                (
                    pool_view.state,
                    ["revision", "classes_version", "current_row", "picked_row", "dark", "page"],
                ),
                (selection, ["version"]),
            )
        ]
        self.draw()

    def dispose(self) -> None:
        """Stop drawing, and let go of what it watches."""
        for owner, watcher in self._watchers:
            owner.param.unwatch(watcher)
        self._drawing.dispose()

    def draw(self) -> None:
        """Draw the scene as it is now, while the page is shown; one that is drawn already stays under the hand."""
        state = self._view.state
        looks = (
            state.revision,
            state.classes_version,
            self._view.marked_row(),
            self._selection.version,
            state.dark,
        )
        if state.page == "Explore" and looks != self._looks:
            self._looks = looks
            self._drawing.ask(lambda: partial(read_scene, self._view, self._selection.rows), self._document)

    def _draw(self, read: Callable[[], PlotScene]) -> Drawn:
        """Let the plug-in draw; called in a thread."""
        try:
            project = self._view.state.context.project
            return Drawn(_made(plots_of(project.pool, project.config.views)[self.name], read()))
        except Exception as found:  # the screen's edge: a plug-in's own code may raise whatever it likes
            log.warning("the plot %r could not be drawn", self.name, exc_info=True)
            problem = f"{title_of(self.name)} could not be drawn: {type(found).__name__}: {found}"
            return Drawn(problem=problem)

    def _show(self, drawn: Drawn) -> None:
        self._say(drawn.problem)
        if drawn.made is None:
            return
        self._follow(drawn.made)
        pane = pn.pane.HoloViews(
            drawn.made,
            backend="bokeh",
            theme=plot_theme(self._view.state.theme),
            sizing_mode="stretch_width",
            height=HEIGHT_PX,
            linked_axes=False,
        )
        try:
            self._holder[:] = [pane]
        except Exception as found:  # the screen's edge: what the browser is to draw is the plug-in's too
            log.warning("the plot %r could not be shown", self.name, exc_info=True)
            self._say(f"{title_of(self.name)} could not be shown: {type(found).__name__}: {found}")

    def _say(self, problem: str) -> None:
        self.said.object = f'<p class="gp-problem">{escape(problem)}</p>' if problem else ""
        self.said.visible = bool(problem)

    def _follow(self, made: Any) -> None:  # noqa: ANN401 - a HoloViews object
        """Choose the items of the points that are chosen in the plot, where the plot says which items they are."""
        points = [
            part for part in made.traverse(lambda part: part, [hv.Points, hv.Scatter]) if _has_rows(part)
        ]
        if not points:
            return
        source = points[0]
        rows = np.asarray(source.dimension_values(ROW), np.int64)
        stream = hv.streams.Selection1D(source=source)

        def chosen(index: list[int]) -> None:
            found = rows[np.asarray(index, np.int64)]
            how = f"chosen in {title_of(self.name)}"
            if len(found) and not np.array_equal(found, self._selection.rows):
                pn.state.execute(partial(self._selection.choose_found, lambda: np.unique(found), how))

        stream.add_subscriber(chosen)


def read_scene(view: PoolView, chosen: Any) -> PlotScene:  # noqa: ANN401 - rows
    """Return the scene as the page's state has it; reads the labels, so it is for a thread.

    Args:
        view: the map.
        chosen: (m,) int64, the chosen items.
    """
    state = view.state
    labels, rows = state.label_codes(), np.asarray(chosen, np.int64).copy()
    for array in (labels, rows):
        array.setflags(write=False)
    return PlotScene(
        pool=state.context.project.pool,
        labels=labels,
        class_names=tuple(entry.name for entry in state.classes),
        class_colours=tuple(entry.colour or class_colour(place) for place, entry in enumerate(state.classes)),
        marked=view.marked_row(),
        chosen=rows,
        dark=state.dark,
    )


def _made(draw: DomainPlot, scene: PlotScene) -> Any:  # noqa: ANN401 - a HoloViews object
    made = draw(scene)
    if not isinstance(made, hv.core.Dimensioned):
        raise TypeError(f"it returned {type(made).__name__}; a plot returns a HoloViews object")
    count = sum(made.traverse(len, [hv.Points, hv.Scatter]))
    if count > MOST_POINTS:
        raise PluginError(
            f"it draws {count:,} points, and the browser takes {MOST_POINTS:,}; draw fewer, or bin them (hv.HexTiles)"
        )
    return made


def _has_rows(part: Any) -> bool:  # noqa: ANN401 - a HoloViews element
    return ROW in [dimension.name for dimension in part.dimensions()]
