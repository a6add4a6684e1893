"""Which points of the map lie inside a lasso: compiled, without the interpreter lock, exact by the even-odd rule.

The edges are sorted into horizontal strips, so that a point looks only at the few edges at its own height.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Line = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Where a closed line goes: (v,) x and (v,) y, in the units of the positions."""

MOST_VERTICES = 1_024
"""Of a lasso with more vertices evenly spaced ones are kept: a hand on a screen draws no finer."""

STRIPS = 512

_compiled = numba.njit(cache=True, nogil=True, fastmath=False)


def rows_inside(
    positions: npt.NDArray[np.float32], xs: npt.NDArray[np.floating], ys: npt.NDArray[np.floating]
) -> npt.NDArray[np.int64]:
    """Return the rows of the points inside a closed line.

    Args:
        positions: (n, 2) float32, may be a memory map; points that are not finite lie in no lasso.
        xs: (v,) where the line goes, in the units of the positions; its end is joined to its beginning.
        ys: (v,) likewise.

    Returns:
        (m,) int64, ascending; none where the line has fewer than three points or any that is not finite.

    Raises:
        ValueError: the lengths of xs and ys differ.
    """
    xs, ys = np.asarray(xs, np.float64).reshape(-1), np.asarray(ys, np.float64).reshape(-1)
    if len(xs) != len(ys):
        raise ValueError(f"a line has {len(xs)} x and {len(ys)} y; give as many of each")
    if len(xs) < 3 or not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        return np.empty(0, np.int64)
    if len(xs) > MOST_VERTICES:
        kept = (np.arange(MOST_VERTICES) * len(xs)) // MOST_VERTICES
        xs, ys = xs[kept], ys[kept]
    starts, edges = _in_strips(ys)
    return np.flatnonzero(_inside(positions, xs, ys, starts, edges))


def warm_up() -> None:
    """Compile, or read the compiled code from disk, before a person waits for it."""
    corner = np.asarray([0.0, 1.0, 0.0])
    rows_inside(np.zeros((1, 2), np.float32), corner, corner[::-1])


def _in_strips(ys: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (STRIPS + 1,) where each strip's edges begin, and (e,) the edges: number i goes from i to i + 1."""
    low, high = float(ys.min()), float(ys.max())
    scale = STRIPS / (high - low) if high > low else 0.0
    after = np.roll(ys, -1)
    first = np.clip((np.minimum(ys, after) - low) * scale, 0, STRIPS - 1).astype(np.int64)
    last = np.clip((np.maximum(ys, after) - low) * scale, 0, STRIPS - 1).astype(np.int64)
    spans = last - first + 1
    edge = np.repeat(np.arange(len(ys)), spans)
    begin = np.repeat(np.cumsum(spans) - spans, spans)
    strip = first[edge] + np.arange(len(edge)) - begin
    order = np.argsort(strip, kind="stable")
    starts = np.searchsorted(strip[order], np.arange(STRIPS + 1))
    return starts.astype(np.int64), edge[order]


@_compiled
def _inside(positions: Array, xs: Array, ys: Array, starts: Array, edges: Array) -> Array:
    count = xs.shape[0]
    x0, x1, y0, y1 = xs.min(), xs.max(), ys.min(), ys.max()
    scale = STRIPS / (y1 - y0) if y1 > y0 else 0.0
    found = np.zeros(positions.shape[0], np.bool_)
    for row in range(positions.shape[0]):
        x = np.float64(positions[row, 0])
        y = np.float64(positions[row, 1])
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        strip = min(int((y - y0) * scale), STRIPS - 1)
        inside = False
        for place in range(starts[strip], starts[strip + 1]):
            one = edges[place]
            other = one + 1 if one + 1 < count else 0
            if (ys[one] > y) == (ys[other] > y):
                continue
            if x < (xs[other] - xs[one]) * (y - ys[one]) / (ys[other] - ys[one]) + xs[one]:
                inside = not inside
        found[row] = inside
    return found
