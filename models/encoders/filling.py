"""Missing numbers filled with what the other columns of the same row lead one to expect, in numpy.

The columns are taken as jointly normal; mean and covariance come from the rows as they are, with their gaps, by
expectation and maximisation (Dempster, Laird and Rubin 1977; Little and Rubin 2019, chapter 11). A median in the gap
would tear correlated columns apart: the brightness of a star in one colour says most of its brightness in the next, and
what tells the classes apart are the small differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.encoders.contract import FloatArray, ranges

MOST_COLUMNS = 64
"""Of a wider table gaps are filled with the columns' means: the joint model would cost more than it gives."""

FIT_ROWS, FIT_NUMBERS, STEPS = 4000, 60_000, 8
"""Rows to learn from at most, numbers at most, and steps; more of either changed no figure in docs/encoders.md."""

CHUNK_ROWS = 256
RIDGE = 1e-3
"""Added to the variances (1 after standardising), so that equal columns can be told from one another."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Filling:
    """What is expected in a gap.

    Attributes:
        mean: (p,) float64; of each column.
        covariance: (p, p) float64; the identity where columns are filled with their means.
    """

    mean: Array
    covariance: Array

    def apply(self, values: FloatArray) -> FloatArray:
        """Fill gaps.

        Args:
            values: (b, p) float32, NaN in gaps; left unchanged.

        Returns:
            (b, p) float32 without NaN; what was there stays as it was.
        """
        filled = values.copy()
        rows = np.flatnonzero(np.isnan(values).any(axis=1))
        for low, high in ranges(0, len(rows), CHUNK_ROWS):
            chosen = rows[low:high]
            part = values[chosen].astype(np.float64)
            expected = _expect(part, self.mean, self.covariance)
            filled[chosen] = np.where(np.isnan(part), expected, part)
        return filled


def learn_filling(values: FloatArray, *, seed: int) -> Filling:
    """Learn mean and covariance from rows with gaps.

    Args:
        values: (m, p) float32, standardised, NaN in gaps; m at least 1.
        seed: of the choice of rows.

    Returns:
        The filling.
    """
    rows, width = values.shape
    most = min(FIT_ROWS, max(FIT_NUMBERS // max(1, width), 8 * width))
    if rows > most:
        chosen = np.random.default_rng(seed).choice(rows, most, replace=False)
        values = values[np.sort(chosen)]
    known = ~np.isnan(values)
    part = values.astype(np.float64)
    mean = np.where(known, part, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    if width > MOST_COLUMNS or len(values) <= width:
        return Filling(mean, np.eye(width))
    covariance = np.eye(width)
    for _ in range(STEPS if not known.all() else 1):
        mean, covariance = _step(part, mean, covariance)
    return Filling(mean, covariance)


def _step(values: Array, mean: Array, covariance: Array) -> tuple[Array, Array]:
    """Return mean and covariance of the rows as they are expected, their uncertainty included."""
    filled, unsure = values.copy(), np.zeros_like(covariance)
    for low, high in ranges(0, len(values), CHUNK_ROWS):
        part = values[low:high]
        filled[low:high] = np.where(np.isnan(part), _expect(part, mean, covariance), part)
        unsure += _unsure(part, covariance)
    mean = filled.mean(axis=0)
    apart = filled - mean
    return mean, (apart.T @ apart + unsure) / len(values) + RIDGE * np.eye(len(mean))


def _expect(values: Array, mean: Array, covariance: Array) -> Array:
    """Return what is expected of each row, (b, p)."""
    known = ~np.isnan(values)
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    apart = np.where(known, values - mean, 0.0)
    solved = np.empty_like(apart)
    if 4 * len(patterns) < len(values):
        # Few patterns of gaps, as in most tables: the matrix of each is inverted once.
        inverses = np.linalg.inv(_seen(patterns, covariance))
        for pattern, inverse in enumerate(inverses):
            rows = which.reshape(-1) == pattern
            solved[rows] = apart[rows] @ inverse
    else:
        solved = np.linalg.solve(_seen(known, covariance), apart[:, :, None])[:, :, 0]
    return np.asarray(mean + solved @ covariance, dtype=np.float64)


def _unsure(values: Array, covariance: Array) -> Array:
    """Return the covariance of what is missing, given what is known, summed over the rows, (p, p)."""
    patterns, counts = np.unique(~np.isnan(values), axis=0, return_counts=True)
    partial = ~patterns.all(axis=1)
    known, counts = patterns[partial], counts[partial]
    both = known[:, :, None] & known[:, None, :]
    explained = covariance @ (np.linalg.inv(_seen(known, covariance)) * both) @ covariance
    gaps = ~known[:, :, None] & ~known[:, None, :]
    rest = np.where(gaps, covariance - explained, 0.0)
    return np.asarray((rest * counts[:, None, None]).sum(axis=0), dtype=np.float64)


def _seen(known: npt.NDArray[np.bool_], covariance: Array) -> Array:
    """Return (b, p, p): the covariance of the columns known; missing ones become columns of the identity.

    So all patterns of gaps have one shape and are solved together.
    """
    return np.where(known[:, :, None] & known[:, None, :], covariance, np.eye(len(covariance)))
