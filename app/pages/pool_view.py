"""The pool map linked to a dashboard state: its colours, the current item, and what is picked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import panel_material_ui as pmui

from app.components.layout import bar, html, stack
from app.components.pool_map import PoolMap
from app.components.raster_select import Line
from app.debounce import Debounced
from app.layouts import LAYOUTS
from app.session import COLOURINGS, DashboardState

REPAINT_PAUSE_MS = 250
MARK_PAUSE_MS = 80
LAYOUT_PAUSE_MS = 300
LAYOUT_NAMES = {"arranged": "Arranged", "principal": "Principal axes"}
COLOURING_NAMES = {"label": "Label", "prediction": "Prediction", "uncertainty": "Uncertainty"}


class PoolView:
    """A map of the pool that follows the state."""

    def __init__(
        self,
        state: DashboardState,
        document: Any,  # noqa: ANN401 - a bokeh Document
        *,
        height_px: int,
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        """Build the map and link it to the state.

        Args:
            state: the tab's state.
            document: the tab's bokeh Document.
            height_px: height of the map.
            on_line: called with the line of a lasso or box; None leaves these tools out.
        """
        self.state = state
        project = state.context.project
        self._shown = state.positions()
        self.map = PoolMap(
            self._shown,
            keys=project.pool.keys,
            theme=state.theme,
            on_pick=self._pick,
            on_line=on_line,
        )
        self.map.view.param.update(height=height_px, sizing_mode="stretch_width")
        self.colouring = pmui.RadioButtonGroup(
            value=state.colour_by,
            options={COLOURING_NAMES[name]: name for name in COLOURINGS},
            size="small",
            margin=0,
        )
        self.note = html(visible=False)
        self._repaint = Debounced(document, self.paint, pause_ms=REPAINT_PAUSE_MS)
        self.colouring.param.watch(lambda event: setattr(state, "colour_by", event.new), "value")
        state.param.watch(self._follow_colouring, "colour_by")
        state.param.watch(self._repaint.ask, ["revision", "round_number", "classes_version"])
        # Moving the ring repaints the figure in the browser: put off, so that it never delays the acknowledgement.
        mark = Debounced(document, lambda: self.map.mark(self._current()), pause_ms=MARK_PAUSE_MS)
        state.param.watch(mark.ask, "current_row")
        state.param.watch(lambda *_: self.map.set_theme(state.theme), "dark")
        self._rearrange = Debounced(document, self._take_layout, pause_ms=LAYOUT_PAUSE_MS)
        state.param.watch(self._rearrange.ask, ["layout", "layout_version"])
        self.paint()
        self.map.mark(self._current())

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the colour choice above the map."""
        tools = (
            self.colouring
            if self.map.selection is None
            else bar(self.colouring, self._modes(), self._layouts())
        )
        return stack(tools, self.note, self.map.view)

    def paint(self) -> None:
        """Colour the map anew."""
        state = self.state
        labels = state.label_codes()
        palette = [entry.colour or "#8793a0" for entry in state.classes]
        names = [entry.name for entry in state.classes]
        message = ""
        predictions = state.prediction_codes() if state.colour_by == "prediction" else None
        if state.colour_by == "uncertainty" and state.arrays is not None:
            self.map.paint_values(np.asarray(state.arrays.uncertainty, dtype=np.float32), "uncertainty")
        elif predictions is not None:
            self.map.paint(predictions, palette, names, emphasise=labels >= 0)
        else:
            self.map.paint(labels, palette, names, emphasise=labels >= 0)
            if state.colour_by != "label":
                message = "No model yet: label items of two classes and the next round colours the map."
        self.note.object = f'<p class="gp-quiet">{message}</p>'
        self.note.visible = bool(message)

    def dispose(self) -> None:
        """Stop the map's painting."""
        self.map.dispose()

    def _follow_colouring(self, event: Any) -> None:  # noqa: ANN401
        self.colouring.value = event.new
        self.paint()

    def _modes(self) -> Any:  # noqa: ANN401 - a Panel widget
        """Return the choice of what dragging does."""
        options = {"Move": "move", "Lasso": "lasso", "Box": "box"}
        modes = pmui.RadioButtonGroup(value="move", options=options, size="small", margin=0)
        modes.param.watch(self._follow_mode, "value")
        return modes

    def _follow_mode(self, event: Any) -> None:  # noqa: ANN401
        if self.map.selection is not None:
            self.map.selection.set_mode(event.new or "move")

    def _layouts(self) -> Any:  # noqa: ANN401 - a Panel widget
        """Return the choice of the layout; seen once there is one."""
        options = {LAYOUT_NAMES[name]: name for name in LAYOUTS}
        choice = pmui.Select(
            label="Layout", options=options, value=self.state.layout, size="small", width=160, margin=0
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

    def _current(self) -> int | None:
        return self.state.current_row if self.state.current_row >= 0 else None

    def _pick(self, row: int) -> None:
        # The same item twice in a row must open twice, so the parameter passes through "none".
        self.state.picked_row = -1
        self.state.picked_row = int(row)
