"""What a pool map shows at one moment, and which item lies where on it. Pure: drawn and looked at in threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.components import map_picture, raster
from app.components.map_colours import Theme, readable, value_ramp
from app.components.map_filter import MapFilter, shown_positions
from app.components.map_picture import Layer, Picture, Viewport
from app.components.raster_values import NO_VALUE, RAMP_STEPS

REACH_PX = 12
"""How far from a point a tap, or the resting pointer, may be and still mean it."""

Positions = npt.NDArray[np.float32]
MakeLayer = Callable[[], Layer]


@dataclass(frozen=True)
class Wish:
    """What shall be drawn.

    Attributes:
        make: makes the colouring.
        layer: the colouring, where it was made already.
        positions: (n, 2) float32 of all items.
        chosen: what the legend leaves on the map.
        shown: the positions of what is left, where they are known already.
        viewport: the view.
        theme: light or dark.
    """

    make: MakeLayer
    layer: Layer | None
    positions: Positions
    chosen: MapFilter
    shown: Positions | None
    viewport: Viewport
    theme: Theme


@dataclass(frozen=True)
class Drawn:
    """What became of a wish: its colouring, the positions of what is shown, and the picture."""

    wish: Wish
    layer: Layer
    shown: Positions
    picture: Picture


def draw_wish(wish: Wish) -> Drawn:
    """Draw a wish."""
    layer = wish.make() if wish.layer is None else wish.layer
    shown = shown_positions(wish.positions, layer, wish.chosen) if wish.shown is None else wish.shown
    return Drawn(wish, layer, shown, map_picture.draw(shown, layer, wish.viewport, wish.theme))


def find_row(positions: Positions, view: Viewport, x: float, y: float) -> int | None:
    """Return the row of the item within REACH_PX of a place, the nearest one; None where there is none.

    Args:
        positions: (n, 2) float32; row i is item i, NaN where it is hidden.
        view: the view, which says how large a pixel is.
        x: the place, in the positions' units.
        y: likewise.
    """
    x_px = view.width_px / (view.x1 - view.x0)
    y_px = view.height_px / (view.y1 - view.y0)
    row = int(raster.nearest_row(positions, x, y, x_px, y_px, float(REACH_PX)))
    return None if row < 0 else row


def say_item(layer: Layer, row: int, theme: Theme) -> dict[str, str]:
    """Return what the map shows of an item: in words as `label`, and its `colour`."""
    if layer.values is not None:
        step = int(layer.values[row])
        if step == NO_VALUE:
            return {"label": f"{layer.names[0]}: {layer.none}"}
        ramp = value_ramp(theme)
        low, high = layer.ends
        value = low + step / RAMP_STEPS * (high - low)
        words = f"{layer.names[0]} ≈ {value:.3g}" if layer.unit == "number" else layer.names[0]
        return {"label": words, "colour": ramp[round(step / RAMP_STEPS * (len(ramp) - 1))]}
    assert layer.codes is not None
    code = int(layer.codes[row])
    if not 0 <= code < len(layer.names):
        return {"label": layer.none}
    return {"label": layer.names[code], "colour": readable(layer.palette[code], theme)}
