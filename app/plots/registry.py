"""The plots that come with goldpan, and which of them a pool can be shown in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.plot_plugins import DomainPlot, PlotScene, domain_plots
from app.plots.bpt import draw_bpt
from app.plots.columns import find_columns
from app.plots.sed import draw_spectrum
from app.plots.wise import draw_wedge
from app.plotting import plot_columns
from config.schema import ViewsSection
from labeling.pools.pool import Pool

Offer = Callable[[Pool, ViewsSection], DomainPlot | None]
"""Returns how to draw a pool, None where it lacks what the plot needs."""


def plots_of(pool: Pool, views: ViewsSection) -> dict[str, DomainPlot]:
    """Return the plots that can be shown, by name: goldpan's own where the pool has their columns, and all of plug-ins.

    Args:
        pool: the pool.
        views: the configuration's words on columns and bands.
    """
    found = {name: offer(pool, views) for name, offer in BUILT_IN.items()}
    plugged = {name: domain_plots.get(name) for name in domain_plots.names()}
    return {name: draw for name, draw in found.items() if draw is not None} | plugged


def _bpt(pool: Pool, views: ViewsSection, *, over: str) -> DomainPlot | None:
    columns = find_columns(("halpha", "hbeta", "oiii", over), _names(pool), views.plot_columns)
    return None if columns is None else partial(draw_bpt, columns=columns, over=over)


def _wedge(pool: Pool, views: ViewsSection) -> DomainPlot | None:
    columns = find_columns(("w1", "w2", "w3"), _names(pool), views.plot_columns)
    return None if columns is None else partial(draw_wedge, columns=columns)


def _spectrum(pool: Pool, views: ViewsSection) -> DomainPlot | None:
    names = set(_names(pool))
    bands = [
        band if band.error in names else band.model_copy(update={"error": None})
        for band in views.bands
        if band.column in names
    ]

    def draw(scene: PlotScene) -> object:
        return draw_spectrum(scene, bands)

    return draw if bands else None


def _names(pool: Pool) -> list[str]:
    return [column.name for column in plot_columns(pool)]


BUILT_IN: dict[str, Offer] = {
    "bpt_nii": partial(_bpt, over="nii"),
    "bpt_sii": partial(_bpt, over="sii"),
    "bpt_oi": partial(_bpt, over="oi"),
    "wise_wedge": _wedge,
    "spectrum": _spectrum,
}
"""Name → the plot, where a pool can be shown in it."""
