"""Choosing many items on the pool map: lasso and box, the line that was drawn, rings around what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from bokeh.events import SelectionGeometry
from bokeh.models import BoxSelectTool, ColumnDataSource, CustomJS, LassoSelectTool, PanTool

from app.components.map_colours import Theme
from app.components.raster_select import MOST_VERTICES, Line
from app.components.theme import DARK, LIGHT, chart_colours

MapMode = Literal["move", "lasso", "box"]

MOST_RINGS = 400
"""Of more chosen items evenly spaced ones get a ring: they show where the choice lies, its number is told beside."""

_MODE_JS = """
const tool = {move: pan, lasso, box}[source.data.mode[0]]
if (tool) tool.active = true
"""


class MapSelection:
    """Lasso and box on one figure, and what they chose; whoever listens finds the rows."""

    def __init__(
        self,
        figure: Any,  # noqa: ANN401 - a bokeh figure
        *,
        pan: PanTool,
        on_line: Callable[[Line], None],
    ) -> None:
        """Add the tools and marks to a figure.

        Args:
            figure: the map's.
            pan: the tool that moves the map, active at first.
            on_line: called under the document's lock with the closed line that was drawn.
        """
        self._on_line = on_line
        lasso = LassoSelectTool(renderers=[], continuous=False, description="Lasso")
        box = BoxSelectTool(renderers=[], continuous=False, description="Box")
        figure.add_tools(lasso, box)
        self._mode = ColumnDataSource(_mode_columns("move"))
        tools = {"source": self._mode, "pan": pan, "lasso": lasso, "box": box}
        self._mode.js_on_change("data", CustomJS(args=tools, code=_MODE_JS))
        # What no renderer of the figure draws does not reach the browser: a point that is nowhere.
        figure.scatter("x", "y", source=self._mode)
        self._line = ColumnDataSource({"x": [], "y": []})
        self._rings = ColumnDataSource({"x": [], "y": []})
        self._patch = figure.patch(
            "x", "y", source=self._line, fill_alpha=0.08, line_width=1.5, line_dash="dashed"
        )
        self._halos = figure.scatter("x", "y", size=9, line_width=3, fill_color=None, source=self._rings)
        self._circles = figure.scatter("x", "y", size=9, line_width=1.25, fill_color=None, source=self._rings)
        figure.on_event(SelectionGeometry, self._drawn)

    def set_mode(self, mode: MapMode) -> None:
        """Choose what dragging does."""
        self._mode.data = _mode_columns(mode)

    def show(
        self, positions: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], line: Line | None
    ) -> None:
        """Ring the chosen items.

        Args:
            positions: (n, 2) float32; row i is item i; an item that is not finite gets no ring.
            rows: (m,) the chosen items; empty takes everything away.
            line: the line that was drawn around them; None where they were found otherwise.
        """
        chosen = rows[
            (np.arange(min(len(rows), MOST_RINGS)) * len(rows)) // max(min(len(rows), MOST_RINGS), 1)
        ]
        places = np.asarray(positions[chosen], np.float32)
        places = places[np.isfinite(places).all(axis=1)]
        self._rings.data = {"x": places[:, 0], "y": places[:, 1]}
        xs, ys = line if line is not None else (np.empty(0), np.empty(0))
        self._line.data = {"x": xs, "y": ys}

    def dress(self, theme: Theme) -> None:
        """Take the theme's colours."""
        dark = theme == "dark"
        tokens, ground = (DARK if dark else LIGHT), chart_colours(dark=dark).plot
        self._patch.glyph.fill_color = self._patch.glyph.line_color = tokens["text"]
        self._halos.glyph.line_color = ground
        self._circles.glyph.line_color = tokens["text"]

    def _drawn(self, event: SelectionGeometry) -> None:
        line = line_of(event.geometry) if event.final else None
        if line is not None:
            self._on_line(line)


def line_of(geometry: Mapping[str, Any] | None) -> Line | None:
    """Return the closed line that a browser's selection describes; None where it describes none.

    Of a line with more than MOST_VERTICES points evenly spaced ones are kept.

    Args:
        geometry: of a `SelectionGeometry`: a `poly` with x and y, or a `rect` with x0, x1, y0, y1.
    """
    try:
        if geometry is None or geometry.get("type") not in ("poly", "rect"):
            return None
        if geometry["type"] == "rect":
            x0, x1, y0, y1 = (float(geometry[name]) for name in ("x0", "x1", "y0", "y1"))
            xs, ys = np.array([x0, x1, x1, x0]), np.array([y0, y0, y1, y1])
        else:
            xs, ys = (np.asarray(geometry[name], np.float64).reshape(-1) for name in ("x", "y"))
    except (KeyError, TypeError, ValueError):
        return None
    if not (len(xs) == len(ys) >= 3 and np.isfinite(xs).all() and np.isfinite(ys).all()):
        return None
    kept = (np.arange(min(len(xs), MOST_VERTICES)) * len(xs)) // min(len(xs), MOST_VERTICES)
    return xs[kept], ys[kept]


def _mode_columns(mode: MapMode) -> dict[str, list[Any]]:
    return {"x": [float("nan")], "y": [float("nan")], "mode": [mode]}
