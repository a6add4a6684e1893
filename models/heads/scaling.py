"""The scale of a pool's vectors, measured on some of them; no torch here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.errors import TrainingSetError
from models.heads.contract import VectorScale


def measure_scale(vectors: npt.NDArray[np.floating], *, rows: int = 4096) -> VectorScale:
    """Measure mean and size of vectors on evenly spaced rows.

    Args:
        vectors: (n, d) float16 or float32, often a memory map; rows of zeros (unreadable items) are left out.
        rows: how many rows are read at most.

    Returns:
        The scale; size 1 where all rows are alike.

    Raises:
        TrainingSetError: there are no vectors, or those read hold NaN or infinite numbers.
    """
    if vectors.ndim != 2 or not vectors.size:
        raise TrainingSetError(f"vectors must be (n, d) with n and d above 0, got {vectors.shape}")
    chosen = spaced_rows(len(vectors), rows)
    read = np.asarray(vectors[chosen], dtype=np.float64)
    if not np.isfinite(read).all():
        raise TrainingSetError("the vectors hold NaN or infinite numbers; write them again")
    used = read[read.any(axis=1)]
    if not len(used):
        used = read
    mean = used.mean(axis=0)
    size = float(np.sqrt(np.square(used - mean).mean()))
    smallest = max(1e-30, 1e-7 * float(np.abs(mean).max()))  # below it is rounding
    return VectorScale(mean=mean.astype(np.float32), size=size if size > smallest else 1.0)


def spaced_rows(count: int, rows: int) -> npt.NDArray[np.int64]:
    """Return at most `rows` row numbers spread evenly over `count` rows.

    Args:
        count: rows there are.
        rows: rows wanted.

    Returns:
        (min(count, rows),) int64, ascending.
    """
    taken = min(count, rows)
    return (np.arange(taken, dtype=np.int64) * count) // max(taken, 1)
