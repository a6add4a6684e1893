"""What the plots share: items as points in their classes' colours, lines of the literature, a ring about one item."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.plot_plugins import ROW, PlotScene

POINTS_MAX = 20_000
"""Points that are drawn; of more, all labelled ones that there is room for, and a fair draw of the others."""

NO_LABEL = "no label"
NO_LABEL_COLOUR = "#8a8a8a"
MARK_COLOUR = "#d62728"
LINE_COLOUR = "#0e8f9e"
"""Of lines of the literature; it can be seen in both themes."""

FloatArray = npt.NDArray[np.float64]


def holoviews() -> Any:  # noqa: ANN401 - a module
    """Return HoloViews, once it knows how to draw with Bokeh; slow the first time, so for a thread."""
    importlib.import_module("holoviews.plotting.bokeh")
    return importlib.import_module("holoviews")


def labelled_points(scene: PlotScene, x: FloatArray, y: FloatArray, names: tuple[str, str]) -> Any:  # noqa: ANN401
    """Return items as points, those with a label above the others.

    Args:
        scene: what is drawn.
        x: (n,) float64; NaN where an item has no place.
        y: (n,) float64, likewise.
        names: of the axes.
    """
    hv = holoviews()
    rows = _drawn(scene, np.flatnonzero(np.isfinite(x) & np.isfinite(y)))
    classes = [*scene.class_names, NO_LABEL]
    table = pd.DataFrame(
        {
            names[0]: x[rows],
            names[1]: y[rows],
            ROW: rows,
            "class": [classes[label] for label in scene.labels[rows]],
        }
    )
    return hv.Points(table, list(names), [ROW, "class"]).opts(
        color="class",
        cmap=dict(zip(classes, [*scene.class_colours, NO_LABEL_COLOUR], strict=True)),
        size=4,
        tools=["box_select", "lasso_select", "hover"],
        legend_position="right",
        padding=0.05,
    )


def ring(scene: PlotScene, x: FloatArray, y: FloatArray, names: tuple[str, str]) -> Any:  # noqa: ANN401
    """Return a ring about the item that is looked at; nothing where it has no place."""
    row = scene.marked
    there = row is not None and bool(np.isfinite(x[row]) and np.isfinite(y[row]))
    place = [(x[row], y[row])] if there and row is not None else []
    table = pd.DataFrame(place, columns=list(names), dtype=np.float64)
    return holoviews().Points(table, list(names)).opts(
        size=16, fill_alpha=0, line_width=3, line_color=MARK_COLOUR, color=MARK_COLOUR
    )  # fmt: skip


def line(
    x: Sequence[float] | FloatArray,
    y: Sequence[float] | FloatArray,
    names: tuple[str, str],
    *,
    label: str,
    dash: str = "solid",
) -> Any:  # noqa: ANN401
    """Return a line of the literature.

    Args:
        x: places along the horizontal axis.
        y: as many along the vertical one.
        names: of the axes.
        label: what the legend calls it.
        dash: how it is drawn: solid, dashed, dotted.
    """
    made = holoviews().Curve(list(zip(x, y, strict=True)), names[0], names[1], label=label)
    return made.opts(color=LINE_COLOUR, line_dash=dash, line_width=2)


def _drawn(scene: PlotScene, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Return the rows that are drawn, labelled ones last; the same ones each time."""
    labelled = scene.labels[rows] >= 0
    generator = np.random.default_rng(0)
    parts = []
    room = POINTS_MAX
    for part in (rows[labelled], rows[~labelled]):
        taken = part if len(part) <= room else np.sort(generator.choice(part, room, replace=False))
        room -= len(taken)
        parts.append(taken)
    return np.concatenate(parts[::-1]).astype(np.int64)
