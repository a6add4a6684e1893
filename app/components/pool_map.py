"""The pool as a map: one Bokeh figure whose picture a compiled rasteriser redraws at each pan and zoom.

With many points in view the figure shows one image, drawn in a thread for exactly the pixels on the screen;
with few it shows each point as a mark that can be pointed at. Sessions share positions and codes: a map keeps
references, and of its own only the picture on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import panel as pn
from bokeh.events import Reset, Tap
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CustomJS,
    HoverTool,
    InlineStyleSheet,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from app.components import map_picture, raster
from app.components.map_calm import Calm
from app.components.map_colours import LEGEND_CSS, Theme, class_legend, value_legend
from app.components.map_marks import POINT_COLUMNS, edge_arrow, home_view, image_columns, point_columns
from app.components.map_picture import Layer, Picture, Viewport, frozen
from app.components.map_repaint import LatestWins
from app.components.map_select import MapSelection
from app.components.raster_select import Line
from app.components.theme import DARK, LIGHT, chart_colours

MOST_PIXEL_RATIO = 2.0

REACH_PX = 12
"""How far from a point a tap may be and still mean it."""

FIRST_SIZE_PX = (640, 480)
"""Size of the first picture, until the browser tells the true one."""

MakeLayer = Callable[[], Layer]
Wish = tuple[MakeLayer, Layer | None, Viewport, Theme]
Drawn = tuple[MakeLayer, Layer, Picture]

_TOOLBAR_CSS = """
:host { background-color: var(--gp-surface) !important; border-radius: var(--gp-radius-s); }
"""

_SEEN_JS = "figure.tags = [source.data.number[0], window.devicePixelRatio || 1]"


class PoolMap:
    """The pool as a map, for one session.

    Attributes:
        view: the Panel object to place on a page; it takes the size it is given.
        selection: lasso, box and what they chose; None where the map was made without.
        calm: whether nobody is just moving the map or drawing on it.
    """

    def __init__(
        self,
        positions: npt.NDArray[np.float32],
        *,
        keys: Callable[[npt.NDArray[np.int64]], list[str]],
        theme: Theme = "light",
        on_pick: Callable[[int], None] | None = None,
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        """Make a map without colours; call `paint` or `paint_values` next.

        Args:
            positions: (n, 2) float32, n at least 1, may be a memory map; row i is item i. Items whose
                position is not finite are not shown.
            keys: gives the text keys of some rows, (m,) int64 in, m texts out.
            theme: light or dark.
            on_pick: called under the document's lock with the row of an item that was clicked.
            on_line: called likewise with the line of a lasso or box; None leaves these tools out.

        Raises:
            ValueError: positions have another shape or no rows.
        """
        if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) == 0:
            raise ValueError(f"positions have shape {positions.shape}; a map needs (n, 2) with n at least 1")
        self._positions = frozen(positions)
        self._keys = keys
        self._theme: Theme = theme
        self._on_pick = on_pick
        self._marked: int | None = None
        self._number = 0
        self._picture: Picture | None = None
        self._prepared: Layer | None = None
        self._size_px = FIRST_SIZE_PX
        self._pixel_ratio = 1.0
        self._layer: MakeLayer = partial(
            map_picture.class_layer, np.full(len(positions), -1, np.int16), [], []
        )
        self._home = home_view(self._positions)
        self._build_figure()
        self._build_marks()
        self.calm = Calm(self._figure)
        self.selection: MapSelection | None = None
        if on_line is not None:
            self.selection = MapSelection(self._figure, self._positions, pan=self._pan, on_line=on_line)
        self._legend = pn.pane.HTML("", stylesheets=[LEGEND_CSS], sizing_mode="stretch_width", margin=0)
        self._pane = pn.pane.Bokeh(self._figure, sizing_mode="stretch_both", min_height=160, margin=0)
        self.view = pn.Column(self._pane, self._legend, sizing_mode="stretch_both", margin=0)
        self._repaint = LatestWins[Wish, Drawn](self._draw, self._show)
        self._dress()

    def paint(
        self,
        codes: npt.NDArray[np.int16],
        palette: Sequence[str],
        labels: Sequence[str],
        *,
        emphasise: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Colour the items by class.

        Args:
            codes: (n,) int16 class index of each item; -1 for none.
            palette: colours of the k classes, as hex.
            labels: their names, plain text.
            emphasise: (n,) bool; items drawn larger and over the others. None: rare classes are, and all
                items that have a class where others have none.

        Raises:
            ValueError: the lengths do not fit.
        """
        self._check_length(codes, "codes")
        if emphasise is not None:
            self._check_length(emphasise, "emphasise")
        if len(palette) != len(labels):
            raise ValueError(
                f"{len(palette)} colours for {len(labels)} class names; give one colour for each name"
            )
        self._set_layer(partial(map_picture.class_layer, codes, tuple(palette), tuple(labels), emphasise))

    def paint_values(self, values: npt.NDArray[np.floating], name: str) -> None:
        """Colour the items by a value along a ramp.

        Args:
            values: (n,) floating, 0 to 1.
            name: what the value is, plain text.

        Raises:
            ValueError: there is not one value for each item.
        """
        self._check_length(values, "values")
        self._set_layer(partial(map_picture.value_layer, values, name))

    def mark(self, row: int | None) -> None:
        """Put a ring on one item, or an arrow at the edge while it is out of view; None takes it away.

        Raises:
            ValueError: there is no such row.
        """
        if row is not None and not 0 <= row < len(self._positions):
            raise ValueError(f"row {row} is not in the pool; rows go from 0 to {len(self._positions) - 1}")
        self._marked = row
        self._place_mark()

    @property
    def positions(self) -> npt.NDArray[np.float32]:
        """(n, 2) float32, read-only: where the items are shown."""
        return self._positions

    def set_positions(self, positions: npt.NDArray[np.float32]) -> None:
        """Move the items: colours, marks and chosen rows stay, the view goes home, a line that was drawn goes.

        Args:
            positions: (n, 2) float32 for the same n items.

        Raises:
            ValueError: there is not one position for each item.
        """
        if positions.shape != (count := len(self._positions), 2):
            raise ValueError(f"positions have shape {positions.shape}; the map has {count} items")
        self._positions = frozen(positions)
        self._home = home_view(self._positions)
        if self.selection is not None:
            self.selection.set_positions(self._positions)
        self._go_home()
        self._request()

    def set_theme(self, theme: Theme) -> None:
        """Change to the light or the dark theme."""
        if theme != self._theme:
            self._theme = theme
            self._dress()
            self._request()

    def dispose(self) -> None:
        """Stop repainting; call it when the session ends."""
        self._repaint.dispose()
        self._on_pick = None

    def _check_length(self, array: npt.NDArray[Any], name: str) -> None:
        if array.shape != (len(self._positions),):
            raise ValueError(f"{name} have shape {array.shape}; the map has {len(self._positions)} items")

    def _set_layer(self, layer: MakeLayer) -> None:
        self._layer = layer
        self._prepared = None
        self._request()

    # ---- the figure

    def _build_figure(self) -> None:
        x0, x1, y0, y1 = self._home
        wheel = WheelZoomTool(speed=1 / 500)
        self._pan = PanTool()
        self._hover = HoverTool(renderers=[], tooltips=None, point_policy="snap_to_data", visible=False)
        self._figure = figure(
            x_range=Range1d(x0, x1),
            y_range=Range1d(y0, y1),
            tools=[self._pan, wheel, BoxZoomTool(), ResetTool(), self._hover],
            active_scroll=wheel,
            active_drag=self._pan,
            output_backend="canvas",
            sizing_mode="stretch_both",
            min_width=120,
            min_height=160,
            lod_threshold=None,
            toolbar_location="right",
        )
        plot = self._figure
        plot.axis.visible = False
        plot.grid.visible = False
        plot.toolbar.logo = None
        plot.toolbar.autohide = True
        plot.toolbar_inner = True
        plot.toolbar.stylesheets = [InlineStyleSheet(css=_TOOLBAR_CSS)]
        plot.min_border = 4
        self._image = ColumnDataSource(image_columns(None, 0))
        plot.image_rgba("image", "x", "y", "dw", "dh", source=self._image, level="image")
        self._points = ColumnDataSource({name: [] for name in POINT_COLUMNS})
        marks = plot.scatter(
            "x",
            "y",
            size="size",
            fill_color="colour",
            fill_alpha="alpha",
            line_color="line",
            line_width=1,
            source=self._points,
        )
        marks.nonselection_glyph = None
        self._hover.renderers = [marks]
        self._image.js_on_change(
            "data", CustomJS(args={"figure": plot, "source": self._image}, code=_SEEN_JS)
        )
        for part in (plot.x_range, plot.y_range):
            for edge in ("start", "end"):
                part.on_change(edge, self._view_changed)
        plot.on_change("inner_width", self._resized)
        plot.on_change("inner_height", self._resized)
        plot.on_change("tags", self._browser_said)
        plot.on_event(Tap, self._tapped)
        plot.on_event(Reset, self._go_home)

    def _build_marks(self) -> None:
        self._ring = ColumnDataSource({"x": [], "y": []})
        self._arrow = ColumnDataSource({"x": [], "y": [], "angle": []})
        place = {"x": "x", "y": "y", "source": self._ring, "fill_color": None, "marker": "circle"}
        self._halo = self._figure.scatter(size=20, line_width=6, **place)
        self._circle = self._figure.scatter(size=20, line_width=2.5, **place)
        self._pointer = self._figure.scatter(
            "x", "y", size=16, angle="angle", marker="triangle", source=self._arrow, line_width=2
        )

    def _dress(self) -> None:
        """Give the figure and the marks the theme's colours."""
        dark = self._theme == "dark"
        colours = chart_colours(dark=dark)
        tokens = DARK if dark else LIGHT
        plot = self._figure
        plot.background_fill_color = colours.plot
        plot.border_fill_color = colours.background
        plot.outline_line_color = colours.grid
        self._halo.glyph.line_color = colours.plot
        self._circle.glyph.line_color = tokens["text"]
        self._pointer.glyph.fill_color = tokens["text"]
        self._pointer.glyph.line_color = colours.plot
        if self.selection is not None:
            self.selection.dress(self._theme)

    # ---- repainting

    def _viewport(self) -> Viewport:
        across, up = self._figure.x_range, self._figure.y_range
        x0, x1, y0, y1 = (float(edge) for edge in (across.start, across.end, up.start, up.end))
        return Viewport(x0, x1, y0, y1, *self._size_px, self._pixel_ratio)

    def _request(self) -> None:
        document = self._figure.document
        if document is None or document.session_context is None:
            wish = self._wish()
            if wish is not None:
                self._show(self._draw(wish))
        else:
            self._repaint.ask(self._wish, document)

    def _wish(self) -> Wish | None:
        viewport = self._viewport()
        if not viewport.valid():
            return None
        return self._layer, self._prepared, viewport, self._theme

    def _draw(self, wish: Wish) -> Drawn:
        """Draw one wish; runs in a thread and changes nothing of this object."""
        make, prepared, viewport, theme = wish
        layer = make() if prepared is None else prepared
        return make, layer, map_picture.draw(self._positions, layer, viewport, theme)

    def _show(self, drawn: Drawn) -> None:
        make, layer, self._picture = drawn
        if make is self._layer:
            self._prepared = layer
        self._number += 1
        self._points.data = point_columns(self._positions, layer, self._picture, self._theme, self._keys)
        self._image.data = image_columns(self._picture, self._number)
        self._hover.tooltips = [("item", "@key"), ("value" if layer.values is not None else "class", "@name")]
        self._write_legend(layer)
        self._place_mark()

    def _write_legend(self, layer: Layer) -> None:
        if layer.values is not None:
            text = value_legend(layer.names[0], self._theme)
        else:
            text = class_legend(
                layer.names, layer.palette, layer.counts.tolist(), without=layer.without, theme=self._theme
            )
        if self._legend.object != text:
            self._legend.object = text

    def _place_mark(self) -> None:
        ring: dict[str, list[float]] = {"x": [], "y": []}
        arrow: dict[str, list[float]] = {"x": [], "y": [], "angle": []}
        view = self._viewport()
        if self._marked is not None and view.valid():
            x, y = (float(part) for part in self._positions[self._marked])
            if np.isfinite([x, y]).all():
                ring = {"x": [x], "y": [y]}
                arrow = edge_arrow(x, y, view)
        if self._ring.data != ring:
            self._ring.data = ring
        if self._arrow.data != arrow:
            self._arrow.data = arrow

    # ---- what the browser says

    def _view_changed(self, _name: str, _old: object, _new: object) -> None:
        self._request()

    def _resized(self, name: str, _old: object, new: int) -> None:
        width_px, height_px = self._size_px
        self._size_px = (new, height_px) if name == "inner_width" else (width_px, new)
        self._request()

    def _browser_said(self, _name: str, _old: object, new: list[float]) -> None:
        """Note that a picture arrived, and how fine the screen is."""
        document = self._figure.document
        if document is not None and document.session_context is not None:
            self._repaint.seen(document)
        ratio = min(max(float(new[1]), 1.0), MOST_PIXEL_RATIO) if len(new) == 2 else 1.0
        if ratio != self._pixel_ratio:
            self._pixel_ratio = ratio
            self._request()

    def _go_home(self, _event: Reset | None = None) -> None:
        plot = self._figure
        plot.x_range.update(start=self._home[0], end=self._home[1])
        plot.y_range.update(start=self._home[2], end=self._home[3])

    def _tapped(self, event: Tap) -> None:
        view = self._viewport()
        if self._on_pick is None or event.x is None or event.y is None or not view.valid():
            return
        row = self.row_near(float(event.x), float(event.y))
        if row is not None:
            self._on_pick(row)

    def row_near(self, x: float, y: float) -> int | None:
        """Return the row of the item within REACH_PX of a place in the positions' units, or None."""
        view = self._viewport()
        x_px = view.width_px / (view.x1 - view.x0)
        y_px = view.height_px / (view.y1 - view.y0)
        row = int(raster.nearest_row(self._positions, x, y, x_px, y_px, float(REACH_PX)))
        return None if row < 0 else row
