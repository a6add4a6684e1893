"""The spectral energy distribution of the item that is looked at, from columns of brightness and their wavelengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from app.plot_plugins import PlotScene
from app.plots.drawing import MARK_COLOUR, holoviews
from config.view_parts import BandSection

LINE_COLOUR = "#8a8a8a"
AB_ZERO_MJY = 3_631_000.0
"""Flux of AB magnitude 0."""

NAMES = ("wavelength (µm)", "flux (mJy)")


def draw_spectrum(scene: PlotScene, bands: Sequence[BandSection]) -> Any:  # noqa: ANN401 - HoloViews
    """Draw the flux in each band; bands without a value are left out.

    Args:
        scene: what is drawn; the marked item alone is.
        bands: whose columns the pool has.
    """
    hv = holoviews()
    found = [] if scene.marked is None else item_fluxes(scene, scene.marked, bands)
    x, y = NAMES
    table = pd.DataFrame(sorted(found), columns=[x, y, "error", "width", "column"])
    table = table.astype(dict.fromkeys((x, y, "error", "width"), np.float64))
    made = hv.Curve(table, x, y).opts(color=LINE_COLOUR, line_width=1)
    made *= hv.Scatter(table, x, [y, "column"]).opts(size=8, color=MARK_COLOUR, tools=["hover"])
    # A bar that reaches 0 or below has no end on a logarithmic axis.
    sure = table[(table["error"] > 0) & (table["error"] < table[y])]
    wide = table[(table["width"] > 0) & (table["width"] < 2 * table[x])]
    ends = {x: wide[x] - wide["width"] / 2, "stop": wide[x] + wide["width"] / 2, "flux there": wide[y]}
    made *= hv.ErrorBars(sure, x, [y, "error"]).opts(color=LINE_COLOUR)
    made *= hv.Segments(wide.assign(**ends), [x, y, "stop", "flux there"]).opts(color=LINE_COLOUR)
    some = bool(found)
    return made.opts(logx=some, logy=some, title=_title(scene, len(found)), padding=0.1)


def item_fluxes(
    scene: PlotScene, row: int, bands: Sequence[BandSection]
) -> list[tuple[float, float, float, float, str]]:
    """Return wavelength, flux, its error (0 where unknown), width (0 likewise) and column of an item's bands."""
    names = {band.column for band in bands} | {band.error for band in bands if band.error is not None}
    values = scene.pool.values(row, names)
    found = []
    for band in bands:
        value, error = values.get(band.column), values.get(band.error or "")
        if not isinstance(value, float):
            continue
        flux = flux_mjy(band, value)
        if not 0 < flux < np.inf:
            continue
        wrong = flux_error_mjy(band, flux, error) if isinstance(error, float) else 0.0
        found.append((band.wavelength_um, flux, wrong, band.width_um or 0.0, band.column))
    return found


def flux_mjy(band: BandSection, value: float) -> float:
    """Return the flux of a value in a band."""
    if band.kind == "mjy":
        return value
    zero = AB_ZERO_MJY if band.kind == "ab_mag" else 1000 * (band.zero_point_jy or 0.0)
    return float(zero * 10 ** (-0.4 * value)) if abs(value) < 200 else 0.0


def flux_error_mjy(band: BandSection, flux: float, error: float) -> float:
    """Return the error of a flux from that of the value, to first order."""
    return error if band.kind == "mjy" else float(flux * error * 0.4 * np.log(10))


def _title(scene: PlotScene, count: int) -> str:
    if scene.marked is None:
        return "Pick an item to see its spectrum"
    key = scene.pool.key(scene.marked)
    return f"Item {key}" if count else f"Item {key} has no value in any band"
