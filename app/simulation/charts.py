"""The charts of a simulation's report; their lines are readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, HoverTool, Span
from bokeh.plotting import figure

from app.components.theme import FONT, LIGHT
from app.simulation.measures import SHARE_OF_WHOLE, mean_curve
from app.simulation.tables import Standing

COLOURS = (
    "#3b82d6",
    "#d9731a",
    "#2f9e5b",
    "#9a6be0",
    "#e0484d",
    "#1a9aa8",
    "#d6529f",
    "#a9764a",
    "#7f8b99",
    "#8f8f1f",
)
"""Each with a contrast of at least 3 to the page in light and in dark."""

DASHES: tuple[tuple[int, ...], ...] = ((), (8, 4), (2, 3))
HEIGHT_PX = 300
VALUE_NAMES = {
    "balanced_accuracy": "balanced accuracy",
    "classes_met": "classes met",
    "rare_found": "rare items found",
}


@dataclass(frozen=True)
class Look:
    """How a strategy's line is drawn.

    Attributes:
        colour: hexadecimal.
        dash: lengths of dashes and gaps in pixels; empty for a whole line.
    """

    colour: str
    dash: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """One strategy's runs.

    Attributes:
        name: the strategy.
        runs: the steps of each seed's run.
    """

    name: str
    runs: Sequence[pd.DataFrame]


def look_of(place: int) -> Look:
    """Return the look of the strategy at a place: first the colours, then the same with dashes."""
    return Look(COLOURS[place % len(COLOURS)], DASHES[(place // len(COLOURS)) % len(DASHES)])


def curve_chart(
    lines: Sequence[Line],
    looks: Mapping[str, Look],
    value: str,
    *,
    by: str = "labels",
    whole: float = float("nan"),
) -> figure:
    """Draw mean curves with their 95 % intervals.

    Args:
        lines: one a strategy.
        looks: how each is drawn.
        value: the column of the steps that is the height.
        by: "labels" or "decisions".
        whole: the height that the whole pool's labels give; NaN draws nothing.
    """
    chart = _figure()
    highest = max((float(steps[value].max()) for line in lines for steps in line.runs), default=0.0)
    most = {"balanced_accuracy": 1.0, "classes_met": highest}.get(value, np.inf)
    for line in lines:
        curve = mean_curve(line.runs, by=by, value=value)
        # An interval by Student's t knows no bounds; the measure does.
        curve["low"], curve["high"] = curve["low"].clip(0, most), curve["high"].clip(0, most)
        look = looks[line.name]
        source = ColumnDataSource({**curve.to_dict("list"), "name": [line.name] * len(curve)})
        chart.varea(by, "low", "high", source=source, color=look.colour, alpha=0.13)
        drawn = chart.line(
            by, "mean", source=source, color=look.colour, line_width=2.5, line_dash=list(look.dash)
        )
        if len(curve) == 1:
            chart.scatter(by, "mean", source=source, color=look.colour, size=7)
        tips = [
            ("", "@name"),
            (by, f"@{by}{{0}}"),
            (VALUE_NAMES[value], "@mean{0.000} (@low{0.00}–@high{0.00})"),
        ]
        chart.add_tools(HoverTool(renderers=[drawn], tooltips=tips, mode="mouse"))
    if np.isfinite(whole):
        for height in (whole, SHARE_OF_WHOLE * whole):
            chart.add_layout(
                Span(location=height, dimension="width", line_dash="dotted", line_color=LIGHT["text-2"])
            )
        # A span does not widen the range by itself.
        chart.scatter([lines[0].runs[0][by].iloc[0]], [whole], size=0, alpha=0)
    chart.xaxis.axis_label, chart.yaxis.axis_label = by, VALUE_NAMES[value]
    return chart


def lead_chart(rows: Sequence[Standing], looks: Mapping[str, Look]) -> figure:
    """Draw each strategy's lead over the reference with its 95 % interval, one row each.

    Args:
        rows: standings that have a lead.
        looks: how each is drawn.
    """
    names = [row.strategy for row in rows]
    chart = _figure(y_range=list(reversed(names)), height_px=max(160, 80 + 32 * len(names)))
    for row in rows:
        assert row.lead is not None
        colour = looks[row.strategy].colour
        if np.isfinite(row.lead.low):
            chart.segment(
                [row.lead.low], [row.strategy], [row.lead.high], [row.strategy], color=colour, line_width=3
            )
        chart.scatter([row.lead.mean], [row.strategy], color=colour, size=10)
    chart.add_layout(Span(location=0, dimension="height", line_dash="dotted", line_color=LIGHT["text-2"]))
    chart.xaxis.axis_label = "difference of the mean balanced accuracy"
    return chart


def _figure(*, y_range: Sequence[str] | None = None, height_px: int = HEIGHT_PX) -> figure:
    more = {} if y_range is None else {"y_range": y_range}
    chart = figure(height=height_px, sizing_mode="stretch_width", tools="", toolbar_location=None, **more)
    chart.background_fill_alpha = chart.border_fill_alpha = 0.0
    chart.background_fill_color = chart.border_fill_color = chart.outline_line_color = None
    for axis in chart.axis:
        axis.minor_tick_line_color = None
        axis.axis_line_color = axis.major_tick_line_color = LIGHT["border"]
        axis.major_label_text_font = axis.axis_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.major_label_text_font_size = axis.axis_label_text_font_size = "12px"
        axis.major_label_text_color = axis.axis_label_text_color = LIGHT["text-2"]
    for grid in chart.grid:
        grid.grid_line_color = LIGHT["border"]
        grid.grid_line_alpha = 0.6
    return chart
