"""The part of the map's rasteriser that colours by values along a ramp; see `raster`."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RAMP_STEPS = 254
"""Steps along the ramp: values are stored as 0 to 254."""

NO_VALUE = 255
"""What is stored for an item without a value."""

_compiled = numba.njit(cache=True, nogil=True, fastmath=False)


@_compiled
def sum_values(
    positions: Array, values: Array, view: Array, count: Array, total: Array, valued: Array
) -> int:
    """Count the points of each pixel and sum their values.

    Args:
        positions: (n, 2) float32.
        values: (n,) uint8, 0 to 254 for 0 to 1, NO_VALUE where there is none.
        view: (4,) float64: x0, x1, y0, y1.
        count: (h, w) int32, written: points in the pixel.
        total: (h, w) float32, written: sum of their values.
        valued: (h, w) float32, written: how many of them have one.

    Returns:
        How many points are in view.
    """
    height, width = count.shape
    count[:] = 0
    total[:] = 0
    valued[:] = 0
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
            if values[i] != NO_VALUE:
                valued[y, x] += 1
                total[y, x] += values[i] * np.float32(1 / 254)
    return inside


@_compiled
def spread_values(
    count: Array,
    total: Array,
    valued: Array,
    stencil: Array,
    density: Array,
    cover: Array,
    sums: Array,
    shares: Array,
) -> None:
    """Widen each filled pixel to a disc, values (`sums`) and how many have one (`shares`) summed by coverage.

    The other arguments are as in `raster.spread_codes` and `sum_values`.
    """
    height, width = count.shape
    density[:] = 0
    cover[:] = 0
    sums[:] = 0
    shares[:] = 0
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
                sums[ty, tx] += share * total[y, x]
                shares[ty, tx] += share * valued[y, x]
                cover[ty, tx] = max(cover[ty, tx], share)


@_compiled
def shade_values(
    density: Array,
    cover: Array,
    sums: Array,
    shares: Array,
    ramp: Array,
    full: float,
    faint: float,
    image: Array,
) -> None:
    """Colour each pixel by the mean of its values along a ramp; else as `raster.shade_codes`.

    Args:
        density: (h, w) float32 of `spread_values`.
        cover: (h, w) float32 likewise.
        sums: (h, w) float32 likewise.
        shares: (h, w) float32 likewise.
        ramp: (r + 1, 4) float32: red, green, blue 0 to 255, opacity 0 to 1; the last row is for no value.
        full: as in `raster.shade_codes`.
        faint: likewise.
        image: (h, w, 4) uint8, written.
    """
    height, width = density.shape
    none = ramp.shape[0] - 1
    scale = 1.0 / np.log1p(full)
    for y in range(height):
        for x in range(width):
            share = cover[y, x]
            if share <= 0:
                image[y, x, :] = 0
                continue
            row = none
            if shares[y, x] > 0:
                row = int(sums[y, x] / shares[y, x] * (none - 1) + 0.5)
                row = min(max(row, 0), none - 1)
            level = min(1.0, np.log1p(density[y, x]) * scale)
            image[y, x, 0] = np.uint8(ramp[row, 0])
            image[y, x, 1] = np.uint8(ramp[row, 1])
            image[y, x, 2] = np.uint8(ramp[row, 2])
            image[y, x, 3] = np.uint8(255 * share * (faint + (1 - faint) * level) * ramp[row, 3])
