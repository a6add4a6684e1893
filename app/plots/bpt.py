"""Diagrams of emission lines that tell star formation from active nuclei (Baldwin, Phillips & Terlevich 1981).

The lines are those of Kewley et al. 2001 (the most that star formation can do), Kauffmann et al. 2003 (what is purely
star formation) and Kewley et al. 2006 (Seyferts above, LINERs below).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.plot_plugins import PlotScene
from app.plots.drawing import FloatArray, labelled_points, line, ring

Y_NAME = "log [OIII]/Hβ"
Y_RANGE = (-1.5, 1.6)


@dataclass(frozen=True)
class Line:
    """A line between kinds of galaxies.

    Attributes:
        label: who drew it.
        of: gives log [OIII]/Hβ for (m,) of the horizontal axis.
        start: where it begins on that axis.
        stop: where it ends.
        dash: how it is drawn.
    """

    label: str
    of: Callable[[FloatArray], FloatArray]
    start: float
    stop: float
    dash: str = "solid"


def _hyperbola(slope: float, pole: float, height: float) -> Callable[[FloatArray], FloatArray]:
    return lambda x: slope / (x - pole) + height


def _straight(slope: float, height: float) -> Callable[[FloatArray], FloatArray]:
    return lambda x: slope * x + height


KEWLEY, KAUFFMANN, SEYFERT = "Kewley 2001", "Kauffmann 2003", "Kewley 2006: Seyfert above, LINER below"

LINES = {
    "nii": (
        Line(KEWLEY, _hyperbola(0.61, 0.47, 1.19), -2.0, 0.25),
        Line(KAUFFMANN, _hyperbola(0.61, 0.05, 1.3), -1.28, -0.17, "dashed"),
    ),
    "sii": (
        Line(KEWLEY, _hyperbola(0.72, 0.32, 1.30), -2.0, 0.06),
        Line(SEYFERT, _straight(1.89, 0.76), -0.31, 0.4, "dotted"),
    ),
    "oi": (
        Line(KEWLEY, _hyperbola(0.73, -0.59, 1.33), -3.0, -0.85),
        Line(SEYFERT, _straight(1.18, 1.30), -1.12, -0.2, "dotted"),
    ),
}
"""The ratio along the horizontal axis → its lines."""

AXES = {"nii": "log [NII]/Hα", "sii": "log [SII]/Hα", "oi": "log [OI]/Hα"}


def draw_bpt(scene: PlotScene, columns: dict[str, str], *, over: str) -> Any:  # noqa: ANN401 - HoloViews
    """Draw a diagram.

    Args:
        scene: what is drawn.
        columns: of halpha, hbeta, oiii, and the one along the horizontal axis.
        over: that one: nii, sii or oi.
    """
    table = scene.frame(list(columns.values()))
    lines = {name: table[column].to_numpy(np.float64) for name, column in columns.items()}
    x, y = log_ratio(lines[over], lines["halpha"]), log_ratio(lines["oiii"], lines["hbeta"])
    names = (AXES[over], Y_NAME)
    made = labelled_points(scene, x, y, names)
    for each in LINES[over]:
        places = np.linspace(each.start, each.stop, 120)
        heights = each.of(places)
        inside = (heights >= Y_RANGE[0]) & (heights <= Y_RANGE[1])
        made *= line(places[inside], heights[inside], names, label=each.label, dash=each.dash)
    return made * ring(scene, x, y, names)


def log_ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return (n,) log10 of a ratio, NaN where one of the two is missing or not above 0."""
    there = (above > 0) & (below > 0)
    found = np.full(len(above), np.nan)
    found[there] = np.log10(above[there] / below[there])
    return found
