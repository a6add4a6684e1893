"""Colours in the middle infrared: the wedge of active nuclei (Mateos et al. 2012), the cut of Stern et al. 2012."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.plot_plugins import PlotScene
from app.plots.drawing import FloatArray, labelled_points, line, ring

NAMES = ("W2 − W3 (Vega)", "W1 − W2 (Vega)")
SLOPE, TOP, BOTTOM = 0.315, 0.796, -0.222
SIDE_SLOPE, SIDE = -3.172, 7.624
RIGHT_END = 6.0
STERN = 0.8


def draw_wedge(scene: PlotScene, columns: dict[str, str]) -> Any:  # noqa: ANN401 - HoloViews
    """Draw the colours and the wedge.

    Args:
        scene: what is drawn.
        columns: of w1, w2, w3, in Vega magnitudes.
    """
    table = scene.frame(list(columns.values()))
    w1, w2, w3 = (table[columns[name]].to_numpy(np.float64) for name in ("w1", "w2", "w3"))
    x, y = w2 - w3, w1 - w2
    made = labelled_points(scene, x, y, NAMES)
    edges = wedge()
    made *= line(edges[:, 0], edges[:, 1], NAMES, label="Mateos 2012")
    made *= line([0.0, RIGHT_END], [STERN, STERN], NAMES, label="Stern 2012", dash="dashed")
    return made * ring(scene, x, y, NAMES)


def wedge() -> FloatArray:
    """Return (4, 2): the wedge's corners, from the open end of its top edge to that of its bottom edge."""
    left = [(SIDE - height) / (SLOPE - SIDE_SLOPE) for height in (TOP, BOTTOM)]
    return np.array(
        [
            (RIGHT_END, SLOPE * RIGHT_END + TOP),
            (left[0], SLOPE * left[0] + TOP),
            (left[1], SLOPE * left[1] + BOTTOM),
            (RIGHT_END, SLOPE * RIGHT_END + BOTTOM),
        ]
    )


def in_wedge(x: FloatArray, y: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return (n,) bool, which colours lie in the wedge."""
    return (y < SLOPE * x + TOP) & (y > SLOPE * x + BOTTOM) & (y > SIDE_SLOPE * x + SIDE)
