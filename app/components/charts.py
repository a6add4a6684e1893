"""The charts of the balance, the learning curve, the quality of each class and the confusions: frame in, pane out.

Every function is pure. Class names are text from a person: they reach the page as canvas text or through Bokeh's
escaping, never as HTML or formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn

from app.components.charts_curves import precision_recall_chart, reliability_chart, roc_chart
from app.components.charts_quality import class_quality, confusion_matrix
from app.components.charts_style import (
    chart_pane,
    dress,
    empty_state,
    hover,
    interval_text,
    labels_text,
    legend_above,
    plain_text,
    row_axes,
    rows_height,
    share_text,
    side_texts,
    tapped_rows,
)
from app.components.map_colours import Theme, readable
from app.components.theme import chart_colours

__all__ = [
    "balance_chart",
    "class_quality",
    "confusion_matrix",
    "learning_curve",
    "precision_recall_chart",
    "reliability_chart",
    "roc_chart",
]

DECADES = (0.0001, 0.001, 0.01, 0.1, 1.0)
FINE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def balance_chart(
    frame: pd.DataFrame, *, theme: Theme = "light", on_choose: Callable[[int], None] | None = None
) -> pn.viewable.Viewable:
    """Draw each class's share of the labels, of the pool as predicted, and as wanted, on one logarithmic axis.

    Args:
        frame: one row per class: `class_name` (text), `colour` (hex), `labelled` (number of labels), `predicted` (share
            of the pool, 0 to 1; NaN before the first round), `low` and `high` (its interval, may be missing or NaN),
            `target` (wanted share, 0 to 1; may be NaN), and `class_id` where a row can be chosen.
        theme: light or dark.
        on_choose: called with the `class_id` of a row that is clicked; None where none can be.

    Returns:
        The chart, classes with the most labels first; an empty state without classes.
    """
    if len(frame) == 0:
        return empty_state(
            "The balance of your classes", "Add a class or label a first item to see it.", theme
        )
    data = _balance_rows(frame, theme)
    colours = chart_colours(dark=theme == "dark")
    floor = float(data["floor"].iloc[0])
    tips = hover(
        ("class", "@name"), ("labels", "@count"), ("in the pool", "@expected"), ("wanted", "@wanted")
    )
    columns = ["name", "count", "expected", "wanted", "fill", "edge_colour"]
    spans = data[data["low"].notna() & data["high"].notna()]
    goals, pool = data[data["target"].notna()], data[data["predicted"].notna()]
    choosing = [] if on_choose is None else [tapped_rows(data["class_id"].tolist(), on_choose)]
    parts = [
        hv.Segments(
            (goals["target"], goals["y"] - 0.32, goals["target"], goals["y"] + 0.32), label="wanted"
        ).opts(color=colours.target, line_width=3),
        hv.Segments((spans["low"], spans["y"], spans["high"], spans["y"])).opts(
            color=colours.muted, line_width=2, alpha=0.8
        ),
        hv.Points(pool, ["predicted", "y"], columns, label="predicted").opts(
            marker="diamond",
            size=11,
            color=colours.plot,
            line_color=colours.text,
            line_width=1.5,
            tools=[tips],
        ),
        hv.Points(data, ["labelled_share", "y"], columns, label="labelled").opts(
            size=11, color="fill", line_color="edge_colour", line_width=1.5, tools=[tips]
        ),
    ]
    chart = hv.Overlay(parts).opts(
        hv.opts.Overlay(
            **row_axes(data["name"].tolist()),
            logx=True,
            xlim=(floor * 0.8, 1.25),
            xticks=_share_ticks(floor),
            xlabel="share of the labels, of the pool",
            hooks=dress(theme, legend_above, side_texts(data["text"].tolist(), theme), *choosing),
        )
    )
    return chart_pane(chart, rows_height(len(data)))


def learning_curve(frame: pd.DataFrame, *, theme: Theme = "light") -> pn.viewable.Viewable:
    """Draw how good the model became with more labels.

    Args:
        frame: one row per round: `round`, `labels`, `balanced_accuracy` (0 to 1, NaN where it could not be measured),
            `low` and `high` (its interval, may be NaN), `macro_f1`.
        theme: light or dark.

    Returns:
        The chart; an empty state until a round could be measured.
    """
    measured = frame[frame["balanced_accuracy"].notna()] if len(frame) else frame
    if len(measured) == 0:
        return empty_state(
            "How the model improves", "Label a few items of two classes; each round adds a point.", theme
        )
    colours = chart_colours(dark=theme == "dark")
    data = measured.sort_values(["labels", "round"]).reset_index(drop=True)
    data["interval"] = [interval_text(low, high) for low, high in zip(data["low"], data["high"], strict=True)]
    span = data[data["low"].notna() & data["high"].notna()]
    tips = hover(
        ("round", "@round"),
        ("labels", "@labels"),
        ("balanced accuracy", "@balanced_accuracy{0.00}"),
        ("95 % interval", "@interval"),
        ("macro F1", "@macro_f1{0.00}"),
    )
    columns = ["round", "interval", "macro_f1"]
    parts: list[Any] = [
        _band(span, colours.primary),
        hv.Curve(data.dropna(subset=["macro_f1"]), "labels", "macro_f1", label="macro F1").opts(
            color=colours.target, line_dash="dashed", line_width=2
        ),
        hv.Curve(data, "labels", "balanced_accuracy", label="balanced accuracy").opts(
            color=colours.primary, line_width=2.5
        ),
        hv.Points(data, ["labels", "balanced_accuracy"], columns).opts(
            color=colours.primary, line_color=colours.plot, size=8, tools=[tips]
        ),
    ]
    pad = max(1.0, 0.04 * float(data["labels"].max() - data["labels"].min()))
    chart = hv.Overlay(parts).opts(
        hv.opts.Overlay(
            responsive=True,
            xlim=(float(data["labels"].min()) - pad, float(data["labels"].max()) + pad),
            ylim=(0, 1.02),
            xlabel="labels",
            ylabel="",
            show_grid=True,
            legend_position="top_left",
            legend_cols=2,
            toolbar=None,
            default_tools=[],
            hooks=dress(theme, legend_above),
        )
    )
    return chart_pane(chart, 280)


def _share_ticks(floor: float) -> list[tuple[float, str]]:
    ticks = FINE if floor > 0.005 else DECADES
    return [(tick, f"{100 * tick:g}%") for tick in ticks if tick >= floor]


def _band(span: pd.DataFrame, colour: str) -> Any:  # noqa: ANN401
    """Return the interval as a band, or as one line while there is one round."""
    if len(span) == 1:
        ends = (span["labels"], span["low"], span["labels"], span["high"])
        return hv.Segments(ends).opts(color=colour, line_width=4, alpha=0.3)
    return hv.Area(span, "labels", ["low", "high"]).opts(color=colour, fill_alpha=0.16, line_alpha=0)


def _balance_rows(frame: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    data = frame.sort_values(["labelled", "class_name"], ascending=[False, True]).reset_index(drop=True)
    data = data.assign(low=data.get("low", np.nan), high=data.get("high", np.nan))
    total = max(float(data["labelled"].sum()), 1.0)
    shares = data["labelled"] / total
    known = pd.concat([shares, data["predicted"], data["target"], data["low"]]).astype(float)
    floor = max(1e-5, 0.5 * float(known[known > 0].min())) if (known > 0).any() else 1e-3
    expected = [share_text(part) for part in data["predicted"]]
    spans = [
        interval_text(low, high, percent=True) for low, high in zip(data["low"], data["high"], strict=True)
    ]
    pool = [f"{part} ({span})" if span != "–" else part for part, span in zip(expected, spans, strict=True)]
    wanted = [share_text(part) for part in data["target"]]
    texts = [labels_text(count) for count in data["labelled"].astype(int)]
    shown, plot = (
        [readable(colour, theme) for colour in data["colour"]],
        chart_colours(dark=theme == "dark").plot,
    )
    for column in ("predicted", "target", "low", "high"):
        data[column] = data[column].astype(float).clip(lower=floor)
    return data.assign(
        name=[plain_text(name) for name in data["class_name"]],
        fill=[plot if count == 0 else colour for count, colour in zip(data["labelled"], shown, strict=True)],
        edge_colour=[
            colour if count == 0 else plot for count, colour in zip(data["labelled"], shown, strict=True)
        ],
        y=np.arange(len(data))[::-1],
        labelled_share=shares.clip(lower=floor),
        count=data["labelled"].astype(int),
        expected=pool,
        wanted=wanted,
        floor=floor,
        text=texts,
    )
