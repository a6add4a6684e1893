"""Tests of plots that plug-ins bring, the one of docs/plots.md among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import holoviews as hv
import numpy as np
import pytest

from app.errors import PluginError
from app.plot_plugins import PlotScene, domain_plots, load_plots, title_of
from app.plugins import VARIABLE, forget_plugins
from config.errors import UnknownNameError
from tests.app.test_colour_columns import pool_of

DOCS = Path(__file__).resolve().parents[2] / "docs" / "plots.md"
ROWS = [f"{row},{row + 3.0},{row + 2.0},{row + 1.5}" for row in range(5)]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget afterwards what a test registered."""
    monkeypatch.setenv(VARIABLE, "")
    forget_plugins()
    yield
    forget_plugins()


def scene_of(folder: Path, *, marked: int | None = 2) -> PlotScene:
    return PlotScene(
        pool=pool_of(folder, ["id,u,g,r", *ROWS]),
        labels=np.array([0, 1, -1, -1, 0], np.int16),
        class_names=("star", "quasar"),
        class_colours=("#1f77b4", "#ff7f0e"),
        marked=marked,
        chosen=np.array([], np.int64),
        dark=False,
    )


@pytest.mark.parametrize("marked", [None, 2])
def test_load_plots__the_one_of_the_docs(tmp_path: Path, marked: int | None) -> None:
    found = re.search(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found is not None
    path = tmp_path / "diagrams.py"
    path.write_text(found[1], "utf-8")
    assert load_plots([path]) == ()
    made = domain_plots.get("colour_colour")(scene_of(tmp_path, marked=marked))
    points, ring = (made.get(place) for place in range(2))
    assert points.dimension_values("row").tolist() == [2, 3, 0, 1, 4]
    assert points.dimension_values("u - g").tolist() == [1.0] * 5
    assert len(ring) == (0 if marked is None else 1)
    hv.renderer("bokeh").get_plot(made)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("broken.py", "import no_such_module_at_all", "ModuleNotFoundError"),
        ("broken.py", "def (", "SyntaxError"),
        ("broken.txt", "", "must end with .py"),
        ("missing.py", None, "is no file"),
    ],
)
def test_load_plots__what_is_broken_is_told_and_left_out(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text, "utf-8")
    good = tmp_path / "good.py"
    good.write_text("import goldpan\n\n\n@goldpan.register_plot('good')\ndef good(scene): ...\n", "utf-8")
    problems = load_plots([path, good])
    assert len(problems) == 1
    assert words in problems[0]
    assert domain_plots.names() == ["good"]


def test_load_plots__a_name_that_is_taken(tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(
            "import goldpan\n\n\n@goldpan.register_plot('same')\ndef same(scene): ...\n", "utf-8"
        )
    problems = load_plots([tmp_path / "one.py", tmp_path / "two.py"])
    assert len(problems) == 1
    assert "'same' is already registered" in problems[0]


def test_load_plots__of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "field_plots-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: field-plots\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[goldpan.plots]\nwedge = field_plots_of_a_test:wedge\ngone = field_plots_of_a_test:gone\n", "utf-8"
    )
    (tmp_path / "field_plots_of_a_test.py").write_text("def wedge(scene):\n    return scene\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    problems = load_plots()
    assert domain_plots.names() == ["wedge"]
    assert len(problems) == 1
    assert "'gone'" in problems[0] and "AttributeError" in problems[0]


def test_get__unknown_names_list_the_known() -> None:
    with pytest.raises(UnknownNameError, match="unknown plot 'wegde'"):
        domain_plots.get("wegde")


def test_frame__an_unknown_column_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no column 'z'; it has 'u', 'g', 'r'"):
        scene_of(tmp_path).frame(["u", "z"])


def test_title_of__reads_as_words() -> None:
    assert title_of("colour_colour") == "Colour colour"
