"""The pool as a map: one Bokeh figure whose picture a compiled rasteriser redraws at each pan and zoom.

With many points in view the figure shows one image, drawn in a thread for exactly the pixels on the screen; with few it
shows each point as a mark. Sessions share positions and codes: a map keeps references, and of its own only the picture
on the screen and, while the legend hides something, the positions of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import panel as pn
from bokeh.events import Reset, Tap

from app.components import map_picture
from app.components.map_calm import Calm
from app.components.map_colours import Theme
from app.components.map_figure import Axis, MapFigure
from app.components.map_filter import EVERYTHING, MapFilter
from app.components.map_hover import Look, MapHover
from app.components.map_legend import LegendCard
from app.components.map_marks import home_view, image_columns, point_columns
from app.components.map_picture import NO_CLASS, NO_VALUE_NAME, Layer, Picture, Viewport, frozen
from app.components.map_repaint import LatestWins
from app.components.map_scene import Drawn, MakeLayer, Positions, Wish, draw_wish, find_row, say_item
from app.components.map_select import MapSelection
from app.components.raster_select import Line

MOST_PIXEL_RATIO = 2.0

FIRST_SIZE_PX = (640, 480)
"""Size of the first picture, until the browser tells the true one."""


class PoolMap:
    """The pool as a map, or as a plot of any two numbers of each item, for one session.

    Attributes:
        view: the Panel object to place on a page; it takes the size it is given.
        selection: lasso, box and what they chose; None where the map was made without.
        shown: (n, 2) float32, the positions that are on the screen; NaN for items that are hidden.
        calm: whether nobody is just moving the map or drawing on it.
    """

    def __init__(
        self,
        positions: Positions,
        *,
        keys: Callable[[npt.NDArray[np.int64]], list[str]],
        theme: Theme = "light",
        on_pick: Callable[[int], None] | None = None,
        on_line: Callable[[Line], None] | None = None,
        on_filter: Callable[[MapFilter], None] | None = None,
        describe: Callable[[int], dict[str, Any]] | None = None,
        axes: tuple[Axis, Axis] | None = None,
        legend: bool = True,
    ) -> None:
        """Make a map that shows nothing; call `paint` or `paint_values` next.

        Args:
            positions: (n, 2) float32, n at least 1, may be a memory map; row i is item i. Items whose
                position is not finite are not shown.
            keys: gives the text keys of some rows, (m,) int64 in, m texts out; called in threads.
            theme: light or dark.
            on_pick: called under the document's lock with the row of an item that was clicked.
            on_line: called likewise with the line of a lasso or box; None leaves these tools out.
            on_filter: called likewise with what a person left on the map by the legend.
            describe: gives what the card beside the pointer shows of a row, `view` and `extra` as of
                `app.items.item_view`; called in threads. None shows its key alone.
            axes: what x and y are; None shows no axes, as for a map.
            legend: whether the legend is shown; one is enough for maps of the same colours.

        Raises:
            ValueError: positions have another shape or no rows.
        """
        if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) == 0:
            raise ValueError(f"positions have shape {positions.shape}; a map needs (n, 2) with n at least 1")
        self._positions = self.shown = frozen(positions)
        self._keys = keys
        self._describe = describe
        self._theme: Theme = theme
        self._on_pick, self._on_filter = on_pick, on_filter
        self._marked: int | None = None
        self._ringed: tuple[npt.NDArray[np.int64], Line | None] = np.empty(0, np.int64), None
        self._number = 0
        self._picture: Picture | None = None
        self._prepared: Layer | None = None
        self._chosen = EVERYTHING
        self._known_shown: Positions | None = None
        self._size_px = FIRST_SIZE_PX
        self._pixel_ratio = 1.0
        self._layer: MakeLayer | None = None
        self._figure = MapFigure(home_view(self._positions), axes=axes)
        self.calm = Calm(self._figure.plot)
        self.selection: MapSelection | None = None
        if on_line is not None:
            self.selection = MapSelection(self._figure.plot, pan=self._figure.pan, on_line=on_line)
        self._listen()
        self._hover = MapHover(self._figure, self._look_at)
        self._legend = LegendCard(sizing_mode="stretch_width", margin=0)
        self._legend.param.watch(self._filtered, ["hidden", "span"])
        pane = pn.pane.Bokeh(self._figure.plot, sizing_mode="stretch_both", min_height=160, margin=0)
        shown = [pane, self._legend, self._hover.card] if legend else [pane, self._hover.card]
        self.view = pn.Column(*shown, sizing_mode="stretch_both", margin=0)
        self._repaint = LatestWins[Wish, Drawn](draw_wish, self._show)
        self._dress()

    @property
    def shows_all(self) -> bool:
        """Whether nothing is hidden."""
        return self.shown is self._positions

    def paint(
        self,
        codes: npt.NDArray[np.int16],
        palette: Sequence[str],
        labels: Sequence[str],
        *,
        emphasise: npt.NDArray[np.bool_] | None = None,
        none: str = NO_CLASS,
    ) -> None:
        """Colour the items by class.

        Args:
            codes: (n,) int16 class index of each item; -1 for none.
            palette: colours of the k classes, as hex.
            labels: their names, plain text.
            emphasise: (n,) bool; items drawn larger and over the others. None: rare classes are, and all
                items that have a class where others have none.
            none: what an item without a class is called, plain text.

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
        self._set_layer(
            partial(map_picture.class_layer, codes, tuple(palette), tuple(labels), emphasise, none=none)
        )

    def paint_values(
        self,
        values: npt.NDArray[np.floating],
        name: str,
        *,
        none: str = NO_VALUE_NAME,
        ends: tuple[float, float] = (0.0, 1.0),
        unit: str = "number",
    ) -> None:
        """Colour the items by a value along a ramp.

        Args:
            values: (n,) floating, 0 to 1; NaN for items without one.
            name: what the value is, plain text.
            none: what an item without a value is called.
            ends: what 0 and 1 stand for.
            unit: "number", or "date" for seconds since 1970.

        Raises:
            ValueError: there is not one value for each item.
        """
        self._check_length(values, "values")
        self._set_layer(partial(map_picture.value_layer, values, name, none=none, ends=ends, unit=unit))

    def set_filter(self, chosen: MapFilter) -> None:
        """Show a part of the items alone."""
        if chosen != self._chosen:
            self._chosen, self._known_shown = chosen, None
            self._legend.follow(chosen)
            self._request()

    @property
    def positions(self) -> Positions:
        """(n, 2) float32, read-only: where the items are, those that are hidden too."""
        return self._positions

    def set_positions(self, positions: Positions) -> None:
        """Move the items: colours, marks and chosen rows stay, the view goes home, a line that was drawn goes.

        Args:
            positions: (n, 2) float32 for the same n items.

        Raises:
            ValueError: there is not one position for each item.
        """
        if positions.shape != (count := len(self._positions), 2):
            raise ValueError(f"positions have shape {positions.shape}; the map has {count} items")
        self._positions, self._known_shown = frozen(positions), None
        self._figure.home = home_view(self._positions)
        if self._layer is None:
            self.shown = self._positions
        self._ringed = self._ringed[0], None
        self._figure.go_home()
        self._request()

    def mark(self, row: int | None) -> None:
        """Put a ring on one item, or an arrow at the edge while it is out of view; None takes it away.

        Raises:
            ValueError: there is no such row.
        """
        if row is not None and not 0 <= row < len(self._positions):
            raise ValueError(f"row {row} is not in the pool; rows go from 0 to {len(self._positions) - 1}")
        self._marked = row
        self._place_mark()

    def show_chosen(self, rows: npt.NDArray[np.int64], line: Line | None) -> None:
        """Ring the chosen items that are shown, and draw the line around them where it was drawn on this map."""
        self._ringed = rows, line
        if self.selection is not None:
            self.selection.show(self.shown, rows, line)

    def set_theme(self, theme: Theme) -> None:
        """Change to the light or the dark theme."""
        if theme != self._theme:
            self._theme = theme
            self._dress()
            self._request()

    def dispose(self) -> None:
        """Stop repainting; call it when the session ends."""
        self._repaint.dispose()
        self._hover.dispose()
        self._on_pick = self._on_filter = None

    def row_near(self, x: float, y: float) -> int | None:
        """Return the row of the shown item within REACH_PX of a place in the positions' units, or None."""
        view = self._viewport()
        return find_row(self.shown, view, x, y) if view.valid() else None

    def _check_length(self, array: npt.NDArray[Any], name: str) -> None:
        if array.shape != (len(self._positions),):
            raise ValueError(f"{name} have shape {array.shape}; the map has {len(self._positions)} items")

    def _set_layer(self, layer: MakeLayer) -> None:
        self._layer = layer
        self._prepared = self._known_shown = None
        self._request()

    def _listen(self) -> None:
        plot = self._figure.plot
        self._figure.on_view(self._request)
        plot.on_change("inner_width", self._resized)
        plot.on_change("inner_height", self._resized)
        plot.on_change("tags", self._browser_said)
        plot.on_event(Tap, self._tapped)
        plot.on_event(Reset, lambda _event: self._figure.go_home())

    def _dress(self) -> None:
        """Give the figure and the marks the theme's colours."""
        self._figure.dress(self._theme)
        if self.selection is not None:
            self.selection.dress(self._theme)

    # ---- repainting

    def _viewport(self) -> Viewport:
        return self._figure.viewport(self._size_px, self._pixel_ratio)

    def _request(self) -> None:
        document = self._figure.live
        if document is not None:
            self._repaint.ask(self._wish, document)
            return
        wish = self._wish()
        if wish is not None:
            self._show(draw_wish(wish))

    def _wish(self) -> Wish | None:
        viewport = self._viewport()
        if self._layer is None or not viewport.valid():
            return None
        return Wish(
            make=self._layer,
            layer=self._prepared,
            positions=self._positions,
            chosen=self._chosen,
            shown=self._known_shown,
            viewport=viewport,
            theme=self._theme,
        )

    def _show(self, drawn: Drawn) -> None:
        wish, layer, self._picture = drawn.wish, drawn.layer, drawn.picture
        before, self.shown = self.shown, drawn.shown
        if before is not self.shown:
            self.show_chosen(*self._ringed)
        if wish.make is self._layer:
            self._prepared = layer
            if wish.chosen == self._chosen and wish.positions is self._positions:
                self._known_shown = drawn.shown
        self._number += 1
        self._figure.points.data = point_columns(self.shown, layer, self._picture, self._theme)
        self._figure.image.data = image_columns(self._picture, self._number)
        self._legend.say(layer, self._theme)
        self._place_mark()

    def _place_mark(self) -> None:
        place = None if self._marked is None else self._positions[self._marked]
        self._figure.place_mark(place, self._viewport())

    # ---- what the browser says

    def _resized(self, name: str, _old: object, new: int) -> None:
        width_px, height_px = self._size_px
        self._size_px = (new, height_px) if name == "inner_width" else (width_px, new)
        self._request()

    def _browser_said(self, _name: str, _old: object, new: list[float]) -> None:
        """Note that a picture arrived, and how fine the screen is."""
        document = self._figure.live
        if document is not None:
            self._repaint.seen(document)
        ratio = min(max(float(new[1]), 1.0), MOST_PIXEL_RATIO) if len(new) == 2 else 1.0
        if ratio != self._pixel_ratio:
            self._pixel_ratio = ratio
            self._request()

    def _filtered(self, *_: Any) -> None:  # noqa: ANN401 - param events
        chosen = self._legend.chosen()
        if chosen == self._chosen:
            return
        self.set_filter(chosen)
        if self._on_filter is not None:
            self._on_filter(chosen)

    def _tapped(self, event: Tap) -> None:
        if self._on_pick is None or event.x is None or event.y is None:
            return
        row = self.row_near(float(event.x), float(event.y))
        if row is not None:
            self._on_pick(row)

    def _look_at(self, x: float, y: float) -> Look | None:
        view = self._viewport()
        if not view.valid():
            return None
        return partial(self._look, self.shown, self._prepared, view, self._theme, x, y)

    def _look(
        self, shown: Positions, layer: Layer | None, view: Viewport, theme: Theme, x: float, y: float
    ) -> dict[str, Any]:
        """Return what the card says of the item at a place; runs in a thread and changes nothing of this object."""
        row = find_row(shown, view, x, y)
        if row is None:
            return {}
        said = {} if layer is None else say_item(layer, row, theme)
        seen = {} if self._describe is None else self._describe(row)
        return {**said, **seen, "key": self._keys(np.array([row]))[0]}
