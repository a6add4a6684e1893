"""Band files as JSON in AstronomicAL's form and as CSV, and taking one over."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bands import read_bands
from app.errors import ProjectError
from config.files import load_config
from tests.app.commands import run_command
from tests.projects import make_clouds

JSON = '{"u": {"wavelength": 0.3572, "FWHM": 0.0565, "error": "u_err"}, "w1": {"wavelength": 3.4, "error": 0.125}}'
CSV = "column,wavelength_um,width_um,error,kind,zero_point_jy\nu,0.3572,0.0565,u_err,,\nw1,3.4,,,vega_mag,309.5\n"


def test_read_bands__both_forms(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(JSON)
    (tmp_path / "b.csv").write_text(CSV)
    first, second = read_bands(tmp_path / "b.json"), read_bands(tmp_path / "b.csv")
    assert first[0] == second[0]
    assert (first[1].error, second[1].kind, second[1].zero_point_jy) == (None, "vega_mag", 309.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{broken", "is not JSON"),
        ('{"u": 3}', "no mapping of columns to wavelengths"),
        ('{"u": {"wavelength": -1}}', r"band 1 \(u\): wavelength_um"),
        ("column,wavelength_um,kind\nw1,3.4,vega_mag\n", "need zero_point_jy"),
        ("a,b\n1,2\n", "band 1 .without a column."),
        ("", "no bands that can be used"),
    ],
)
def test_read_bands__what_cannot_be_used(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(text)
    with pytest.raises(ProjectError, match=words):
        read_bands(tmp_path / "b.txt")


def test_bands_command__writes_them_into_the_file(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    (tmp_path / "b.csv").write_text("column,wavelength_um\na,1.5\nb,2.5\n")
    done = run_command("bands", str(project.paths.config), "b.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [band.column for band in load_config(project.paths.config).views.bands] == ["a", "b"]
