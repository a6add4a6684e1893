"""What the pool map shows of one view: a picture of many points, or the rows of a few. No widgets here.

A class with few items is never thinned away: its points, like labelled ones among unlabelled, are drawn over
the dense picture as larger discs with an outline, the rarest class last.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from app.components import raster, raster_select, raster_values
from app.components.map_colours import Theme, palette_table, ramp_table, rgb
from app.components.raster_values import NO_VALUE, RAMP_STEPS
from app.components.theme import chart_colours

Kind = TypeVar("Kind", bound=np.generic)

FEW = 3_000
"""With at most this many points in view each is a mark of its own that can be pointed at."""

MOST_OVER = 20_000
"""At most this many points are drawn as discs over the dense picture."""

RARE_SHARE = 0.0125
RARE_COUNTS = (50, 10_000)
MOST_PIXELS = 1_600_000
SMALLEST_DOT_PX = 0.85
OUTLINE_SHARE = 0.3
CHUNK = 1_000_000
NO_CLASS, NO_VALUE_NAME = "no class yet", "no value"


@dataclass(frozen=True)
class Viewport:
    """The part of the map on the screen.

    Attributes:
        x0: left edge, in the positions' units; x1, y0 and y1 likewise.
        width_px: width of the plot's inner area in CSS pixels.
        height_px: its height.
        pixel_ratio: device pixels per CSS pixel.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width_px: int
    height_px: int
    pixel_ratio: float = 1.0

    def valid(self) -> bool:
        """Return whether the edges are finite and apart and there are pixels."""
        edges = (self.x0, self.x1, self.y0, self.y1)
        return (
            bool(np.isfinite(edges).all())
            and self.x1 > self.x0
            and self.y1 > self.y0
            and self.width_px > 0 < self.height_px
        )

    def array(self) -> npt.NDArray[np.float64]:
        """Return x0, x1, y0, y1 as (4,) float64."""
        return np.array([self.x0, self.x1, self.y0, self.y1], np.float64)


@dataclass(frozen=True)
class Layer:
    """How the whole pool is coloured, prepared once for all views.

    Attributes:
        codes: (n,) int16 class index of each item, -1 for none; None when values are shown.
        values: (n,) uint8, 0 to 254 for 0 to 1, 255 for none; None when classes are shown.
        palette: k colours as hex.
        names: k class names, or the one name of the values.
        counts: (k,) int64 items of each class.
        without: items without a class or value.
        over: (m,) int64 rows drawn over the dense picture, the most important last.
        none: what an item without a class or value is called.
        ends: what 0 and 1 of the values stand for.
        unit: what the values count between these: "number" or "date" (seconds since 1970).
    """

    codes: npt.NDArray[np.int16] | None
    values: npt.NDArray[np.uint8] | None
    palette: tuple[str, ...]
    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    without: int
    over: npt.NDArray[np.int64]
    none: str = NO_CLASS
    ends: tuple[float, float] = (0.0, 1.0)
    unit: str = "number"


@dataclass(frozen=True)
class Picture:
    """One view, drawn.

    Attributes:
        viewport: what it shows.
        image: (h, w) uint32 RGBA, row 0 at the bottom; None when few points are in view.
        rows: (m,) int64 rows of the points in view, to be drawn in this order; empty beside an image.
        radii_px: (m,) float32 radius of each in CSS pixels.
        over: (m,) bool; whether it carries an outline.
        inside: number of points in view.
    """

    viewport: Viewport
    image: npt.NDArray[np.uint32] | None
    rows: npt.NDArray[np.int64]
    radii_px: npt.NDArray[np.float32]
    over: npt.NDArray[np.bool_]
    inside: int


def class_layer(
    codes: npt.NDArray[np.int16],
    palette: Sequence[str],
    names: Sequence[str],
    emphasise: npt.NDArray[np.bool_] | None = None,
    *,
    none: str = NO_CLASS,
) -> Layer:
    """Prepare the colouring by class.

    Args:
        codes: (n,) int16 class index of each item, -1 for none.
        palette: k colours as hex.
        names: k class names.
        emphasise: (n,) bool; these are drawn over the rest; None leaves the choice to how rare a class is.
        none: what an item without a class is called.
    """
    k = len(palette)
    codes = frozen(np.asarray(codes, np.int16))
    tally = np.bincount(np.clip(codes, -1, k) + 1, minlength=k + 2)
    counts = tally[1 : k + 1].astype(np.int64)
    without = int(tally[0] + tally[k + 1])
    over = _rows_over(codes, counts, without, emphasise)
    return Layer(codes, None, tuple(palette), tuple(names), counts, without, over, none)


