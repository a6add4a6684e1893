"""Plots of a field's own, drawn by plug-ins with HoloViews: what they are given, and how they are found.

A plug-in is an installed package that announces its plots in the entry-point group `goldpan.plots`, or a Python file
that the local user names on the command line. A configuration holds names of plots alone: what it names and nobody
brings is told on the page, and left out.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.errors import PluginError
from app.plugins import VARIABLE, ensure_loaded, name_files, problems
from config.registry import Registry
from labeling.pools.pool import Pool

GROUP = "goldpan.plots"
ROW = "row"
"""A column of this name in what a plot shows holds rows of the pool: choosing points there chooses the items."""


@dataclass(frozen=True)
class PlotScene:
    """What a plot is drawn from. Everything is read-only; arrays have one entry for each item of the pool.

    Attributes:
        pool: the pool; `frame` reads its columns.
        labels: (n,) int16, the place in `class_names` of each item's label; -1 where it has none.
        class_names: of the open classes, in order.
        class_colours: as "#rrggbb", in the same order.
        marked: row of the item that is looked at; None while there is none.
        chosen: (m,) int64, rows of the items that are chosen on the map or in a plot.
        dark: whether the dark theme is on.
    """

    pool: Pool
    labels: npt.NDArray[np.int16]
    class_names: tuple[str, ...]
    class_colours: tuple[str, ...]
    marked: int | None
    chosen: npt.NDArray[np.int64]
    dark: bool

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all items, with `row` as their number in the pool.

        Raises:
            PluginError: the pool has no such column.
        """
        known = [column.name for column in self.pool.columns]
        missing = [name for name in columns if name not in known]
        if missing:
            raise PluginError(
                f"the pool has no column {missing[0]!r}; it has {', '.join(map(repr, known[:20])) or 'none'}"
            )
        found = self.pool.frame(0, self.pool.n, columns=list(columns)).reset_index(drop=True)
        return found.assign(**{ROW: np.arange(self.pool.n)})


DomainPlot = Callable[[PlotScene], Any]
"""Draws what a scene holds and returns a HoloViews object; called in a thread, again when the scene changes."""

domain_plots: Registry[DomainPlot] = Registry("plot")


TITLES = {
    "bpt_nii": "BPT diagram, [NII]",
    "bpt_sii": "BPT diagram, [SII]",
    "bpt_oi": "BPT diagram, [OI]",
    "wise_wedge": "WISE colours, Mateos wedge",
    "spectrum": "Spectral energy distribution",
}
"""Names of goldpan's own plots (`app.plots`) → what the page calls them."""


def register_plot(name: str) -> Callable[[DomainPlot], DomainPlot]:
    """Return a decorator that registers a plot under a name.

    Args:
        name: lower case, words joined by underscores; the page shows it with spaces.

    Raises:
        DuplicateNameError: the name is taken.
    """
    return domain_plots.register(name)


def title_of(name: str) -> str:
    """Return a plot's name as the page shows it."""
    if name in TITLES:
        return TITLES[name]
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def load_plots(files: Sequence[Path] = ()) -> tuple[str, ...]:
    """Load the plots of packages and of files, with whatever else the files bring; what is broken is left out.

    Args:
        files: Python files that the local user named.

    Returns:
        What could not be loaded, in words: one text for each.
    """
    if files or os.environ.get(VARIABLE) or entry_points(group=GROUP):
        # Options of a plot's elements are known once a way of drawing is; not loaded where nobody plots.
        importlib.import_module("holoviews.plotting.bokeh")
    name_files(files)
    ensure_loaded("plot", "item_view")
    return problems()
