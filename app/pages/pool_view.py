"""The pool map linked to a dashboard state: its colours, the current item, and what is picked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.colour_state import ColourState
from app.colouring import choices
from app.components.layout import bar, html, stack
from app.components.pool_map import PoolMap
from app.components.raster_select import Line
from app.debounce import Debounced
from app.items import item_view
from app.layouts import LAYOUTS
from app.session import DashboardState

REPAINT_PAUSE_MS, REPAINT_LONGEST_MS = 250, 2000
SHOW_PAUSE_MS = 10
MARK_PAUSE_MS, MARK_LONGEST_MS = 80, 1500
LAYOUT_PAUSE_MS = 300
LAYOUT_NAMES = {"arranged": "Arranged", "principal": "Principal axes"}
COLOUR_BY, COLOURING = "Colour by", "Colouring…"
LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""


class PoolView:
    """A map of the pool that follows the state while its page is on show."""

    def __init__(
        self,
        state: DashboardState,
        document: Any,  # noqa: ANN401 - a bokeh Document
        *,
        page: str,
        height_px: int,
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        """Build the map and link it to the state.

        Args:
            state: the tab's state.
            document: the tab's bokeh Document.
            page: the page that the map is on.
            height_px: height of the map.
            on_line: called with the line of a lasso or box; None leaves these tools out.
        """
        self.state = state
        self.colours = ColourState(state)
        self._page = page
        project = state.context.project
        self._shown = state.positions()
        self.map = PoolMap(
            self._shown,
            keys=project.pool.keys,
            theme=state.theme,
            on_pick=self.pick,
            on_line=on_line,
            on_filter=self.colours.choose,
            describe=partial(item_view, project.pool),
        )
        self.map.view.param.update(height=height_px, sizing_mode="stretch_width")
        # Titles and names are told apart here: the browser answers with a title.
        self._choices = choices(project.pool, state.classes)
        self.colouring = pmui.Select(
            label=COLOUR_BY, options=list(self._choices), size="small", width=230, margin=LABEL_ROOM
        )
        # What dragging does.
        options = {"Move": "move", "Lasso": "lasso", "Box": "box"}
        self.modes = pmui.RadioButtonGroup(value="move", options=options, size="small", margin=0)
        self.modes.param.watch(self._follow_mode, "value")
        self.note = html(visible=False)
        self._link(document)
        self._show_choice()
        self._ask()
        self.map.mark(self.marked_row())

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the colour choice above the map."""
        if self.map.selection is None:
            return stack(self.colouring, self.note, self.map.view)
        tools = bar(self.colouring, self.modes, self._layouts())
        return stack(tools, self.note, self.map.view)

    def dispose(self) -> None:
        """Stop the map's painting."""
        self.map.dispose()

    def pick(self, row: int) -> None:
        """Show an item beside the map."""
        # The same item twice in a row must open twice, so the parameter passes through "none".
        self.state.picked_row = -1
        self.state.picked_row = int(row)

    def marked_row(self) -> int | None:
        """Return the item that has the ring: the one that is looked at, on the Explore page the one picked last."""
        picked = self.state.picked_row if self._page == "Explore" else -1
        row = picked if picked >= 0 else self.state.current_row
        return row if row >= 0 else None

    def _link(self, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        state = self.state
        self.colouring.param.watch(self._choose, "value")
        repaint = Debounced(document, self._ask, pause_ms=REPAINT_PAUSE_MS, longest_ms=REPAINT_LONGEST_MS)
        state.param.watch(repaint.ask, ["revision", "round_number", "classes_version", "page"])
        state.param.watch(lambda *_: self._follow_colouring(), "colour_by")
        # Colours come from a coroutine, which does not hold the document's lock that the figure needs.
        shown = Debounced(document, self._show, pause_ms=SHOW_PAUSE_MS)
        self.colours.param.watch(shown.ask, "version")
        state.param.watch(lambda *_: self._list_choices(), "classes_version")
        self.colours.param.watch(lambda *_: self.map.set_filter(self.colours.chosen), "filter_version")
        self.colours.param.watch(lambda *_: self._show_said(), ["busy", "note"])
        # Moving the ring repaints the figure in the browser: put off, so that it never delays the acknowledgement.
        mark = Debounced(
            document,
            lambda: self.map.mark(self.marked_row()),
            pause_ms=MARK_PAUSE_MS,
            longest_ms=MARK_LONGEST_MS,
        )
        state.param.watch(mark.ask, ["current_row", "picked_row"])
        state.param.watch(lambda *_: self.map.set_theme(state.theme), "dark")
        self._rearrange = Debounced(document, self._take_layout, pause_ms=LAYOUT_PAUSE_MS)
        state.param.watch(self._rearrange.ask, ["layout", "layout_version"])

    def _ask(self) -> None:
        if self.state.page == self._page:
            pn.state.execute(self.colours.refresh)

    def _show(self) -> None:
        paint_map(self.map, self.colours)

    def _show_said(self) -> None:
        self.colouring.label = COLOURING if self.colours.busy else COLOUR_BY
        self.note.object = f'<p class="gp-quiet">{escape(self.colours.note)}</p>'
        self.note.visible = bool(self.colours.note)

    def _choose(self, event: Any) -> None:  # noqa: ANN401 - a param event
        self.state.colour_by = self._choices.get(event.new, self.state.colour_by)

    def _follow_colouring(self) -> None:
        self._show_choice()
        self._ask()

    def _list_choices(self) -> None:
        """Offer the classes as they are called now."""
        found = choices(self.state.context.project.pool, self.state.classes)
        if found != self._choices:
            self._choices = found
            self.colouring.options = list(found)
            self._show_choice()

    def _show_choice(self) -> None:
        titles = {name: title for title, name in self._choices.items()}
        self.colouring.value = titles.get(self.state.colour_by, next(iter(self._choices)))

    def _follow_mode(self, event: Any) -> None:  # noqa: ANN401
        if self.map.selection is not None:
            self.map.selection.set_mode(event.new or "move")

    def _layouts(self) -> Any:  # noqa: ANN401 - a Panel widget
        """Return the choice of the layout; seen once there is one."""
        options = {LAYOUT_NAMES[name]: name for name in LAYOUTS}
        choice = pmui.Select(
            label="Layout",
            options=options,
            value=self.state.layout,
            size="small",
            width=160,
            margin=LABEL_ROOM,
        )
        choice.param.watch(lambda event: setattr(self.state, "layout", event.new), "value")
        self.state.param.watch(lambda event: setattr(choice, "value", event.new), "layout")

        def follow(*_: Any) -> None:  # noqa: ANN401
            choice.visible = self.state.layout_version > 0

        self.state.param.watch(follow, "layout_version")
        follow()
        return choice

    def _take_layout(self) -> None:
        """Show the layout that was chosen, at the next moment in which nobody moves the map or draws on it."""
        positions = self.state.positions()
        if positions is self._shown:
            return
        if not self.map.calm.now:
            self._rearrange.ask()
            return
        self._shown = positions
        self.map.set_positions(positions)


def paint_map(shown: PoolMap, colours: ColourState) -> None:
    """Give a map the colours of its page, and what the legend leaves of them."""
    made = colours.colouring
    if made is None:
        return
    shown.set_filter(colours.chosen)
    if made.codes is not None:
        shown.paint(made.codes, made.palette, made.names, emphasise=made.above, none=made.none)
    elif made.values is not None:
        shown.paint_values(made.values, made.names[0], none=made.none, ends=made.ends, unit=made.unit)
