"""The charts of quality: precision, recall and F1 of each class, and which classes are confused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
import pandas as pd
import panel as pn
from bokeh.events import Tap

from app.components.charts_style import (
    chart_pane,
    dress,
    empty_state,
    hover,
    interval_text,
    labels_text,
    legend_above,
    name_ticks,
    plain_text,
    row_axes,
    rows_height,
    short_name,
    side_texts,
)
from app.components.map_colours import Theme, rgb
from app.components.theme import chart_colours, ink_on

MEASURES = ("precision", "recall", "f1")
ANNOTATED_CELLS = 20
NAMED_COLUMNS = 30


def class_quality(frame: pd.DataFrame, *, theme: Theme = "light") -> pn.viewable.Viewable:
    """Draw precision, recall and F1 of each class with the interval of F1.

    Args:
        frame: one row per class: `class_name`, `labels`, `precision`, `recall`, `f1` (0 to 1, NaN where there are too
            few labels), and where known `f1_low`, `f1_high`.
        theme: light or dark.

    Returns:
        The chart, classes with too few labels first, then the worst; an empty state while no class is measured.
    """
    if len(frame) == 0 or frame["f1"].isna().all():
        return empty_state(
            "How well each class is recognised",
            "Label items of two classes; the next round measures them.",
            theme,
        )
    data = _quality_rows(frame)
    colours = chart_colours(dark=theme == "dark")
    tips = hover(
        ("class", "@name"),
        ("labels", "@labels"),
        ("F1", "@f1{0.00}"),
        ("95 % interval", "@interval"),
        ("precision", "@precision{0.00}"),
        ("recall", "@recall{0.00}"),
    )
    known = data[data["f1"].notna()]
    span = known[known["f1_low"].notna() & known["f1_high"].notna()]
    columns = ["name", "labels", "interval", *MEASURES]
    marks = {
        "precision": {"marker": "triangle", "color": colours.kinds["discover"], "size": 9},
        "recall": {"marker": "square", "color": colours.kinds["refine"], "size": 8},
        "f1": {"marker": "circle", "color": colours.primary, "size": 11},
    }
    parts: list[Any] = [
        hv.Segments((span["f1_low"], span["y"], span["f1_high"], span["y"])).opts(
            color=colours.primary, line_width=4, alpha=0.3
        )
    ]
    for measure, looks in marks.items():
        place = known.assign(at=known[measure])
        title = "F1, 95 % interval" if measure == "f1" else measure
        parts.append(
            hv.Points(place, ["at", "y"], columns, label=title).opts(
                line_color=colours.plot, tools=[tips], **looks
            )
        )
    few = data[data["f1"].isna()].assign(edge=0.0, text="too few labels")
    if len(few):
        looks = {"text_color": colours.muted, "text_font_size": "12px", "text_align": "left"}
        parts.append(hv.Labels(few, ["edge", "y"], "text").opts(**looks))
    chart = hv.Overlay(parts).opts(
        hv.opts.Overlay(
            **row_axes(data["name"].tolist()),
            xlim=(-0.03, 1.03),
            xticks=[(tick, f"{tick:g}") for tick in (0, 0.5, 1)],
            xlabel="",
            hooks=dress(theme, legend_above, side_texts(data["text"].tolist(), theme)),
        )
    )
    return chart_pane(chart, rows_height(len(data)))


OnCell = Callable[[int, int], None]


def confusion_matrix(
    counts: npt.NDArray[np.integer],
    names: Sequence[str],
    *,
    theme: Theme = "light",
    on_cell: OnCell | None = None,
) -> pn.viewable.Viewable:
    """Draw which classes the model takes for which.

    Args:
        counts: (k, k) integers; row i, column j: items labelled class i that the model took for class j.
        names: k class names.
        theme: light or dark.
        on_cell: called with row and column of a cell that is clicked; None for no clicks.

    Returns:
        The chart, each row coloured by its shares; an empty state while nothing was counted.

    Raises:
        ValueError: counts are not (k, k) for k names.
    """
    k = len(names)
    if counts.shape != (k, k):
        raise ValueError(
            f"counts have shape {counts.shape} for {k} names; give one row and one column for each"
        )
    if k == 0 or counts.sum() == 0:
        return empty_state(
            "What the model confuses", "Label items of two classes; the next round compares them.", theme
        )
    data = _confusion_cells(counts, names, theme)
    tips = hover(
        ("labelled", "@labelled"), ("taken for", "@taken"), ("items", "@count"), ("of its row", "@share{0%}")
    )
    columns = ["labelled", "taken", "count", "share", "colour"]
    cells = hv.Rectangles(data, ["x0", "y0", "x1", "y1"], columns).opts(
        color="colour", line_alpha=0, tools=[tips]
    )
    parts: list[Any] = [cells]
    if k <= ANNOTATED_CELLS:
        some = data[data["count"] > 0]
        parts.append(
            hv.Labels(some, ["x", "y"], ["text", "ink"]).opts(text_color="ink", text_font_size="12px")
        )
    length = 16 if k <= ANNOTATED_CELLS else 12
    chart = hv.Overlay(parts).opts(
        hv.opts.Overlay(
            responsive=True,
            xticks=[(x, short_name(name, length)) for x, name in enumerate(names)]
            if k <= NAMED_COLUMNS
            else 0,
            yticks=name_ticks(names, length),
            xlim=(-0.5, k - 0.5),
            ylim=(-0.5, k - 0.5),
            xlabel="taken for" if k <= NAMED_COLUMNS else "taken for (columns in the order of the rows)",
            ylabel="labelled",
            xrotation=45 if k <= 6 else 60 if k <= 30 else 90,
            toolbar=None,
            default_tools=[],
            hooks=dress(theme, *([] if on_cell is None else [_clicks(k, on_cell)])),
        )
    )
    return chart_pane(chart, 120 + max(k, 4) * (34 if k <= 12 else 24 if k <= 30 else 16))


def _clicks(k: int, on_cell: OnCell) -> Callable[[Any, Any], None]:
    """Return a hook that hands on the cell under a click, the first row being at the top."""

    def tapped(event: Tap) -> None:
        if event.x is None or event.y is None:
            return
        row, column = k - 1 - round(event.y), round(event.x)
        if 0 <= row < k and 0 <= column < k:
            on_cell(row, column)

    def apply(plot: Any, _element: Any) -> None:  # noqa: ANN401
        plot.state.on_event(Tap, tapped)

    return apply


def _quality_rows(frame: pd.DataFrame) -> pd.DataFrame:
    data = frame.assign(f1_low=frame.get("f1_low", np.nan), f1_high=frame.get("f1_high", np.nan))
    numbers = [*MEASURES, "f1_low", "f1_high"]
    data[numbers] = data[numbers].astype(float)
    data = data.sort_values(["f1", "labels"], na_position="first").reset_index(drop=True)
    texts = [labels_text(count) for count in data["labels"].astype(int)]
    spans = [interval_text(low, high) for low, high in zip(data["f1_low"], data["f1_high"], strict=True)]
    return data.assign(
        name=[plain_text(name) for name in data["class_name"]],
        y=np.arange(len(data))[::-1],
        interval=spans,
        text=texts,
    )


def _confusion_cells(counts: npt.NDArray[np.integer], names: Sequence[str], theme: Theme) -> pd.DataFrame:
    k = len(names)
    colours = chart_colours(dark=theme == "dark")
    ground = np.array(rgb(colours.plot), float)
    right, wrong = np.array(rgb(colours.primary), float), np.array(rgb(colours.bad), float)
    row, column = (place.ravel() for place in np.indices((k, k)))
    flat = counts.ravel()
    share = flat / np.maximum(counts.sum(axis=1), 1)[row]
    strength = np.where(share > 0, 0.08 + 0.92 * share, 0.03)[:, None]
    ink = np.where(
        (row == column)[:, None], right, np.where(share[:, None] > 0, wrong, np.array(rgb(colours.muted)))
    )
    mixed = np.rint(ground + strength * (ink - ground)).astype(int)
    fills = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in mixed]
    plain = [plain_text(name) for name in names]
    x, y = column.astype(float), (k - 1 - row).astype(float)
    return pd.DataFrame(
        {
            "x0": x - 0.47,
            "y0": y - 0.47,
            "x1": x + 0.47,
            "y1": y + 0.47,
            "x": x,
            "y": y,
            "labelled": [plain[place] for place in row],
            "taken": [plain[place] for place in column],
            "count": flat,
            "share": share,
            "colour": fills,
            "ink": [ink_on(fill) for fill in fills],
            "text": [f"{count:,}" for count in flat],
        }
    )
