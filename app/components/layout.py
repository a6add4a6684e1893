"""The pieces that pages are laid out with: text, panels, columns that fold when the window is narrow.

Panel draws each piece in a shadow root of its own, where page-wide CSS does not reach; so each piece carries its
stylesheet (`layout.css`), and colours and spacing come as custom properties from `theme.py`.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import panel as pn

PAGE_MARGIN_PX = 16
BAR_GAP_PX = 8
NUMBER_SX = {
    "& .MuiInputAdornment-root": {"display": "none"},
    "& .MuiInputBase-input": {"paddingLeft": "14px"},
}
"""Of a number field: its two small buttons have no name that a screen reader could say; arrow keys do the same."""


def html(text: str = "", *, css_class: str = "", visible: bool = True, wide: bool = True) -> Any:  # noqa: ANN401 - a Panel pane
    """Return a pane of HTML in the design system's type. The caller escapes what a person or a file set.

    Args:
        text: the HTML.
        css_class: of the pane, beside its own.
        visible: whether it is shown.
        wide: whether it fills the width; else it is as wide as its text.
    """
    classes = ["gp-html", css_class] if css_class else ["gp-html"]
    return pn.pane.HTML(
        text,
        css_classes=classes,
        stylesheets=[stylesheet()],
        sizing_mode="stretch_width" if wide else None,
        margin=0,
        visible=visible,
    )


def panel(title: str, *content: Any, note: str = "") -> Any:  # noqa: ANN401 - a Panel layout
    """Return a titled panel around content.

    Args:
        title: its heading, plain text.
        *content: what it holds.
        note: a quiet line below the heading, plain text.
    """
    heading = f"<h2>{escape(title)}</h2>" + (f'<p class="gp-quiet">{escape(note)}</p>' if note else "")
    return pn.Column(
        html(heading),
        *content,
        css_classes=["gp-panel"],
        stylesheets=[stylesheet()],
        sizing_mode="stretch_width",
        margin=0,
    )


def stack(*content: Any) -> Any:  # noqa: ANN401 - a Panel layout
    """Return content below each other with the usual gap."""
    return _layout("gp-stack", content)


def page_frame(*content: Any) -> Any:  # noqa: ANN401 - a Panel layout
    """Return the whole page's content with the margin around it."""
    frame = stack(*content)
    frame.margin = PAGE_MARGIN_PX
    return frame


def aside(main: Any, *side: Any) -> Any:  # noqa: ANN401 - a Panel layout
    """Return a wide main part with a column beside it; below it in a narrow window."""
    return _layout("gp-aside", (main, stack(*side)))


def two_columns(*content: Any) -> Any:  # noqa: ANN401 - a Panel layout
    """Return content in two columns of equal width; in one in a narrow window."""
    return _layout("gp-two", content)


def three_columns(*content: Any) -> Any:  # noqa: ANN401 - a Panel layout
    """Return content in three columns of equal width; in one in a narrow window."""
    return _layout("gp-three", content)


def bar(*content: Any) -> Any:  # noqa: ANN401 - a Panel layout
    """Return widgets beside each other, wrapping where there is no room."""
    return pn.FlexBox(*content, gap=f"{BAR_GAP_PX}px", align_items="center", margin=0)


def wide_table(name: str, table: str) -> str:
    """Return a table of many columns as HTML in a box that scrolls sideways, by keys too, where it is too wide.

    Args:
        name: what a screen reader calls it, plain text.
        table: the HTML of a `<table class="gp-fields">`; the caller escapes what a person or a file set.
    """
    return f'<div class="gp-wide" tabindex="0" role="region" aria-label="{escape(name)}">{table}</div>'


@cache
def stylesheet() -> str:
    """Return the stylesheet that the pieces carry."""
    return Path(__file__).with_name("layout.css").read_text(encoding="utf-8")


def _layout(css_class: str, content: Any) -> Any:  # noqa: ANN401 - a Panel layout
    return pn.Column(
        *content, css_classes=[css_class], stylesheets=[stylesheet()], sizing_mode="stretch_width", margin=0
    )
