from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.events import Tap
from playwright.sync_api import Browser

from app.components import charts
from app.components.charts_style import plain_text, short_name
from app.components.map_colours import Theme
from app.components.theme import chart_colours, class_colour
from models.curves import class_curves, reliability
from tests.app.components.test_pool_map import HOSTILE, serving
from tests.models.test_curves import predictions


def balance(k: int) -> pd.DataFrame:
    share = 0.6 ** np.arange(k)
    return pd.DataFrame(
        {
            "class_name": [f"class {i}" for i in range(k)],
            "colour": [class_colour(i) for i in range(k)],
            "labelled": [5 * (k - i - 1) for i in range(k)],
            "predicted": share / share.sum(),
            "low": 0.7 * share / share.sum(),
            "high": np.minimum(1, 1.3 * share / share.sum()),
            "target": 1 / k,
        }
    )


def quality(k: int) -> pd.DataFrame:
    f1 = np.linspace(0.2, 0.9, k)
    f1[0] = np.nan
    names = [f"class {i}" for i in range(k)]
    return pd.DataFrame(
        {
            "class_name": names,
            "labels": range(k),
            "precision": f1,
            "recall": f1,
            "f1": f1,
            "f1_low": f1,
            "f1_high": f1,
        }
    )


def curve(rounds: int) -> pd.DataFrame:
    steps = np.arange(1, rounds + 1)
    score = 1 - 1 / (1 + steps)
    return pd.DataFrame(
        {
            "round": steps,
            "labels": 10 * steps,
            "balanced_accuracy": score,
            "low": score - 0.1,
            "high": score + 0.1,
            "macro_f1": score - 0.05,
        }
    )


def figure_of(pane: Any) -> Any:
    assert isinstance(pane, pn.pane.HoloViews)
    return hv.render(pane.object, backend="bokeh")


@pytest.mark.parametrize("k", [1, 2, 10, 77])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_balance_chart__names_every_class(k: int, theme: Theme) -> None:
    figure = figure_of(charts.balance_chart(balance(k), theme=theme))
    assert set(figure.left[0].major_label_overrides.values()) == {f"class {i}" for i in range(k)}
    assert figure.background_fill_color == chart_colours(dark=theme == "dark").plot


def test_balance_chart__writes_the_number_of_labels_of_each_class() -> None:
    figure = figure_of(charts.balance_chart(balance(3)))
    assert figure.right[0].major_label_overrides == {2: "10 labels", 1: "5 labels", 0: "0 labels"}


def test_balance_chart__shows_a_class_without_labels_or_predictions() -> None:
    frame = balance(3).assign(labelled=0, predicted=np.nan, low=np.nan, high=np.nan)
    figure = figure_of(charts.balance_chart(frame))
    assert figure.x_range.start > 0


def test_balance_chart__does_not_change_its_frame() -> None:
    frame = balance(4)
    before = frame.copy(deep=True)
    charts.balance_chart(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(("y", "chosen"), [(2.2, [11]), (0.4, [13]), (-0.6, []), (2.6, []), (None, [])])
def test_balance_chart__a_click_in_a_row_chooses_its_class(y: float | None, chosen: list[int]) -> None:
    found: list[int] = []
    frame = balance(3).assign(class_id=[11, 12, 13])
    figure = figure_of(charts.balance_chart(frame, on_choose=found.append))

    figure._trigger_event(Tap(figure, x=0.1, y=y))

    assert found == chosen


def test_learning_curve__leaves_out_rounds_that_were_not_measured() -> None:
    frame = curve(4)
    frame.loc[0, ["balanced_accuracy", "low", "high", "macro_f1"]] = np.nan
    pane = charts.learning_curve(frame)
    assert isinstance(pane, pn.pane.HoloViews)
    points = pane.object.Points.I
    assert points.dimension_values("labels").tolist() == [20, 30, 40]


def test_learning_curve__draws_a_single_round() -> None:
    assert figure_of(charts.learning_curve(curve(1))).x_range.start < 10


def test_class_quality__puts_classes_with_too_few_labels_first() -> None:
    figure = figure_of(charts.class_quality(quality(5)))
    assert figure.left[0].major_label_overrides[4] == "class 0"


def test_confusion_matrix__counts_every_pair() -> None:
    counts = np.array([[5, 1], [2, 7]])
    pane = charts.confusion_matrix(counts, ["a", "b"])
    assert isinstance(pane, pn.pane.HoloViews)
    cells = pane.object.Rectangles.I.dframe()
    assert cells.set_index(["labelled", "taken"])["count"].to_dict() == {
        ("a", "a"): 5,
        ("a", "b"): 1,
        ("b", "a"): 2,
        ("b", "b"): 7,
    }


def test_confusion_matrix__refuses_names_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="3 names"):
        charts.confusion_matrix(np.ones((2, 2), int), ["a", "b", "c"])


