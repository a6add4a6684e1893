"""A small still picture of a time series, for places that list items; the label card draws one that can be zoomed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 320, 72, 3
POINTS = 640
"""Of more points the least and the greatest of each stretch are drawn, so that no peak is lost."""


def series_svg(values: npt.NDArray[np.float32]) -> str:
    """Return a series as an SVG, one line a channel, each in a band of its own; gaps stay gaps.

    Args:
        values: (t, c) float32; row i is point i, column j channel j; NaN where there is no value.
    """
    points, channels = values.shape
    drawn = values if points <= POINTS else thinned(values, -(-points // (POINTS // 2)))
    bands = "".join(
        f'<path d="{_path(drawn[:, channel], top_px=channel * HEIGHT_PX)}" fill="none" stroke="currentColor" '
        'vector-effect="non-scaling-stroke"/>'
        for channel in range(channels)
    )
    return (
        f'<svg class="gp-series" role="img" aria-label="{points:,} points" width="100%" '
        f'viewBox="0 0 {WIDTH_PX} {HEIGHT_PX * channels}" preserveAspectRatio="none" '
        f'height="{HEIGHT_PX * channels}">{bands}</svg>'
    )


def thinned(values: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float32]:
    """Return the least and the greatest number of each stretch of `step` points.

    Args:
        values: (t, c) float32; NaN for gaps.
        step: length of a stretch; the last may be shorter.

    Returns:
        (2 * ceil(t / step), c) float32; NaN for a stretch that is all gap.
    """
    starts = np.arange(0, len(values), step)
    pairs = np.stack([np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)], axis=1)
    return pairs.reshape(-1, values.shape[1])


def _path(values: npt.NDArray[np.float32], *, top_px: int) -> str:
    """Return the path of one channel: a move after each gap, a line else."""
    finite = np.isfinite(values)
    if not finite.any():
        return ""
    low, high = float(values[finite].min()), float(values[finite].max())
    # A level line runs through the middle of its band.
    heights = (
        (np.where(finite, values, low) - low) / (high - low) if high > low else np.full(len(values), 0.5)
    )
    xs = np.linspace(0, WIDTH_PX, len(values))
    ys = top_px + HEIGHT_PX - MARGIN_PX - heights * (HEIGHT_PX - 2 * MARGIN_PX)
    steps, pen = [], "M"
    for x, y, there in zip(xs, ys, finite, strict=True):
        if there:
            steps.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if there else "M"
    return "".join(steps)
