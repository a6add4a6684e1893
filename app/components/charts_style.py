"""What all charts share: plain-text names, theme colours, panes that fill the width, and empty states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import holoviews as hv
import numpy as np
import panel as pn
from bokeh.core.properties import value
from bokeh.events import Tap
from bokeh.models import FixedTicker, HoverTool, LinearAxis
from bokeh.themes import Theme as BokehTheme

from app.components.map_colours import Theme
from app.components.theme import DARK, FONT, LIGHT, chart_colours

hv.extension("bokeh", logo=False)

NAME_LENGTH = 22
"""Longer class names are shortened on axes; the hover shows them whole."""

WRAPPED_LEGEND = """
:host { max-width: calc(100% - 8px); }
.bk-grid { display: flex; flex-wrap: wrap; width: auto; column-gap: 10px !important; row-gap: 2px !important; }
"""
"""Bokeh lays a legend out in as many columns as it has entries, whatever the width; on a phone that is too wide."""

_ZERO_WIDTH = "\u200b"


def plain_text(text: str) -> str:
    r"""Return the text so that Bokeh draws it as it is, and never as a formula between `$$`, `\(` or `\[`."""
    for mark in ("$$", "\\(", "\\["):
        text = text.replace(mark, mark[0] + _ZERO_WIDTH + mark[1])
    return " ".join(text.split())


def short_name(name: str, length: int = NAME_LENGTH) -> str:
    """Return the name as plain text of at most `length` letters, the end replaced by an ellipsis if need be."""
    plain = plain_text(name)
    return plain if len(plain) <= length else plain[: length - 1].rstrip() + "…"


def row_px(count: int) -> int:
    """Return the height of one row of a chart with that many rows."""
    return 30 if count <= 12 else 24 if count <= 30 else 19


def dress(theme: Theme, *more: Callable[[Any, Any], None]) -> list[Callable[[Any, Any], None]]:
    """Return hooks for HoloViews that give a Bokeh figure the theme's colours and type.

    Args:
        theme: light or dark.
        more: further hooks, applied after.
    """
    colours = chart_colours(dark=theme == "dark")

    def apply(plot: Any, _element: Any) -> None:  # noqa: ANN401
        figure = plot.state
        figure.background_fill_color = colours.plot
        figure.border_fill_color = colours.background
        figure.outline_line_color = None
        figure.toolbar.logo = None
        figure.frame_align = False
        figure.min_border_right = 12
        for axis in figure.axis:
            axis.axis_line_color = colours.grid
            axis.major_tick_line_color = None
            axis.minor_tick_line_color = None
            axis.major_label_text_color = colours.text
            axis.major_label_text_font = FONT
            axis.major_label_text_font_size = "12px"
            axis.axis_label_text_color = colours.text
            axis.axis_label_text_font = FONT
            axis.axis_label_text_font_size = "12px"
            axis.axis_label_text_font_style = "normal"
        for grid in figure.grid:
            grid.grid_line_color = colours.grid
            grid.grid_line_alpha = 0.6
        for renderer in figure.renderers:
            if hasattr(renderer.glyph, "text_font"):
                renderer.glyph.text_font = value(FONT)
        for legend in figure.legend:
            legend.glyph_width = 16
            legend.label_standoff = 2
            legend.background_fill_color = colours.background
            legend.background_fill_alpha = 0.85
            legend.border_line_color = None
            legend.label_text_color = colours.text
            legend.label_text_font = FONT
            legend.label_text_font_size = "12px"
            legend.padding = 2
            legend.spacing = 10 if legend.orientation == "horizontal" else 2
            legend.margin = 4

    return [apply, *more]


def plot_theme(theme: Theme) -> BokehTheme:
    """Return the theme's colours and type for figures whose elements are not ours to dress, as a plug-in's plots."""
    colours = chart_colours(dark=theme == "dark")
    text = {"text_color": colours.text, "text_font": FONT}
    axis = {
        "axis_line_color": colours.grid,
        "major_tick_line_color": None,
        "minor_tick_line_color": None,
        "axis_label_text_font_style": "normal",
    }
    words = ("major_label", "axis_label")
    axis |= {f"{word}_{name}": value for word in words for name, value in text.items()}
    axis |= {f"{word}_text_font_size": "12px" for word in words}
    legend = {"background_fill_color": colours.background, "border_line_color": None}
    legend |= {f"label_{name}": value for name, value in text.items()}
    plot = {
        "background_fill_color": colours.plot,
        "border_fill_color": colours.background,
        "outline_line_color": None,
    }
    grid = {"grid_line_color": colours.grid, "grid_line_alpha": 0.6}
    return BokehTheme(
        json={"attrs": {"Plot": plot, "Axis": axis, "Grid": grid, "Legend": legend, "Title": text}}
    )


def side_texts(texts: Sequence[str], theme: Theme) -> Callable[[Any, Any], None]:
    """Return a hook that writes one text at the right of each row; an axis, so that the layout keeps room for it.

    Args:
        texts: one for each row, the first at the top.
        theme: light or dark.
    """
    colours = chart_colours(dark=theme == "dark")
    places = list(range(len(texts) - 1, -1, -1))

    def apply(plot: Any, _element: Any) -> None:  # noqa: ANN401
        figure = plot.state
        axis = LinearAxis(
            ticker=FixedTicker(ticks=places),
            major_label_overrides=dict(zip(places, texts, strict=True)),
            axis_line_color=None,
            major_tick_line_color=None,
            minor_tick_line_color=None,
            major_label_text_color=colours.text,
            major_label_text_font=FONT,
            major_label_text_font_size="12px",
        )
        figure.add_layout(axis, "right")

    return apply


def tapped_rows(ids: Sequence[int], choose: Callable[[int], None]) -> Callable[[Any, Any], None]:
    """Return a hook that makes the rows of a chart answer to a click or a tap anywhere in them.

    Args:
        ids: what each row stands for, the first at the top.
        choose: called with the id of the row that was clicked.
    """

    def react(event: Tap) -> None:
        place = -1 if event.y is None else len(ids) - 1 - round(event.y)
        if 0 <= place < len(ids):
            choose(ids[place])

    def apply(plot: Any, _element: Any) -> None:  # noqa: ANN401
        plot.state.on_event(Tap, react)

    return apply


def hover(*lines: tuple[str, str]) -> HoverTool:
    """Return a hover tool of (title, "@column") lines; the browser escapes what columns hold."""
    return HoverTool(tooltips=[(title, value) for title, value in lines])


def chart_pane(element: Any, height_px: int) -> pn.pane.HoloViews:  # noqa: ANN401
    """Return a pane that fills the width and is so many pixels high."""
    return pn.pane.HoloViews(
        element, backend="bokeh", sizing_mode="stretch_width", height=height_px, margin=0, linked_axes=False
    )


def empty_state(title: str, advice: str, theme: Theme) -> pn.pane.HTML:
    """Return what stands in a chart's place while there is nothing to draw: what will appear, and what to do.

    Args:
        title: what will appear here.
        advice: what the person can do for it.
        theme: light or dark.
    """
    tokens = DARK if theme == "dark" else LIGHT
    style = (
        f"border:1px dashed {tokens['border-strong']};border-radius:10px;padding:24px 16px;text-align:center;"
        f"font:14px/1.5 {escape(FONT)};color:{tokens['text-2']}"
    )
    strong = f'<div style="font-weight:600;color:{tokens["text"]}">{escape(title)}</div>'
    return pn.pane.HTML(
        f'<div class="gp-empty" role="status" style="{style}">{strong}<div>{escape(advice)}</div></div>',
        sizing_mode="stretch_width",
        margin=0,
    )


def name_ticks(names: Sequence[str], length: int = NAME_LENGTH) -> list[tuple[int, str]]:
    """Return (place, short name) for an axis whose first name stands at the top."""
    last = len(names) - 1
    return [(last - place, short_name(name, length)) for place, name in enumerate(names)]


def row_axes(names: Sequence[str]) -> dict[str, Any]:
    """Return the options of a chart with one row per name, the first at the top."""
    return {
        "responsive": True,
        "yticks": name_ticks(names),
        "ylim": (-0.7, len(names) - 0.3),
        "ylabel": "",
        "show_grid": True,
        "legend_position": "top",
        "legend_cols": 3,
        "toolbar": None,
        "default_tools": [],
    }


def rows_height(count: int) -> int:
    """Return how high a chart with that many rows is."""
    return 96 + max(count, 2) * row_px(count)


def legend_above(plot: Any, _element: Any) -> None:  # noqa: ANN401
    """Move the legend out of the data, above the plot, where it wraps if the plot is narrow."""
    figure = plot.state
    for legend in list(figure.legend):
        legend.orientation = "horizontal"
        legend.stylesheets = [WRAPPED_LEGEND]
        if legend in figure.center:
            figure.center.remove(legend)
            figure.add_layout(legend, "above")


def labels_text(count: int) -> str:
    """Return a number of labels in words."""
    return f"{count:,} label{'' if count == 1 else 's'}"


def share_text(share: float) -> str:
    """Return a share as percent, small ones finer; a dash where it is not known."""
    if not np.isfinite(share):
        return "–"
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else f"{share:.2%}"


def interval_text(low: float, high: float, *, percent: bool = False) -> str:
    """Return an interval in words; a dash where it is not known."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return "–"
    return f"{share_text(low)} to {share_text(high)}" if percent else f"{low:.2f} to {high:.2f}"
