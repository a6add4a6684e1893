"""Which items of a class: the same number from each part that looks alike, confirmed labels first, no copies.

Drawing the same number from each cluster is STARC-9's DeepCluster++: what is common in a class does not fill its share.
Of items that are nearly the same, a second one is taken only once every other item of its part is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.curation.vessels import fill_evenly

IntArray = npt.NDArray[np.int64]


def draw_spread(labels: pd.DataFrame, count: int, generator: np.random.Generator) -> list[str]:
    """Draw items of one class.

    Args:
        labels: its labelled items, in a fixed order, with `item_key`; where known, `subclass`, `together` and
            `confirmed`. Without them the draw is a plain random one.
        count: how many, at most all.
        generator: makes the random choices.

    Returns:
        The keys, in their order.
    """
    shuffled = labels.iloc[generator.permutation(len(labels))]
    confirmed = _column(shuffled, "confirmed", 0) > 0
    # Stable sorts: what is shuffled stays so among equals.
    shuffled = shuffled.iloc[np.argsort(~confirmed, kind="stable")]
    copies = _occurrence(_column(shuffled, "together", -1))
    shuffled = shuffled.iloc[np.argsort(copies, kind="stable")]
    parts = np.unique(_column(shuffled, "subclass", 0), return_inverse=True)[1]
    sizes = np.bincount(parts, minlength=1)
    # Which parts give one more where the number does not divide evenly is drawn too.
    order = generator.permutation(len(sizes))
    quotas = np.empty_like(sizes)
    quotas[order] = fill_evenly(sizes[order], count)
    taken = _occurrence(parts) < quotas[parts] if len(parts) else np.zeros(0, np.bool_)
    return sorted(shuffled["item_key"].to_numpy(dtype=object)[taken].tolist())


def _column(labels: pd.DataFrame, name: str, missing: int) -> IntArray:
    if name not in labels:
        return np.full(len(labels), missing, np.int64)
    return labels[name].fillna(missing).to_numpy(dtype=np.int64)


def _occurrence(groups: IntArray) -> IntArray:
    """Return (m,) int64: how many items of the same group come before each; 0 for an item of no group (−1)."""
    order = np.argsort(groups, kind="stable")
    ranked = groups[order]
    starts = np.searchsorted(ranked, ranked, side="left")
    found = np.empty(len(groups), np.int64)
    found[order] = np.arange(len(groups)) - starts
    return np.where(groups < 0, 0, found)