@pytest.mark.parametrize("k", [2, 20, 77])
def test_confusion_matrix__draws_any_number_of_classes(k: int) -> None:
    figure = figure_of(
        charts.confusion_matrix(np.eye(k, dtype=int), [f"class {i}" for i in range(k)], theme="dark")
    )
    assert len(figure.left[0].major_label_overrides) == k


def test_confusion_matrix__a_click_names_its_cell() -> None:
    clicked: list[tuple[int, int]] = []
    counts = np.array([[5, 1, 0], [2, 7, 0], [0, 0, 3]])
    pane = charts.confusion_matrix(counts, ["a", "b", "c"], on_cell=lambda *cell: clicked.append(cell))
    figure = figure_of(pane)
    for x, y in ((1.2, 1.9), (0.0, 0.0), (5.0, 0.0), (None, None)):
        figure._trigger_event(Tap(figure, x=x, y=y))
    assert clicked == [(0, 1), (2, 0)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves__are_drawn_from_end_to_end(theme: Theme) -> None:
    seen = predictions()
    found, pool = class_curves(seen, 2), class_curves(seen, 2, share=0.01)
    for pane in (
        charts.roc_chart(found, theme=theme),
        charts.precision_recall_chart(found, pool, theme=theme),
        charts.precision_recall_chart(found, theme=theme),
        charts.reliability_chart(reliability(seen, 2), of_class=True, theme=theme),
    ):
        figure = figure_of(pane)
        assert figure.x_range.start < 0 < 1 < figure.x_range.end
        assert figure.background_fill_color == chart_colours(dark=theme == "dark").plot


def test_reliability_chart__writes_the_labels_of_each_bin() -> None:
    found = reliability(predictions(120))
    pane = charts.reliability_chart(found)
    assert isinstance(pane, pn.pane.HoloViews)
    texts = pane.object.Labels.I.dimension_values("text").tolist()
    assert texts[0] == str(found.bins[0].labels)
    assert 1 < len(texts) <= len(found.bins)
    (points,) = [part for part in pane.object if isinstance(part, hv.Points)]
    assert points.dimension_values("labels").tolist() == [entry.labels for entry in found.bins]


EMPTY: list[tuple[str, Callable[[], Any]]] = [
    ("balance", lambda: charts.balance_chart(balance(2).iloc[:0])),
    ("learning", lambda: charts.learning_curve(curve(2).iloc[:0])),
    ("learning unmeasured", lambda: charts.learning_curve(curve(2).assign(balanced_accuracy=np.nan))),
    ("quality", lambda: charts.class_quality(quality(1))),
    ("confusion", lambda: charts.confusion_matrix(np.zeros((2, 2), int), ["a", "b"])),
    ("roc", lambda: charts.roc_chart(None)),
    ("precision-recall", lambda: charts.precision_recall_chart(None)),
    ("reliability", lambda: charts.reliability_chart(None)),
    ("confusion of none", lambda: charts.confusion_matrix(np.zeros((0, 0), int), [])),
]


@pytest.mark.parametrize(("name", "make"), EMPTY, ids=[name for name, _ in EMPTY])
def test_charts__say_what_to_do_while_empty(name: str, make: Callable[[], Any]) -> None:
    pane = make()
    assert isinstance(pane, pn.pane.HTML)
    assert "label" in pane.object.lower()


def test_short_name__ends_in_an_ellipsis() -> None:
    assert short_name("a" * 40, 10) == "a" * 9 + "…"
    assert short_name("short", 10) == "short"


@pytest.mark.parametrize("text", ["$$x^2$$", r"\(x\)", r"\[x\]"])
def test_plain_text__takes_the_formula_out_of_a_name(text: str) -> None:
    plain = plain_text(text)
    assert not any(mark in plain for mark in ("$$", r"\(", r"\["))
    assert plain.replace("\u200b", "") == text


@pytest.mark.browser
def test_balance_chart__never_reads_a_class_name_as_html(chromium: Browser) -> None:
    frame = balance(2)
    frame["class_name"] = [HOSTILE, "b"]

    def page_of() -> Any:
        return pn.Column(charts.balance_chart(frame), width=700)

    with serving(page_of) as address:
        page = chromium.new_page(viewport={"width": 760, "height": 300})
        page.goto(address)
        frame_box = page.locator(".bk-Figure").first
        frame_box.wait_for()
        box = frame_box.bounding_box()
        assert box is not None
        tooltip = page.get_by_text(HOSTILE)
        # Where the row is depends on the fonts; a busy browser joins moves that follow each other fast.
        for x, y in product(range(590, 610, 3), range(40, 60, 4)):
            page.mouse.move(box["x"] + x, box["y"] + y)
            page.wait_for_timeout(40)
            if tooltip.count():
                break
        assert tooltip.count() > 0
        assert page.evaluate("window.pwned") is None
        page.close()
