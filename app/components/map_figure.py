"""The Bokeh figure of the pool map: its tools, its picture and marks, the ring on one item, the theme's colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    InlineStyleSheet,
    PanTool,
    PlainText,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from app.components.map_colours import Theme
from app.components.map_marks import POINT_COLUMNS, edge_arrow, image_columns
from app.components.map_picture import Viewport
from app.components.theme import DARK, FONT, LIGHT, chart_colours

Home = tuple[float, float, float, float]

_TOOLBAR_CSS = """
:host { background-color: var(--gp-surface) !important; border-radius: var(--gp-radius-s); }
"""

_SEEN_JS = "figure.tags = [source.data.number[0], window.devicePixelRatio || 1]"

_TICK_JS = {
    "log": "return String(Number((10 ** tick).toPrecision(3)))",
    "date": "const at = new Date(tick * 1000); return Number.isNaN(at.valueOf()) ? '' : at.toISOString().slice(0, 10)",
}


@dataclass(frozen=True)
class Axis:
    """What an axis of a plot shows.

    Attributes:
        name: plain text.
        scale: "number", "date" (seconds since 1970), or "log": positions are logarithms to base 10.
    """

    name: str
    scale: str = "number"


class MapFigure:
    """A figure with one picture and some marks; it knows no items.

    Attributes:
        plot: the bokeh figure.
        pan: the tool that moves the map.
        image: source of the picture.
        points: source of the marks.
    """

    def __init__(self, home: Home, *, axes: tuple[Axis, Axis] | None = None) -> None:
        """Build it.

        Args:
            home: x0, x1, y0, y1 of the first view.
            axes: what x and y are; None shows no axes.
        """
        self.home = home
        self.pan = PanTool()
        wheel = WheelZoomTool(speed=1 / 500)
        self.plot = figure(
            x_range=Range1d(*home[:2]),
            y_range=Range1d(*home[2:]),
            tools=[self.pan, wheel, BoxZoomTool(), ResetTool()],
            active_scroll=wheel,
            active_drag=self.pan,
            output_backend="canvas",
            sizing_mode="stretch_both",
            min_width=120,
            min_height=160,
            lod_threshold=None,
            toolbar_location="right",
        )
        self._axes = axes
        self._furnish()
        self._build_picture()
        self._build_marks()

    @property
    def live(self) -> Any:  # noqa: ANN401 - a bokeh Document
        """The document of a session that is open in a browser; None before and without one."""
        document = self.plot.document
        return document if document is not None and document.session_context is not None else None

    def viewport(self, size_px: tuple[int, int], pixel_ratio: float) -> Viewport:
        """Return what is on the screen now."""
        across, up = self.plot.x_range, self.plot.y_range
        x0, x1, y0, y1 = (float(edge) for edge in (across.start, across.end, up.start, up.end))
        return Viewport(x0, x1, y0, y1, *size_px, pixel_ratio)

    def on_view(self, react: Callable[[], None]) -> None:
        """Call back when the map was moved or zoomed."""
        for part in (self.plot.x_range, self.plot.y_range):
            for edge in ("start", "end"):
                part.on_change(edge, lambda _name, _old, _new: react())

    def go_home(self) -> None:
        """Show everything."""
        self.plot.x_range.update(start=self.home[0], end=self.home[1])
        self.plot.y_range.update(start=self.home[2], end=self.home[3])

    def place_mark(self, place: npt.NDArray[np.floating] | None, view: Viewport) -> None:
        """Put the ring on a place, or the arrow at the edge while that is out of view; None takes both away."""
        ring: dict[str, list[float]] = {"x": [], "y": []}
        arrow: dict[str, list[float]] = {"x": [], "y": [], "angle": []}
        if place is not None and view.valid() and np.isfinite(place).all():
            x, y = (float(part) for part in place)
            ring = {"x": [x], "y": [y]}
            arrow = edge_arrow(x, y, view)
        if self.ring.data != ring:
            self.ring.data = ring
        if self.arrow.data != arrow:
            self.arrow.data = arrow

    def dress(self, theme: Theme) -> None:
        """Take the theme's colours."""
        dark = theme == "dark"
        colours = chart_colours(dark=dark)
        tokens = DARK if dark else LIGHT
        plot = self.plot
        plot.background_fill_color = colours.plot
        plot.border_fill_color = colours.background
        plot.outline_line_color = colours.grid
        self._halo.glyph.line_color = colours.plot
        self._circle.glyph.line_color = tokens["text"]
        self._pointer.glyph.fill_color = tokens["text"]
        self._pointer.glyph.line_color = colours.plot
        plot.grid.grid_line_color = colours.grid
        for axis in plot.axis:
            axis.axis_line_color = axis.major_tick_line_color = colours.grid
            axis.axis_label_text_color = colours.text
            axis.major_label_text_color = colours.muted

    def _furnish(self) -> None:
        plot = self.plot
        plot.axis.visible = plot.grid.visible = self._axes is not None
        plot.toolbar.logo = None
        plot.toolbar.autohide = True
        plot.toolbar_inner = True
        plot.toolbar.stylesheets = [InlineStyleSheet(css=_TOOLBAR_CSS)]
        plot.min_border = 4
        for axis, shown in zip((plot.xaxis, plot.yaxis), self._axes or (), strict=False):
            # Plain text: what stands between dollar signs in a column's name is no formula.
            axis.axis_label = PlainText(shown.name)
            axis.axis_label_text_font = axis.major_label_text_font = FONT
            axis.axis_label_text_font_style = "normal"
            axis.minor_tick_line_color = None
            if shown.scale in _TICK_JS:
                axis.formatter = CustomJSTickFormatter(code=_TICK_JS[shown.scale])

    def _build_picture(self) -> None:
        plot = self.plot
        self.image = ColumnDataSource(image_columns(None, 0))
        plot.image_rgba("image", "x", "y", "dw", "dh", source=self.image, level="image")
        self.points = ColumnDataSource({name: [] for name in POINT_COLUMNS})
        marks = plot.scatter(
            "x",
            "y",
            size="size",
            fill_color="colour",
            fill_alpha="alpha",
            line_color="line",
            line_width=1,
            source=self.points,
        )
        marks.nonselection_glyph = None
        arrived = CustomJS(args={"figure": plot, "source": self.image}, code=_SEEN_JS)
        self.image.js_on_change("data", arrived)

    def _build_marks(self) -> None:
        self.ring = ColumnDataSource({"x": [], "y": []})
        self.arrow = ColumnDataSource({"x": [], "y": [], "angle": []})
        place = {"x": "x", "y": "y", "source": self.ring, "fill_color": None, "marker": "circle"}
        self._halo = self.plot.scatter(size=20, line_width=6, **place)
        self._circle = self.plot.scatter(size=20, line_width=2.5, **place)
        self._pointer = self.plot.scatter(
            "x", "y", size=16, angle="angle", marker="triangle", source=self.arrow, line_width=2
        )