def value_layer(
    values: npt.NDArray[np.floating],
    name: str,
    *,
    none: str = NO_VALUE_NAME,
    ends: tuple[float, float] = (0.0, 1.0),
    unit: str = "number",
) -> Layer:
    """Prepare the colouring by a value of each item.

    Args:
        values: (n,) floating, 0 to 1; what is outside is clipped, NaN is no value.
        name: what the value is, plain text.
        none: what an item without a value is called.
        ends: what 0 and 1 stand for.
        unit: "number" or "date".
    """
    steps = np.empty(len(values), np.uint8)
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK].astype(np.float32)
        known = np.rint(np.clip(np.nan_to_num(part, nan=0.0), 0, 1) * RAMP_STEPS)
        steps[start : start + CHUNK] = np.where(np.isnan(part), NO_VALUE, known)
    nothing = np.empty(0, np.int64)
    without = int(np.count_nonzero(steps == NO_VALUE))
    return Layer(None, frozen(steps), (), (name,), nothing, without, nothing, none, ends, unit)


def frozen(array: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Return the array contiguous and read-only, as the rasteriser is compiled for."""
    plain = np.ascontiguousarray(np.asarray(array)).view()
    plain.flags.writeable = False
    return plain


def draw(positions: npt.NDArray[np.float32], layer: Layer, viewport: Viewport, theme: Theme) -> Picture:
    """Draw one view of the pool.

    Args:
        positions: (n, 2) float32; row i is item i.
        layer: its colouring.
        viewport: the view.
        theme: light or dark.

    Returns:
        A picture, or the rows in view when they are few.
    """
    view = viewport.array()
    few = raster.rows_in_view(positions, view, FEW + 1)
    if len(few) <= FEW:
        return _few(layer, viewport, few)
    scale = min(viewport.pixel_ratio, np.sqrt(MOST_PIXELS / (viewport.width_px * viewport.height_px)))
    height, width = max(1, round(viewport.height_px * scale)), max(1, round(viewport.width_px * scale))
    rooms = _workspace(height, width)
    image = np.empty((height, width, 4), np.uint8)
    if layer.codes is not None:
        inside = _draw_codes(positions, layer, view, rooms, image, scale, theme)
    else:
        inside = _draw_values(positions, layer, view, rooms, image, scale, theme)
    none = np.empty(0, np.int64)
    whole = image.view(np.uint32).reshape(height, width)
    return Picture(viewport, whole, none, none.astype(np.float32), none.astype(bool), inside)


def dot_radius_px(inside: int, area_px: float) -> float:
    """Return the radius of one point in CSS pixels, so that all of them would cover a third of the area.

    Args:
        inside: number of points in view.
        area_px: area of the view in square CSS pixels.
    """
    return float(np.clip(np.sqrt(0.33 * area_px / (np.pi * max(inside, 1))), SMALLEST_DOT_PX, 5.0))


def _rows_over(
    codes: npt.NDArray[np.int16],
    counts: npt.NDArray[np.int64],
    without: int,
    emphasise: npt.NDArray[np.bool_] | None,
) -> npt.NDArray[np.int64]:
    order = np.argsort(counts, kind="stable")
    rare_most = np.inf if without else np.clip(RARE_SHARE * len(codes), *RARE_COUNTS)
    fits = (np.cumsum(counts[order]) <= MOST_OVER) & (counts[order] <= rare_most)
    chosen = np.zeros(len(counts) + 1, bool)
    chosen[order[fits]] = True
    valid = np.where((codes >= 0) & (codes < len(counts)), codes, len(counts))
    rows = np.flatnonzero(chosen[valid])
    if emphasise is not None:
        extra = np.flatnonzero(emphasise & ~chosen[valid])
        rows = np.concatenate([rows, extra[: MOST_OVER - len(rows)]])
    size = np.append(counts, without)[valid[rows]]
    return rows[np.lexsort((rows, -size))]


def _few(layer: Layer, viewport: Viewport, rows: npt.NDArray[np.int64]) -> Picture:
    base = dot_radius_px(len(rows), viewport.width_px * viewport.height_px)
    place = np.full(len(rows), -1, np.int64)
    if len(layer.over) and len(rows):
        by_row = np.argsort(layer.over)
        spot = np.minimum(np.searchsorted(layer.over[by_row], rows), len(by_row) - 1)
        place = np.where(layer.over[by_row][spot] == rows, by_row[spot], -1)
    order = np.lexsort((rows, place))
    over = place[order] >= 0
    radii = np.full(len(rows), base, np.float32)
    if over.any():
        radii[over] = _over_radii_px(layer, rows[order][over], base)
    return Picture(viewport, None, rows[order], radii, over, len(rows))


def _over_radii_px(layer: Layer, rows: npt.NDArray[np.int64], base_px: float) -> npt.NDArray[np.float32]:
    """Return (m,) float32, the radius of points drawn over the others: the rarer its class, the larger."""
    assert layer.codes is not None
    codes = layer.codes[rows]
    sizes = np.append(layer.counts, layer.without)[np.where(codes < 0, len(layer.counts), codes)]
    by_class = 4.6 - 0.85 * np.log10(np.maximum(sizes, 1))
    return np.maximum(1.15 * base_px, np.maximum(by_class, 1.2)).astype(np.float32)


def _draw_codes(
    positions: npt.NDArray[np.float32],
    layer: Layer,
    view: npt.NDArray[np.float64],
    rooms: dict[str, npt.NDArray[Any]],
    image: npt.NDArray[np.uint8],
    scale: float,
    theme: Theme,
) -> int:
    table = palette_table(layer.palette, theme)
    count, winner, key = rooms["count"], rooms["winner"], rooms["key"]
    scarcity = np.sqrt(np.maximum(layer.counts, 1) / max(1, len(positions))).astype(np.float32)
    lots = raster.lot_table()
    inside = int(raster.count_codes(positions, layer.codes, scarcity, lots, view, count, winner, key))
    radius = dot_radius_px(inside, count.size / scale**2)
    density, cover = rooms["density"], rooms["cover"]
    stencil = raster.disc_stencil(round(radius * scale, 1))
    raster.spread_codes(count, winner, key, stencil, density, cover, rooms["top"], rooms["lead"])
    full = _full_density(density)
    raster.shade_codes(density, cover, rooms["top"], table, full, _faint(theme), image)
    radii = _over_radii_px(layer, layer.over, radius) * np.float32(scale)
    ground = np.array(rgb(chart_colours(dark=theme == "dark").plot), np.float32)
    raster.draw_discs(image, positions, layer.over, layer.codes, radii, table, ground, OUTLINE_SHARE, view)
    return inside


def _draw_values(
    positions: npt.NDArray[np.float32],
    layer: Layer,
    view: npt.NDArray[np.float64],
    rooms: dict[str, npt.NDArray[Any]],
    image: npt.NDArray[np.uint8],
    scale: float,
    theme: Theme,
) -> int:
    count, total, valued = rooms["count"], rooms["lead"], rooms["key"]
    inside = int(raster_values.sum_values(positions, layer.values, view, count, total, valued))
    radius = dot_radius_px(inside, count.size / scale**2)
    density, cover, sums, shares = rooms["density"], rooms["cover"], rooms["sums"], rooms["shares"]
    stencil = raster.disc_stencil(round(radius * scale, 1))
    raster_values.spread_values(count, total, valued, stencil, density, cover, sums, shares)
    full, faint = _full_density(density), _faint(theme)
    raster_values.shade_values(density, cover, sums, shares, ramp_table(theme), full, faint, image)
    return inside


def _full_density(density: npt.NDArray[np.float32]) -> float:
    some = density[::3, ::3]
    filled = some[some > 0]
    return max(4.0, float(np.percentile(filled, 99))) if len(filled) else 4.0


def _faint(theme: Theme) -> float:
    return 0.45 if theme == "dark" else 0.4


_local = threading.local()


def _workspace(height: int, width: int) -> dict[str, npt.NDArray[Any]]:
    """Return scratch arrays of this thread; what they hold means nothing between two pictures."""
    rooms: dict[str, npt.NDArray[Any]] | None = getattr(_local, "rooms", None)
    if rooms is None or rooms["count"].shape != (height, width):
        shape = (height, width)
        whole = {"count": np.int32, "winner": np.int16, "top": np.int16}
        parts = ("density", "cover", "key", "lead", "sums", "shares")
        rooms = {name: np.empty(shape, kind) for name, kind in whole.items()}
        rooms |= {name: np.empty(shape, np.float32) for name in parts}
        _local.rooms = rooms
    return rooms


def warm_up() -> None:
    """Compile, or load from the cache, every function the map needs; a second call costs a millisecond."""
    positions = frozen(np.random.default_rng(0).normal(size=(FEW + 2, 2)).astype(np.float32))
    codes = np.zeros(len(positions), np.int16)
    codes[:2] = 1
    viewport = Viewport(-9, 9, -9, 9, 40, 30)
    raster.bounds(positions)
    raster_select.warm_up()
    raster.nearest_row(positions, 0.0, 0.0, 1.0, 1.0, 12.0)
    draw(positions, class_layer(codes, ["#0077b6", "#f0a800"], ["a", "b"]), viewport, "light")
    draw(positions, value_layer(codes.astype(np.float32), "value"), viewport, "light")
