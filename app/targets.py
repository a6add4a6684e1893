"""The wanted share of each class among the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labeling.classes import LabelClass


def target_shares(classes: Sequence[LabelClass]) -> npt.NDArray[np.float32]:
    """Return (k,) float32 shares summing to 1; a class without a target gets the mean of the given ones."""
    given = [entry.target for entry in classes if entry.target is not None]
    usual = sum(given) / len(given) if given else 1.0
    weights = np.array(
        [usual if entry.target is None else entry.target for entry in classes], dtype=np.float64
    )
    if not len(weights):
        return weights.astype(np.float32)
    total = float(weights.sum())
    shares = weights / total if total > 0 else np.full_like(weights, 1 / len(weights))
    return shares.astype(np.float32)
