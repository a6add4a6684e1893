"""Tests of the still picture of a series."""

from __future__ import annotations

import re

import numpy as np

from app.components.series_picture import HEIGHT_PX, POINTS, WIDTH_PX, series_svg, thinned


def paths(svg: str) -> list[str]:
    return re.findall(r' d="([^"]*)"', svg)


def test_series_svg__a_band_for_each_channel() -> None:
    values = np.stack([np.arange(5), np.arange(5)[::-1]], axis=1).astype(np.float32)
    svg = series_svg(values)
    rising, falling = paths(svg)
    assert rising.startswith("M0.0 69.0L")
    assert rising.endswith(f"L{WIDTH_PX}.0 3.0")
    assert falling.startswith(f"M0.0 {HEIGHT_PX + 3}.0L")
    assert 'aria-label="5 points"' in svg


def test_series_svg__a_gap_stays_a_gap() -> None:
    values = np.array([[0.0], [1.0], [np.nan], [1.0], [0.0]], np.float32)
    assert paths(series_svg(values))[0].count("M") == 2


def test_series_svg__no_peak_is_lost_among_many_points() -> None:
    values = np.zeros((100_000, 1), np.float32)
    values[54_321] = 9.0
    path = paths(series_svg(values))[0]
    assert " 3.0" in path
    assert path.count("L") <= POINTS


def test_series_svg__nothing_to_draw_and_a_level_line() -> None:
    assert paths(series_svg(np.full((4, 1), np.nan, np.float32))) == [""]
    assert paths(series_svg(np.ones((2, 1), np.float32))) == [f"M0.0 36.0L{WIDTH_PX}.0 36.0"]


def test_thinned__keeps_the_peak_and_the_gap() -> None:
    values = np.zeros((1000, 1), np.float32)
    values[777], values[778], values[200:300] = 9, -9, np.nan
    thin = thinned(values, 100)
    assert thin.shape == (20, 1)
    assert thin[14:16, 0].tolist() == [-9, 9]
    assert np.isnan(thin[4:6]).all() and np.isfinite(thin[6:]).all()
    assert len(thinned(values[:250], 100)) == 6
