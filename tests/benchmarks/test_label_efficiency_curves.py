"""Pictures of curves: every contender has its panel, on axes that hold all of them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from benchmarks.label_efficiency_curves import draw_curves, write_curves
from benchmarks.label_efficiency_runs import Run
from tests.benchmarks.test_label_efficiency_figures import rising

NAMES = ("prospect", "margin+density", "oracle", "prospect+pages", "seek")
SVG = "{http://www.w3.org/2000/svg}"


def runs(names: tuple[str, ...] = NAMES) -> dict[str, dict[int, Run]]:
    return {name: {seed: rising(0.02 + 0.001 * seed, steps=20) for seed in range(3)} for name in names}


def panels(text: str) -> list[str]:
    found = ElementTree.fromstring(text).findall(f"{SVG}g")
    return ["".join(group.find(f"{SVG}text").itertext()) for group in found]  # type: ignore[union-attr]


def test_draw_curves__a_panel_for_each_but_what_stands_beside_them_and_pages() -> None:
    assert panels(draw_curves("digits", runs())) == ["prospect 3 seeds", "seek 3 seeds"]


def test_draw_curves__all_points_lie_within_the_plot() -> None:
    tree = ElementTree.fromstring(draw_curves("digits", runs()))
    points = [
        tuple(map(float, pair.split(",")))
        for line in tree.iter(f"{SVG}polyline")
        for pair in line.attrib["points"].split()
    ]
    assert points
    assert all(0 <= left <= 190 and -0.05 <= top <= 110.05 for left, top in points)


def test_draw_curves__margin_alone_is_drawn_too() -> None:
    assert panels(draw_curves("digits", runs(("margin+density",)))) == ["margin+density 3 seeds"]


def test_write_curves__a_file_for_each_pool(tmp_path: Path) -> None:
    files = write_curves({"digits": runs(), "mnist": runs()}, tmp_path / "new")
    assert [file.name for file in files] == ["curves-digits.svg", "curves-mnist.svg"]
    assert all(file.read_text(encoding="utf-8").startswith("<svg") for file in files)
