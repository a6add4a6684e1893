"""The charts of thresholds and probabilities: ROC, precision-recall, and whether probabilities come true."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn

from app.components.charts_style import chart_pane, dress, empty_state, hover, interval_text, legend_above
from app.components.map_colours import Theme
from app.components.theme import chart_colours
from models.curves import Curves, Reliability

HEIGHT_PX = 280
LABELS_APART = 0.06
"""Bins nearer to each other than this cannot both say how many labels they hold; the hover does."""


def roc_chart(curves: Curves | None, *, theme: Theme = "light") -> pn.viewable.Viewable:
    """Draw how many of a class are found, against how many others are taken for it.

    Args:
        curves: of a class, or the mean over all; None where there are none.
        theme: light or dark.

    Returns:
        The chart with the diagonal of chance; an empty state without curves.
    """
    if curves is None:
        return _too_few("Found and false alarms", theme)
    colours = chart_colours(dark=theme == "dark")
    x, y = np.append(0.0, curves.false_alarms), np.append(0.0, curves.hits)
    tips = hover(("of the others taken for it", "@x{0%}"), ("of the class found", "@y{0%}"))
    parts: list[Any] = [
        _line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "chance", colours.muted, dash="dashed"),
        _line(x, y, "out-of-fold predictions", colours.primary, tools=[tips]),
    ]
    return _square(parts, "share of the others taken for it", "share of the class found", theme)


def precision_recall_chart(
    curves: Curves | None, pool: Curves | None = None, *, theme: Theme = "light"
) -> pn.viewable.Viewable:
    """Draw how many of those taken for a class are of it, against how many of the class are found.

    Args:
        curves: of a class, or the mean over all; None where there are none.
        pool: the same at the class's estimated share of the pool; None leaves it out.
        theme: light or dark.

    Returns:
        The chart with the line of the base rate; an empty state without curves.
    """
    if curves is None:
        return _too_few("Found and right", theme)
    colours = chart_colours(dark=theme == "dark")
    tips = hover(("of the class found", "@x{0%}"), ("of those taken for it right", "@y{0%}"))
    base = np.full(2, curves.base_rate)
    parts: list[Any] = [
        _line(np.array([0.0, 1.0]), base, "base rate", colours.muted, dash="dashed"),
        _line(curves.recall, curves.precision, "labels", colours.primary, tools=[tips]),
    ]
    if pool is not None:
        title = "pool, expected"
        parts.append(_line(pool.recall, pool.precision, title, colours.target, dash="dotdash", tools=[tips]))
    return _square(parts, "share of the class found", "of those taken for it, right", theme)


def reliability_chart(
    found: Reliability | None, *, of_class: bool = False, theme: Theme = "light"
) -> pn.viewable.Viewable:
    """Draw how often a probability came true against the probability, with the labels in each bin.

    Args:
        found: the bins; None where there are none.
        of_class: whether they are of one class's probability, not of the likeliest class's.
        theme: light or dark.

    Returns:
        The chart with the diagonal of calibrated probabilities; an empty state without bins.
    """
    if found is None or not found.bins:
        return _too_few("Are the probabilities right?", theme)
    colours = chart_colours(dark=theme == "dark")
    data = pd.DataFrame(
        {
            "x": [entry.confidence for entry in found.bins],
            "y": [entry.share for entry in found.bins],
            "low": [entry.low for entry in found.bins],
            "high": [entry.high for entry in found.bins],
            "labels": [entry.labels for entry in found.bins],
            "interval": [interval_text(entry.low, entry.high) for entry in found.bins],
        }
    )
    tips = hover(
        ("probability", "@x{0.00}"), ("came true", "@y{0.00}"), ("95 % interval", "@interval"),
        ("labels", "@labels"),
    )  # fmt: skip
    columns = ["labels", "interval"]
    parts: list[Any] = [
        _line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "calibrated", colours.muted, dash="dashed"),
        hv.Segments((data["x"], data["low"], data["x"], data["high"])).opts(
            color=colours.primary, line_width=4, alpha=0.3
        ),
        hv.Curve(data, "x", "y").opts(color=colours.primary, line_width=2),
        hv.Points(data, ["x", "y"], columns, label="out-of-fold, 95 % interval").opts(
            color=colours.primary, line_color=colours.plot, size=9, tools=[tips]
        ),
        hv.Labels(_spaced(data), ["x", "y"], "text").opts(
            text_color=colours.text, text_font_size="11px", text_align="left", text_baseline="top",
            xoffset=0.015, yoffset=-0.02,
        ),
    ]  # fmt: skip
    what = "probability of the class" if of_class else "probability of the likeliest class"
    return _square(parts, what, "share that came true", theme, low=-0.1)


def _spaced(data: pd.DataFrame) -> pd.DataFrame:
    """Return the bins with their labels as text; bins that stand close to the one before go without."""
    kept: list[int] = []
    for place, x in enumerate(data["x"]):
        if not kept or x - data["x"].iloc[kept[-1]] >= LABELS_APART:
            kept.append(place)
    return data.iloc[kept].assign(text=data["labels"].iloc[kept].astype(str))


def _line(x: Any, y: Any, title: str, colour: str, *, dash: str = "solid", tools: Any = ()) -> Any:  # noqa: ANN401
    curve = hv.Curve(pd.DataFrame({"x": x, "y": y}), "x", "y", label=title)
    width = 2.5 if dash == "solid" else 1.5
    return curve.opts(color=colour, line_dash=dash, line_width=width, tools=list(tools))


def _square(
    parts: list[Any], across: str, up: str, theme: Theme, *, low: float = -0.02
) -> pn.viewable.Viewable:
    ticks = [(tick, f"{tick:g}") for tick in (0, 0.25, 0.5, 0.75, 1)]
    chart = hv.Overlay(parts).opts(
        hv.opts.Overlay(
            responsive=True,
            xlim=(-0.02, 1.04),
            ylim=(low, 1.04),
            xticks=ticks,
            yticks=ticks,
            xlabel=across,
            ylabel=up,
            show_grid=True,
            legend_position="top_left",
            legend_cols=3,
            toolbar=None,
            default_tools=[],
            hooks=dress(theme, legend_above),
        )
    )
    return chart_pane(chart, HEIGHT_PX)


def _too_few(title: str, theme: Theme) -> pn.viewable.Viewable:
    return empty_state(title, "Label two items of two classes or more; the next round measures them.", theme)
