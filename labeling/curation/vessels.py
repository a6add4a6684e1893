"""Filling vessels of different width and height to one level: who gets how many where some run out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def even_level(have: IntArray, want: FloatArray, budget: int | None) -> float:
    """Return the level: min(have, level × want) is what each vessel gives.

    Args:
        have: (k,) what there is of each.
        want: (k,) the width of each, 0 for none.
        budget: how much in all; None for as much as there is with every vessel that has something at one level.
    """
    full = np.divide(have, want, out=np.full(len(have), np.inf), where=want > 0)
    usable = (want > 0) & (have > 0)
    if not usable.any():
        return 0.0
    if budget is None:
        return float(full[usable].min())
    left, width, level = float(budget), float(want[usable].sum()), 0.0
    for place in np.argsort(full, kind="stable"):
        if not usable[place]:
            continue
        rise = float(full[place]) - level
        if rise * width >= left:
            return level + left / width
        left -= rise * width
        width -= float(want[place])
        level = float(full[place])
    return level


def round_to(exact: FloatArray, have: IntArray, total: int) -> IntArray:
    """Round to whole items that sum to the total, the largest remainders up, never above what there is.

    Args:
        exact: (k,) not negative.
        have: (k,) what there is of each.
        total: the sum, where what there is allows it.
    """
    whole = np.minimum(np.floor(exact + 1e-9).astype(np.int64), have)
    remainder = exact - whole
    for place in np.argsort(-remainder, kind="stable"):
        if whole.sum() >= total:
            break
        if whole[place] < have[place] and remainder[place] > 1e-9:
            whole[place] += 1
    return whole


def fill_evenly(have: IntArray, total: int) -> IntArray:
    """Return (k,) int64: whole items from each that sum to the total, from each the same until it runs out.

    Args:
        have: (k,) what there is of each.
        total: at most what there is in all.
    """
    want = np.ones(len(have))
    return round_to(np.minimum(have, even_level(have, want, total) * want), have, total)
