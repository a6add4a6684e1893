"""Positions by two columns: missing values, logarithms, and what can be an axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.components.map_figure import Axis
from app.plotting import KeptPositions, first_plot, known_plots, plot_axes, plot_columns
from app.project import Project
from config.schema import PlotSection
from tests.app.test_colour_columns import pool_of

LINES = ["id,u,v,when,band", "1,1,10,2026-01-01,r", "2,,100,2026-01-02,g", "3,-5,1000,2026-01-03,r"]


def test_of__values_and_logarithms(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, LINES)
    kept = KeptPositions(pool)
    plain = kept.of(PlotSection(x="u", y="v"))
    np.testing.assert_array_equal(plain, np.array([[1, 10], [np.nan, 100], [-5, 1000]], np.float32))
    log = kept.of(PlotSection(x="u", y="v", log_x=True, log_y=True))
    np.testing.assert_allclose(log, np.array([[0, 1], [np.nan, 2], [np.nan, 3]], np.float32))
    assert not log.flags.writeable


def test_of__one_column_twice_and_made_once(tmp_path: Path) -> None:
    kept = KeptPositions(pool_of(tmp_path, LINES))
    same = kept.of(PlotSection(x="v", y="v"))
    assert (same[:, 0] == same[:, 1]).all()
    assert kept.of(PlotSection(x="v", y="v")) is same


def test_plot_columns__numbers_and_dates(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, LINES)
    assert [column.name for column in plot_columns(pool)] == ["u", "v", "when"]
    assert first_plot(pool) == PlotSection(x="u", y="v")
    axes = plot_axes(pool, PlotSection(x="when", y="v", log_y=True))
    assert axes == (Axis("when", "date"), Axis("v", "log"))


def test_known_plots__leaves_out_columns_that_are_gone(clouds: Project) -> None:
    plots = (PlotSection(x="a", y="b"), PlotSection(x="a", y="gone"))
    assert known_plots(clouds.pool, plots) == plots[:1]
