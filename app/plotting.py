"""Positions of items by two of their columns, for plots beside the map; made in threads, kept for all sessions."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from app.components.map_figure import Axis
from app.components.map_picture import frozen
from config.schema import PlotSection
from labeling.pools.contract import Column
from labeling.pools.pool import Pool

CHUNK_ROWS = 65_536
KEPT = 4
"""Plots whose positions are kept: one of 1,000,000 items takes 8 MB."""

Positions = npt.NDArray[np.float32]


class KeptPositions:
    """The positions of the plots that were asked for last; safe to use from several threads."""

    def __init__(self, pool: Pool) -> None:
        """Keep nothing yet."""
        self._pool = pool
        self._lock = threading.Lock()
        self._kept: OrderedDict[PlotSection, Positions] = OrderedDict()

    def of(self, plot: PlotSection) -> Positions:
        """Return (n, 2) float32, read-only: where the plot has each item; NaN where it has it nowhere.

        An item is nowhere where a value is missing, or is not above 0 on a logarithmic axis, whose positions are
        logarithms to base 10.
        """
        with self._lock:
            found = self._kept.get(plot)
            if found is not None:
                self._kept.move_to_end(plot)
                return found
        made = _positions(self._pool, plot)
        with self._lock:
            self._kept[plot] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def plot_columns(pool: Pool) -> tuple[Column, ...]:
    """Return the columns that can be an axis: the numeric ones."""
    return tuple(column for column in pool.columns if column.role == "numeric")


def plot_axes(pool: Pool, plot: PlotSection) -> tuple[Axis, Axis]:
    """Return what the axes of a plot show."""
    units = {column.name: column.unit for column in pool.columns}
    sides = ((plot.x, plot.log_x), (plot.y, plot.log_y))
    x, y = (
        Axis(name, "log" if log else "date" if units.get(name) is not None else "number")
        for name, log in sides
    )
    return x, y


def first_plot(pool: Pool) -> PlotSection | None:
    """Return the plot to begin with, of the first two numeric columns; None where there is no column for it."""
    names = [column.name for column in plot_columns(pool)]
    return PlotSection(x=names[0], y=names[min(1, len(names) - 1)]) if names else None


def known_plots(pool: Pool, plots: tuple[PlotSection, ...]) -> tuple[PlotSection, ...]:
    """Return the plots whose columns the pool has."""
    names = {column.name for column in plot_columns(pool)}
    return tuple(plot for plot in plots if plot.x in names and plot.y in names)


def _positions(pool: Pool, plot: PlotSection) -> Positions:
    positions = np.empty((pool.n, 2), np.float32)
    for start in range(0, pool.n, CHUNK_ROWS):
        frame = pool.frame(start, min(start + CHUNK_ROWS, pool.n), columns=[plot.x, plot.y])
        for side, (name, log) in enumerate(((plot.x, plot.log_x), (plot.y, plot.log_y))):
            values = frame[name].to_numpy(np.float64)
            if log:
                with np.errstate(divide="ignore", invalid="ignore"):
                    values = np.where(values > 0, np.log10(values), np.nan)
            positions[start : start + len(values), side] = values
    return frozen(positions)
