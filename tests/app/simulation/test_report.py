from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.components.theme import DARK, LIGHT
from app.simulation.charts import COLOURS, look_of
from app.simulation.errors import SimulationError
from app.simulation.executors import open_workers
from app.simulation.report import report_html, write_report
from app.simulation.running import run_grid
from app.simulation.store import StoredRun
from tests.app.simulation.grids import small_grid

Runs = tuple[StoredRun, ...]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    with open_workers() as workers:
        return run_grid(small_grid("margin", "random+page"), tmp_path_factory.mktemp("runs"), workers).runs


def text_of(runs: Runs) -> str:
    return report_html(runs, title="Simulation: <b>x</b>", about="about", reference="margin")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_report_html__needs_nothing_from_elsewhere(runs: Runs) -> None:
    text = text_of(runs)
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", text)
    assert "@import" not in text


def test_report_html__texts_are_text(runs: Runs) -> None:
    text = text_of(tuple(replace(run, pool="<i>pool</i>") for run in runs))
    assert "<b>x</b>" not in text and "&lt;b&gt;x&lt;/b&gt;" in text
    assert "<i>pool</i>" not in text


def test_report_html__every_chart_has_its_place(runs: Runs) -> None:
    text = text_of(runs)
    assert "<!--figure" not in text
    assert text.count("<section>") == 5  # by labels, by decisions, classes, rare items, the lead


def test_report_html__no_curve_by_decisions_without_pages(runs: Runs) -> None:
    assert "by decisions</h3>" in text_of(runs)
    assert "by decisions</h3>" not in text_of(tuple(run for run in runs if run.strategy != "random+page"))


def test_report_html__nothing_finished() -> None:
    assert "No run is finished yet" in text_of(())


def test_report_html__colours_of_both_schemes(runs: Runs) -> None:
    text = text_of(runs)
    assert LIGHT["surface"] in text and DARK["surface"] in text
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("colour", COLOURS)
def test_colours__stand_out_on_both_pages(colour: str) -> None:
    assert min(contrast(colour, LIGHT["surface"]), contrast(colour, DARK["surface"])) >= 3


def test_look_of__twenty_strategies_look_different() -> None:
    assert len({look_of(place) for place in range(20)}) == 20


def test_write_report__replaces_the_old_one(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    write_report(runs, path, title="t", about="a", reference="margin")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_write_report__where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="cannot be written"):
        write_report((), tmp_path / "missing" / "report.html", title="t", about="a", reference="margin")
