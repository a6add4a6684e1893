"""What the legend leaves on the map: classes that are hidden, a part of the ramp that is shown.

A hidden item has no position: the map then neither draws it nor finds it, and no lasso holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.components.map_picture import CHUNK, Layer, frozen
from app.components.raster_values import NO_VALUE, RAMP_STEPS

WITHOUT = ""
"""Stands for the items without a class or value among the hidden names; no class is called so."""


@dataclass(frozen=True)
class MapFilter:
    """What is shown.

    Attributes:
        hidden: names of the classes that are not, WITHOUT for the items that have none.
        low: from where on values are shown, 0 to 1 along the ramp.
        high: up to where they are; at 1 those beyond the ramp's end too.
    """

    hidden: frozenset[str] = frozenset()
    low: float = 0.0
    high: float = 1.0


EVERYTHING = MapFilter()


def shown_positions(
    positions: npt.NDArray[np.float32], layer: Layer, chosen: MapFilter
) -> npt.NDArray[np.float32]:
    """Return the positions with those of hidden items made NaN; the same array where nothing is hidden.

    Args:
        positions: (n, 2) float32, contiguous.
        layer: the map's colouring.
        chosen: what is shown of it.
    """
    if _shows_all(layer, chosen):
        return positions
    shown = np.empty(positions.shape, np.float32)
    for start in range(0, len(positions), CHUNK):
        part = slice(start, start + CHUNK)
        kept = _shown(layer, chosen, part)
        shown[part] = np.where(kept[:, None], positions[part], np.float32(np.nan))
    return frozen(shown)


def _shows_all(layer: Layer, chosen: MapFilter) -> bool:
    if layer.values is not None:
        return (chosen.low, chosen.high) == (0.0, 1.0) and WITHOUT not in chosen.hidden
    return not chosen.hidden & {WITHOUT, *layer.names}


def _shown(layer: Layer, chosen: MapFilter, part: slice) -> npt.NDArray[np.bool_]:
    """Return (m,) bool, which items of a run of rows are shown."""
    without = WITHOUT not in chosen.hidden
    if layer.values is not None:
        steps = layer.values[part]
        low, high = np.ceil(chosen.low * RAMP_STEPS), np.floor(chosen.high * RAMP_STEPS)
        inside = (steps >= low) & (steps <= high)
        return np.where(steps == NO_VALUE, without, inside)
    assert layer.codes is not None
    shown = np.array([*(name not in chosen.hidden for name in layer.names), without])
    codes = layer.codes[part]
    return shown[np.where((codes >= 0) & (codes < len(layer.names)), codes, len(layer.names))]
