"""The columns that the pool map's figure draws: a picture, the marks of few points, the arrow at the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app.components import raster
from app.components.map_colours import UNLABELLED_OPACITY, Theme, readable, value_ramp
from app.components.map_picture import Layer, Picture, Viewport
from app.components.raster_values import NO_VALUE, RAMP_STEPS
from app.components.theme import UNLABELLED, chart_colours

POINT_COLUMNS = ("x", "y", "size", "colour", "alpha", "line")

HOME_MARGIN = 0.04
POINT_OPACITY = 0.95
EDGE_MARGIN = 0.03


def home_view(positions: npt.NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Return x0, x1, y0, y1 of a view that holds all finite positions (n, 2) with a margin, never empty."""
    x0, x1, y0, y1, count = raster.bounds(positions)
    if count == 0:
        return -1.0, 1.0, -1.0, 1.0
    edges = []
    for low, high in ((x0, x1), (y0, y1)):
        margin = HOME_MARGIN * (high - low) or max(1.0, abs(low)) * 0.5
        edges += [low - margin, high + margin]
    return edges[0], edges[1], edges[2], edges[3]


def image_columns(picture: Picture | None, number: int) -> dict[str, Any]:
    """Return the columns of the image; without one they hold a clear pixel, so that the browser answers too.

    Args:
        picture: what was drawn.
        number: counts the pictures of a session.
    """
    if picture is None or picture.image is None:
        clear = np.zeros((1, 1), np.uint32)
        return {"image": [clear], "x": [0.0], "y": [0.0], "dw": [1.0], "dh": [1.0], "number": [number]}
    view = picture.viewport
    return {
        "image": [picture.image],
        "x": [view.x0],
        "y": [view.y0],
        "dw": [view.x1 - view.x0],
        "dh": [view.y1 - view.y0],
        "number": [number],
    }


def point_columns(
    positions: npt.NDArray[np.float32],
    layer: Layer,
    picture: Picture | None,
    theme: Theme,
) -> dict[str, Any]:
    """Return the columns of the marks of few points; empty beside an image.

    Args:
        positions: (n, 2) float32.
        layer: how the pool is coloured.
        picture: what was drawn.
        theme: light or dark.
    """
    if picture is None or len(picture.rows) == 0:
        return {name: [] for name in POINT_COLUMNS}
    rows = picture.rows
    colours, alphas = (
        _values(layer, rows, theme) if layer.values is not None else _classes(layer, rows, theme)
    )
    ground = chart_colours(dark=theme == "dark").plot
    return {
        "x": positions[rows, 0],
        "y": positions[rows, 1],
        "size": 2 * picture.radii_px + picture.over,
        "colour": colours,
        "alpha": alphas,
        "line": [ground if over else None for over in picture.over],
    }


def edge_arrow(x: float, y: float, view: Viewport) -> dict[str, list[float]]:
    """Return the columns of an arrow at the edge of the view to a place outside; empty when inside."""
    if view.x0 <= x <= view.x1 and view.y0 <= y <= view.y1:
        return {"x": [], "y": [], "angle": []}
    dx, dy = EDGE_MARGIN * (view.x1 - view.x0), EDGE_MARGIN * (view.y1 - view.y0)
    at_x = min(max(x, view.x0 + dx), view.x1 - dx)
    at_y = min(max(y, view.y0 + dy), view.y1 - dy)
    right_px = (x - at_x) * view.width_px / (view.x1 - view.x0)
    up_px = (y - at_y) * view.height_px / (view.y1 - view.y0)
    return {"x": [at_x], "y": [at_y], "angle": [float(np.arctan2(up_px, right_px) - np.pi / 2)]}


def _values(layer: Layer, rows: npt.NDArray[np.int64], theme: Theme) -> tuple[list[str], list[float]]:
    assert layer.values is not None
    ramp = value_ramp(theme)
    steps = [None if step == NO_VALUE else step / RAMP_STEPS for step in layer.values[rows].tolist()]
    colours = [UNLABELLED if step is None else ramp[round(step * (len(ramp) - 1))] for step in steps]
    return colours, [UNLABELLED_OPACITY if step is None else POINT_OPACITY for step in steps]


def _classes(layer: Layer, rows: npt.NDArray[np.int64], theme: Theme) -> tuple[list[str], list[float]]:
    assert layer.codes is not None
    k = len(layer.palette)
    codes = [code if 0 <= code < k else k for code in layer.codes[rows].tolist()]
    palette = [*(readable(colour, theme) for colour in layer.palette), UNLABELLED]
    return [palette[code] for code in codes], [
        UNLABELLED_OPACITY if code == k else POINT_OPACITY for code in codes
    ]
