"""Colours of the pool map as arrays, and its legend as escaped HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

import numpy as np
import numpy.typing as npt
from bokeh.palettes import Viridis256

from app.components.theme import DARK, FONT, LIGHT, UNLABELLED, contrast_ratio

Theme = Literal["light", "dark"]

UNLABELLED_OPACITY = 0.5


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of `#rrggbb` or `#rgb`.

    Raises:
        ValueError: the text is no such colour.
    """
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError as error:
        raise ValueError(f"{colour!r} is not a colour; write it as #rrggbb") from error
    return red, green, blue


def readable(colour: str, theme: Theme) -> str:
    """Return the colour, mixed with the theme's text colour until it stands out from the ground; its hue stays.

    Args:
        colour: a class colour as hex.
        theme: light or dark.
    """
    tokens, least = (DARK, 2.6) if theme == "dark" else (LIGHT, 1.7)
    own, ink = np.array(rgb(colour), float), np.array(rgb(tokens["text"]), float)
    for share in np.arange(0, 0.95, 0.05):
        red, green, blue = np.rint(own + share * (ink - own)).astype(int)
        mixed = f"#{red:02x}{green:02x}{blue:02x}"
        if contrast_ratio(mixed, tokens["surface"]) >= least:
            break
    return mixed


def palette_table(palette: Sequence[str], theme: Theme) -> npt.NDArray[np.float32]:
    """Return (k + 1, 4) float32 of red, green, blue, opacity; the last row is for no class."""
    rows = [(*rgb(readable(colour, theme)), 1.0) for colour in palette]
    return np.array([*rows, (*rgb(UNLABELLED), UNLABELLED_OPACITY)], np.float32)


def value_ramp(theme: Theme) -> list[str]:
    """Return 256 colours from 0 to 1, perceptually uniform; in both themes a high value stands out."""
    ends = (38, 255) if theme == "dark" else (228, 0)
    return [Viridis256[round(step)] for step in np.linspace(*ends, 256)]


def ramp_table(theme: Theme) -> npt.NDArray[np.float32]:
    """Return `value_ramp` as (256, 3) float32."""
    return np.array([rgb(colour) for colour in value_ramp(theme)], np.float32)


def class_legend(
    names: Sequence[str], palette: Sequence[str], counts: Sequence[int], *, without: int, theme: Theme
) -> str:
    """Return the legend of classes as HTML: a dot, the name and the number of items each.

    Args:
        names: class names, plain text from a person; escaped here.
        palette: their colours.
        counts: their numbers of items.
        without: items without a class; listed last when there are any.
        theme: light or dark.
    """
    shown = [readable(colour, theme) for colour in palette]
    entries = [_entry(name, colour, count) for name, colour, count in zip(names, shown, counts, strict=True)]
    if without:
        entries.append(_entry("no class yet", UNLABELLED, without, quiet=True))
    return _legend("".join(entries), theme)


def value_legend(name: str, theme: Theme) -> str:
    """Return the legend of a ramp as HTML, from 0 to 1, under an escaped name."""
    stops = ", ".join(value_ramp(theme)[::17])
    bar = f'<span class="bar" style="background:linear-gradient(to right, {stops})"></span>'
    low, high = '<span class="count">0 low</span>', '<span class="count">1 high</span>'
    entry = f'<span class="entry"><span class="name">{escape(name)}</span>{low}{bar}{high}</span>'
    return _legend(entry, theme)


LEGEND_CSS = f"""
.gp-legend {{ display: flex; flex-wrap: wrap; gap: 2px 14px; max-height: 84px; overflow-y: auto;
  padding: 6px 4px 2px; font: 12px/1.5 {FONT}; }}
.gp-legend .entry {{ display: inline-flex; align-items: center; gap: 6px; max-width: 100%; min-width: 0; }}
.gp-legend .dot {{ flex: none; width: 10px; height: 10px; border-radius: 50%; }}
.gp-legend .name {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 22ch; }}
.gp-legend .count {{ font-variant-numeric: tabular-nums; white-space: nowrap; }}
.gp-legend .bar {{ width: 120px; height: 10px; border-radius: 5px; }}
"""


def _entry(name: str, colour: str, count: int, *, quiet: bool = False) -> str:
    red, green, blue = rgb(colour)
    opacity = UNLABELLED_OPACITY if quiet else 1
    dot = f'<span class="dot" style="background:rgb({red} {green} {blue} / {opacity})"></span>'
    safe = escape(name)
    return (
        f'<span class="entry" role="listitem" title="{safe}">{dot}<span class="name">{safe}</span>'
        f'<span class="count">{count:,}</span></span>'
    )


def _legend(entries: str, theme: Theme) -> str:
    tokens = DARK if theme == "dark" else LIGHT
    quiet = f".gp-legend .count {{ color: {tokens['text-3']}; }}"
    return (
        f"<style>{quiet}</style>"
        f'<div class="gp-legend" role="list" aria-label="legend" tabindex="0" style="color:{tokens["text"]}">'
        f"{entries}</div>"
    )
