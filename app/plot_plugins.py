"""Plots of a field's own, drawn by plug-ins with HoloViews: what they are given, and how they are found.

A plug-in is an installed package that announces its plots in the entry-point group `goldpan.plots`, or a Python file
that the local user names on the command line. A configuration holds names of plots alone: what it names and nobody
brings is told on the page, and left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.errors import PluginError
from config.registry import Registry
from labeling.pools.pool import Pool

log = logging.getLogger("goldpan.plugins")

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
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def load_plots(files: Sequence[Path] = ()) -> tuple[str, ...]:
    """Register the plots of installed packages and of files; what is broken is left out.

    Args:
        files: Python files that the local user named.

    Returns:
        What could not be loaded, in words: one text for each.
    """
    points = sorted(entry_points(group=GROUP), key=lambda each: each.name)
    if files or points:
        # Options of a plot's elements are known once a way of drawing is; not loaded where nobody plots.
        importlib.import_module("holoviews.plotting.bokeh")
    problems = [_load_file(path) for path in files] + [_load_point(point) for point in points]
    found = tuple(problem for problem in problems if problem)
    for problem in found:
        log.warning("%s", problem)
    return found


def _load_file(path: Path) -> str:
    if not path.is_file():
        return f"the plug-in {path} is no file; give the path of a Python file"
    name = f"goldpan_plugin_{path.stem}"
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            return f"the plug-in {path} is no Python file; its name must end with .py"
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except Exception as problem:  # a plug-in's own code: whatever it raises must not stop the server
        log.debug("the plug-in %s failed", path, exc_info=True)
        return f"the plug-in {path} is left out: {type(problem).__name__}: {problem}"
    return ""


def _load_point(point: Any) -> str:  # noqa: ANN401 - an entry point
    try:
        plot = point.load()
        if point.name not in domain_plots.names():
            if not callable(plot):
                return f"the plot {point.name!r} of {point.value} is left out: it is no function of a scene"
            domain_plots.register(point.name)(plot)
    except Exception as problem:  # a plug-in's own code, as above
        log.debug("the plug-in %s failed", point.value, exc_info=True)
        return f"the plot {point.name!r} of {point.value} is left out: {type(problem).__name__}: {problem}"
    return ""
