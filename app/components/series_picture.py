"""A small still picture of a time series, for places that list items; the label card draws one that can be zoomed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

WIDTH_PX, HEIGHT_PX = 320, 72
BINS = 320
"""Of more points the lowest and the highest of each bin are drawn, so that no peak is lost."""


def series_svg(values: npt.NDArray[np.float32]) -> str:
    """Return a series as an SVG, one line a channel, each in a band of its own; gaps stay gaps.

    Args:
        values: (t, c) float32; row i is point i, column j channel j; NaN where there is no value.
    """
    channels = values.shape[1]
    bands = "".join(
        f'<path d="{_path(values[:, channel], top_px=channel * HEIGHT_PX)}" fill="none" stroke="currentColor" '
        'vector-effect="non-scaling-stroke"/>'
        for channel in range(channels)
    )
    return (
        f'<svg class="gp-series" role="img" aria-label="{values.shape[0]:,} points" width="100%" '
        f'viewBox="0 0 {WIDTH_PX} {HEIGHT_PX * channels}" preserveAspectRatio="none" '
        f'height="{HEIGHT_PX * channels}">{bands}</svg>'
    )


def _path(values: npt.NDArray[np.float32], *, top_px: int) -> str:
    """Return the path of one channel: a move after each gap, a line else."""
    places, drawn = _thinned(values)
    finite = np.isfinite(drawn)
    if not finite.any():
        return ""
    low, high = float(drawn[finite].min()), float(drawn[finite].max())
    scale = (HEIGHT_PX - 6) / (high - low) if high > low else 0.0
    xs = places * (WIDTH_PX / max(len(values) - 1, 1))
    ys = top_px + HEIGHT_PX - 3 - (np.where(finite, drawn, low) - low) * scale
    if high == low:
        ys = np.full(len(drawn), top_px + HEIGHT_PX / 2)
    steps, pen = [], "M"
    for x, y, there in zip(xs, ys, finite, strict=True):
        if there:
            steps.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if there else "M"
    return "".join(steps)


def _thinned(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the points that are drawn: (m,) where they are and (m,) their values, in order."""
    count = len(values)
    if count <= 2 * BINS:
        return np.arange(count), values
    edges = np.linspace(0, count, BINS + 1).astype(np.int64)
    kept: list[int] = []
    for start, stop in pairwise(edges.tolist()):
        part = values[start:stop]
        if np.isnan(part).all():
            kept.append(int(start))
            continue
        kept.extend(sorted({int(start + np.nanargmin(part)), int(start + np.nanargmax(part))}))
    places = np.asarray(kept, np.int64)
    return places, values[places]
