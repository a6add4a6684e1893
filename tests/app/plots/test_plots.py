"""goldpan's own plots: offered where their columns are, drawn whatever is labelled, true to the papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import holoviews as hv
import numpy as np
import pytest

from app.plot_plugins import PlotScene, title_of
from app.plots.bpt import LINES, log_ratio
from app.plots.columns import USUAL_NAMES, find_columns
from app.plots.drawing import POINTS_MAX, labelled_points
from app.plots.registry import BUILT_IN, plots_of
from app.plots.sed import flux_mjy, item_fluxes
from app.plots.wise import in_wedge, wedge
from config.schema import ViewsSection
from config.view_parts import BandSection
from goldpan_contracts import check_plot
from labeling.pools.pool import Pool
from tests.labeling.pools.files import csv_pool

COLUMNS = ("halpha", "hbeta", "oiii", "nii", "sii", "oi", "w1", "w2", "w3")
BANDS = (
    BandSection(column="w1", wavelength_um=3.4, width_um=0.6, kind="vega_mag", zero_point_jy=309.5),
    BandSection(column="w2", wavelength_um=4.6, error="w3"),
)


def pool_of(folder: Path, names: Sequence[str] = COLUMNS, rows: int = 6) -> Pool:
    lines = [",".join(["id", *names])]
    for row in range(rows):
        values = [f"{1 + (row * 7 + place * 3) % 5 + row / 10}" for place in range(len(names))]
        lines.append(",".join([f"i{row}", *(values if row else ["", *values[1:]])]))
    return csv_pool(folder, "\n".join(lines) + "\n")


def scene_of(pool: Pool, labels: Sequence[int]) -> PlotScene:
    return PlotScene(
        pool=pool,
        labels=np.array(labels, np.int16),
        class_names=("a",),
        class_colours=("#112233",),
        marked=1,
        chosen=np.array([], np.int64),
        dark=False,
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_plots__each_keeps_the_contract(name: str, tmp_path: Path) -> None:
    pool = pool_of(tmp_path)
    check_plot(plots_of(pool, ViewsSection(bands=BANDS))[name], pool)
    assert title_of(name) != name


def test_plots_of__only_those_whose_columns_are_there(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, ("H_ALPHA_FLUX", "hb", "O3", "NII_6584", "u"))
    assert list(plots_of(pool, ViewsSection())) == ["bpt_nii"]
    told = ViewsSection(plot_columns={"w1": "u", "w2": "u", "w3": "hb"})
    assert list(plots_of(pool, told)) == ["bpt_nii", "wise_wedge"]


def test_find_columns__what_the_file_says_goes_before_names() -> None:
    assert find_columns(("w1",), ["w1", "x"], {"w1": "x"}) == {"w1": "x"}
    assert find_columns(("w1",), ["w1", "x"], {"w1": "gone"}) is None
    assert all(name == name.lower() for names in USUAL_NAMES.values() for name in names)


def test_bpt__the_lines_go_where_the_papers_have_them() -> None:
    kewley, kauffmann = LINES["nii"]
    assert kewley.of(np.array([-0.5]))[0] == pytest.approx(0.561, abs=0.001)
    assert kauffmann.of(np.array([-0.5]))[0] == pytest.approx(0.191, abs=0.001)
    places = np.linspace(kauffmann.start + 0.01, kauffmann.stop, 50)
    assert (kauffmann.of(places) < kewley.of(places)).all()


def test_log_ratio__is_missing_where_a_line_is_not_seen() -> None:
    found = log_ratio(np.array([10.0, 0.0, -1.0, np.nan]), np.array([1.0, 1.0, 1.0, 1.0]))
    assert np.isnan(found).tolist() == [False, True, True, True]
    assert found[0] == 1.0


def test_wedge__its_corners_lie_on_its_edges_and_a_quasar_inside() -> None:
    corners = wedge()
    middle = corners.mean(axis=0)
    assert in_wedge(middle[:1], middle[1:]).all()
    quasar, star = (np.array([3.0]), np.array([1.2])), (np.array([0.1]), np.array([0.0]))
    assert in_wedge(*quasar).all() and not in_wedge(*star).any()


def test_flux__of_known_magnitudes() -> None:
    ab = BandSection(column="u", wavelength_um=0.35)
    assert flux_mjy(ab, 16.4) == pytest.approx(1.0, rel=0.01)
    vega = BandSection(column="w", wavelength_um=3.4, kind="vega_mag", zero_point_jy=309.54)
    assert flux_mjy(vega, 0.0) == pytest.approx(309_540)
    assert flux_mjy(ab, -1e9) == 0.0


def test_item_fluxes__bands_without_a_value_are_left_out(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,u,g,err\na,20,,0.1\nb,,19,0.2\nc,18,19,\n")
    bands = [
        BandSection(column="u", wavelength_um=0.35, error="err"),
        BandSection(column="g", wavelength_um=0.48),
    ]
    scene = scene_of(pool, [-1, -1, -1])
    assert [each[4] for each in item_fluxes(scene, 0, bands)] == ["u"]
    [(_, flux, error, width, _)] = item_fluxes(scene, 0, bands)
    assert error / flux == pytest.approx(0.0921, abs=0.001)
    assert width == 0.0


def test_labelled_points__a_large_pool_is_thinned_but_not_its_labels(tmp_path: Path) -> None:
    pool = pool_of(tmp_path)
    count = POINTS_MAX + 500
    labels = np.full(count, -1, np.int16)
    labels[::1000] = 0
    values = np.arange(count, dtype=np.float64)
    drawn = labelled_points(scene_of(pool, labels.tolist()), values, values, ("x", "y"))
    rows = drawn.dimension_values("row")
    assert len(rows) == POINTS_MAX
    assert set(np.flatnonzero(labels == 0)) <= set(rows.tolist())
    assert labels[rows[-1]] == 0
    hv.renderer("bokeh").get_plot(drawn)
