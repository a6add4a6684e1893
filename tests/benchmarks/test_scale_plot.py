"""The picture of a round's time over the size of the pool."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.scale_plot import HEIGHT_PX, WIDTH_PX, draw_growth, points_of, read_figures, write_plot

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = {
    "round_1e4_s": 0.4, "round_1e5_s": 0.7, "round_1e6_s": 4.0, "round_1e4_cpu_s": 0.3, "read_1e4_s": 0.0,
    "read_1e6_s": 0.1, "gpu_round_1e6_s": 0.3, "peak_1e6_gb": 0.4, "round_12345_s": 0.5,
}  # fmt: skip
AIMS = {"round_1e4_s": 0.7, "round_1e7_s": 60.0}


def written(folder: Path, name: str, figures: dict[str, float], benchmark: str = "scale") -> Path:
    file = folder / name
    content = {"benchmark": benchmark, "machine": "two cores", "command": "", "figures": figures}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_points_of__sizes_ascend_and_other_figures_are_left_out() -> None:
    assert points_of(FIGURES, "round_{}_s") == [(1e4, 0.4), (12_345, 0.5), (1e5, 0.7), (1e6, 4.0)]
    assert points_of(FIGURES, "round_{}_cpu_s") == [(1e4, 0.3)]
    assert points_of(FIGURES, "read_{}_s") == [(1e6, 0.1)]  # 0 has no place on a log axis


def test_draw_growth__a_line_for_each_that_was_measured_within_the_picture() -> None:
    tree = ElementTree.fromstring(draw_growth(FIGURES, aims=AIMS, machine="two cores & more"))
    lines = [line.attrib["points"].split() for line in tree.iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [4, 1, 1, 1]
    places = [tuple(map(float, pair.split(","))) for line in lines for pair in line]
    assert all(0 < x < WIDTH_PX and 0 < y < HEIGHT_PX for x, y in places)
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    assert {"a round", "merely reading", "a round on a GPU", "two cores & more", "1,000,000"} <= set(texts)
    assert texts.count("aim") == 1  # of 10⁷ nothing was measured


def test_draw_growth__ten_times_the_time_is_one_step_up() -> None:
    text = draw_growth({"round_1e4_s": 0.1, "round_1e5_s": 1.0, "round_1e6_s": 10.0}, aims={})
    (line,) = ElementTree.fromstring(text).iter(f"{SVG}polyline")
    (x1, y1), (x2, y2), (x3, y3) = (map(float, pair.split(",")) for pair in line.attrib["points"].split())
    assert x3 - x2 == pytest.approx(x2 - x1, abs=0.2)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)


def test_draw_growth__without_a_round() -> None:
    with pytest.raises(ValueError, match="measure with --sizes first"):
        draw_growth({"read_1e6_s": 0.1}, aims={})


def test_write_plot__several_files_the_last_counts(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "a.json", {"round_1e4_s": 9.0, "round_1e5_s": 2.0}),
        written(tmp_path, "b.json", {"round_1e4_s": 1.0}),
    ]
    write_plot(files, tmp_path / "new" / "scale.svg", aims={})
    text = (tmp_path / "new" / "scale.svg").read_text(encoding="utf-8")
    assert "10,000 items, 1 s" in text
    assert "100,000 items, 2 s" in text


@pytest.mark.parametrize("content", ["{", "[]", '{"benchmark": "scale"}'])
def test_read_figures__a_file_of_something_else(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.json holds no figures of benchmarks\.scale"):
        read_figures(tmp_path / "x.json")


def test_read_figures__of_another_benchmark(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"it is of benchmarks\.latency"):
        read_figures(written(tmp_path, "x.json", {}, benchmark="latency"))
