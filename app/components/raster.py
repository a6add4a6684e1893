"""The compiled rasteriser of the pool map: one pass over the points, a few over the pixels.

All functions release the interpreter lock, so that a picture drawn in one thread holds up no other session.
Pixel row 0 is the bottom of the picture, as Bokeh draws images. Compiled code is cached beside this file, or
in the user's cache folder where that is read-only; `map_picture.warm_up` compiles everything once at start.

Where points of several classes meet in one pixel, one of them is drawn by weighted lot, as in a reservoir of size
one (Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir"): a rarer class weighs more, so that
no class vanishes under a large one. The lot depends on the row alone and stays the same in every view. Density goes
into the alpha channel.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_compiled = numba.njit(cache=True, nogil=True, fastmath=False)


@_compiled
def bounds(positions: Array) -> tuple[float, float, float, float, int]:
    """Return (x0, x1, y0, y1, finite points) of positions (n, 2); points that are not finite are left out."""
    x0 = y0 = np.inf
    x1 = y1 = -np.inf
    count = 0
    for i in range(positions.shape[0]):
        x = np.float64(positions[i, 0])
        y = np.float64(positions[i, 1])
        if np.isfinite(x) and np.isfinite(y):
            x0 = min(x0, x)
            x1 = max(x1, x)
            y0 = min(y0, y)
            y1 = max(y1, y)
            count += 1
    return x0, x1, y0, y1, count


@_compiled
def count_codes(
    positions: Array,
    codes: Array,
    scarcity: Array,
    lots: Array,
    view: Array,
    count: Array,
    winner: Array,
    key: Array,
) -> int:
    """Count the points of each pixel and draw the lot which class it shows.

    Args:
        positions: (n, 2) float32.
        codes: (n,) int16; -1 for no class, which any class beats.
        scarcity: (k,) float32, positive; the smaller, the likelier a class wins; codes from k on count as no class.
        lots: (65536,) float32 of `lot_table`.
        view: (4,) float64: x0, x1, y0, y1.
        count: (h, w) int32, written: points in the pixel.
        winner: (h, w) int16, written: class of the pixel, -1 for none.
        key: (h, w) float32, written: the winner's key; a smaller one would have won.

    Returns:
        How many points are in view.
    """
    height, width = count.shape
    count[:] = 0
    key[:] = np.inf
    winner[:] = -1
    x0, y0 = view[0], view[2]
    x_scale = width / (view[1] - x0)
    y_scale = height / (view[3] - y0)
    inside = 0
    for i in range(positions.shape[0]):
        fx = (positions[i, 0] - x0) * x_scale
        fy = (positions[i, 1] - y0) * y_scale
        if fx >= 0 and fx < width and fy >= 0 and fy < height:
            x = int(fx)
            y = int(fy)
            inside += 1
            count[y, x] += 1
            code = codes[i]
            if code < 0 or code >= scarcity.shape[0]:
                continue
            lot = lots[((i * 2654435761) >> 16) & 0xFFFF] * scarcity[code]
            if lot < key[y, x]:
                key[y, x] = lot
                winner[y, x] = code
    return inside


@_compiled
def spread_codes(
    count: Array,
    winner: Array,
    key: Array,
    stencil: Array,
    density: Array,
    cover: Array,
    top: Array,
    lead: Array,
) -> None:
    """Widen each filled pixel to a disc; where discs meet, the smallest key wins again.

    Args:
        count: (h, w) int32 of `count_codes`.
        winner: (h, w) int16 likewise.
        key: (h, w) float32 likewise.
        stencil: (s, 3) float32: dy, dx and how much of that pixel the disc covers, 0 to 1.
        density: (h, w) float32, written: points near the pixel, by coverage.
        cover: (h, w) float32, written: the largest coverage of any disc, 0 to 1.
        top: (h, w) int16, written: class of the pixel, -1 for none.
        lead: (h, w) float32, written: the winner's key.
    """
    height, width = count.shape
    density[:] = 0
    cover[:] = 0
    top[:] = -1
    lead[:] = np.inf
    for y in range(height):
        for x in range(width):
            points = count[y, x]
            if points == 0:
                continue
            for s in range(stencil.shape[0]):
                ty = y + int(stencil[s, 0])
                tx = x + int(stencil[s, 1])
                if ty < 0 or ty >= height or tx < 0 or tx >= width:
                    continue
                share = stencil[s, 2]
                density[ty, tx] += share * points
                cover[ty, tx] = max(cover[ty, tx], share)
                own = key[y, x] / (share * share)
                if own < lead[ty, tx]:
                    lead[ty, tx] = own
                    top[ty, tx] = winner[y, x]


@_compiled
def shade_codes(
    density: Array,
    cover: Array,
    top: Array,
    palette: Array,
    full: float,
    faint: float,
    image: Array,
) -> None:
    """Colour each pixel by its class, its alpha by density.

    Args:
        density: (h, w) float32 of `spread_codes`.
        cover: (h, w) float32 likewise.
        top: (h, w) int16 likewise.
        palette: (k + 1, 4) float32: red, green, blue 0 to 255, opacity 0 to 1; the last row is for no
            class.
        full: density from which a pixel is opaque.
        faint: alpha of a pixel with one point, 0 to 1.
        image: (h, w, 4) uint8, written.
    """
    height, width = density.shape
    none = palette.shape[0] - 1
    scale = 1.0 / np.log1p(full)
    for y in range(height):
        for x in range(width):
            share = cover[y, x]
            if share <= 0:
                image[y, x, :] = 0
                continue
            row = none if top[y, x] < 0 or top[y, x] >= none else int(top[y, x])
            level = min(1.0, np.log1p(density[y, x]) * scale)
            alpha = share * (faint + (1 - faint) * level) * palette[row, 3]
            image[y, x, 0] = np.uint8(palette[row, 0])
            image[y, x, 1] = np.uint8(palette[row, 1])
            image[y, x, 2] = np.uint8(palette[row, 2])
            image[y, x, 3] = np.uint8(255 * alpha)


@_compiled
def draw_discs(
    image: Array,
    positions: Array,
    rows: Array,
    codes: Array,
    radii: Array,
    palette: Array,
    outline: Array,
    line_share: float,
    view: Array,
) -> None:
    """Draw points over a picture as smooth discs with an outline, the first row first.

    Args:
        image: (h, w, 4) uint8, changed.
        positions: (n, 2) float32.
        rows: (m,) int64 rows of the points to draw.
        codes: (n,) int16 of all points.
        radii: (m,) float32: each disc's radius without its outline, in pixels.
        palette: (k + 1, 4) float32 as in `shade_codes`.
        outline: (3,) float32: red, green, blue 0 to 255.
        line_share: width of the outline as a share of the radius.
        view: (4,) float64: x0, x1, y0, y1.
    """
    height, width = image.shape[0], image.shape[1]
    none = palette.shape[0] - 1
    x_scale = width / (view[1] - view[0])
    y_scale = height / (view[3] - view[2])
    for m in range(rows.shape[0]):
        i = rows[m]
        line_px = radii[m] * line_share
        reach = radii[m] + line_px + 1
        cx = (positions[i, 0] - view[0]) * x_scale - 0.5
        cy = (positions[i, 1] - view[2]) * y_scale - 0.5
        if not (cx > -reach and cx < width + reach and cy > -reach and cy < height + reach):
            continue
        code = codes[i]
        row = none if code < 0 or code >= none else int(code)
        for y in range(max(0, int(cy - reach)), min(height, int(cy + reach) + 2)):
            for x in range(max(0, int(cx - reach)), min(width, int(cx + reach) + 2)):
                distance = np.sqrt((x - cx) ** 2 + (y - cy) ** 2)
                outer = min(max(radii[m] + line_px + 0.5 - distance, 0.0), 1.0)
                if outer <= 0:
                    continue
                inner = min(max(radii[m] + 0.5 - distance, 0.0), 1.0)
                below = image[y, x, 3] / 255.0
                alpha = outer + below * (1 - outer)
                for channel in range(3):
                    ink = inner * palette[row, channel] + (1 - inner) * outline[channel]
                    mixed = (ink * outer + image[y, x, channel] * below * (1 - outer)) / alpha
                    image[y, x, channel] = np.uint8(mixed + 0.5)
                image[y, x, 3] = np.uint8(255 * alpha + 0.5)


@_compiled
def rows_in_view(positions: Array, view: Array, limit: int) -> Array:
    """Return the first `limit` rows whose points are in view, (m,) int64 in rising order."""
    found = np.empty(limit, np.int64)
    count = 0
    for i in range(positions.shape[0]):
        x = positions[i, 0]
        y = positions[i, 1]
        if x >= view[0] and x < view[1] and y >= view[2] and y < view[3]:
            if count == limit:
                break
            found[count] = i
            count += 1
    return found[:count]


@_compiled
def nearest_row(positions: Array, x: float, y: float, x_px: float, y_px: float, reach_px: float) -> int:
    """Return the row of the point closest to a place on the screen, or -1.

    Args:
        positions: (n, 2) float32.
        x: the place, in the positions' units.
        y: likewise.
        x_px: screen pixels per unit of x.
        y_px: screen pixels per unit of y.
        reach_px: how far away a point may be.

    Returns:
        The row; -1 where no point is within reach.
    """
    best = -1
    closest = reach_px * reach_px
    for i in range(positions.shape[0]):
        dx = (positions[i, 0] - x) * x_px
        dy = (positions[i, 1] - y) * y_px
        distance = dx * dx + dy * dy
        if distance <= closest:
            closest = distance
            best = i
    return best


@cache
def disc_stencil(radius_px: float) -> npt.NDArray[np.float32]:
    """Return (s, 3) float32, the pixels a smooth disc covers: dy, dx and coverage 0 to 1; read-only.

    Args:
        radius_px: the disc's radius; below 0.7 the disc is one pixel.
    """
    if radius_px < 0.7:
        stencil = np.array([[0, 0, 1]], np.float32)
    else:
        reach = int(np.ceil(radius_px))
        steps = np.arange(-reach, reach + 1)
        dy, dx = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
        coverage = np.clip(radius_px + 0.5 - np.hypot(dy, dx), 0, 1)
        keep = coverage > 0.05
        stencil = np.column_stack([dy[keep], dx[keep], coverage[keep]]).astype(np.float32)
    stencil.flags.writeable = False
    return stencil


@cache
def lot_table() -> npt.NDArray[np.float32]:
    """Return (65536,) float32, read-only: waiting times of rate 1 at evenly spread chances."""
    chances = (np.arange(65_536) + 0.5) / 65_536
    lots = (-np.log(chances)).astype(np.float32)
    lots.flags.writeable = False
    return lots
