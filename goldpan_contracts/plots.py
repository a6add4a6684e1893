"""What every plot keeps."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np

from app.plot_plugins import DomainPlot, PlotScene
from goldpan_contracts.errors import require, told
from labeling.pools.pool import Pool


def check_plot(plot: DomainPlot, pool: Pool) -> None:
    """Check that a plot can be drawn whatever is labelled, chosen or looked at, in both themes.

    Args:
        plot: the function.
        pool: a small pool with the columns it needs, of at least four items (`goldpan.open_project(…).pool`).

    Raises:
        ContractBrokenError: a promise is not kept.
    """
    holoviews = importlib.import_module("holoviews")
    importlib.import_module("holoviews.plotting.bokeh")
    called = getattr(plot, "__name__", "the plot")
    labels = (np.arange(pool.n) % 3 - 1).astype(np.int16)
    full = PlotScene(
        pool=pool,
        labels=labels,
        class_names=("star", "quasar"),
        class_colours=("#1f77b4", "#ff7f0e"),
        marked=2,
        chosen=np.array([0, 3], np.int64),
        dark=False,
    )
    scenes = {
        "with labels, a marked item and a choice": full,
        "in the dark theme": replace(full, dark=True),
        "with nothing marked or chosen": replace(full, marked=None, chosen=np.array([], np.int64)),
        "without labels": replace(full, labels=np.full(pool.n, -1, np.int16)),
        "without classes": replace(
            full, labels=np.full(pool.n, -1, np.int16), class_names=(), class_colours=()
        ),
    }
    for words, scene in scenes.items():
        with told(f"{called}, {words}"):
            drawn = plot(scene)
            holoviews.renderer("bokeh").get_plot(drawn)
    require(np.array_equal(labels, (np.arange(pool.n) % 3 - 1)), f"{called}: the scene is left unchanged")
