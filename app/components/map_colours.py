"""Colours of the pool map, as names and as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from bokeh.palettes import Viridis256

from app.components.theme import DARK, LIGHT, UNLABELLED, contrast_ratio

Theme = Literal["light", "dark"]

UNLABELLED_OPACITY = 0.5
ORDERED_ENDS = (215, 40)


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
    """Return `value_ramp` as (257, 4) float32 of red, green, blue, opacity; the last row is for no value."""
    rows = [(*rgb(colour), 1.0) for colour in value_ramp(theme)]
    return np.array([*rows, (*rgb(UNLABELLED), UNLABELLED_OPACITY)], np.float32)


def ordered_palette(count: int) -> tuple[str, ...]:
    """Return colours for what has an order, the first ones pale, legible in both themes."""
    return tuple(Viridis256[round(step)] for step in np.linspace(*ORDERED_ENDS, count)) if count else ()
