"""Intervals of figures that noise alone makes larger: a sum of distances, or the gap between the best and the worst.

Ten bins of ten items each are never right on average even where all probabilities are, and of ten classes that are
recognised equally well one looks worst. So such a figure is not read as it is. It is asked which true differences, in
proportion to those seen, would give a figure as small, or as large, as the one seen in 2.5 % of all samples: the ends
of the interval (a test turned around, Cox & Hinkley 1974, chapter 7). The one that half of all samples exceed is the
value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.audit_sample import TAIL, FloatArray
from models.quality import Estimate

HALVINGS = 14
LARGEST = 4.0
"""True differences are at most so many times those seen."""

DRAWS = 1_000

Gap = Callable[[FloatArray], FloatArray]
"""A figure of differences (…, b) that grows with all of them in proportion, such as the sum of their sizes."""


def shrunk(seen: FloatArray, noise: FloatArray, gap: Gap) -> Estimate:
    """Return a figure of true differences, where those seen have noise on them.

    Args:
        seen: (b,) the differences seen.
        noise: (draws, b) what chance adds to them.
        gap: the figure.
    """
    whole = float(gap(seen[None])[0])

    def below(factor: float) -> float:
        """Return in which share of all samples the figure is at most what was seen."""
        found = gap(factor * seen[None] + noise)
        return float((found < whole).mean() + 0.5 * (found == whole).mean())

    low, value, high = (whole * _factor(below, share) for share in (1.0 - TAIL, 0.5, TAIL))
    if not value:
        # What was seen is less than chance alone brings: true differences of about that size would not show.
        high = max(high, float(np.median(gap(noise))))
    return Estimate(value, min(low, value), max(high, value))


def normal_noise(covariance: FloatArray, generator: np.random.Generator, draws: int = DRAWS) -> FloatArray:
    """Draw (draws, b) normal noise of (b, b) covariances, which may be singular."""
    sizes, axes = np.linalg.eigh(covariance)
    drawn = generator.standard_normal((draws, len(covariance)))
    return np.asarray((drawn * np.sqrt(np.maximum(sizes, 0.0))) @ axes.T, np.float64)


def _factor(below: Callable[[float], float], share: float) -> float:
    """Return the factor at which a share of all samples is below what was seen; the share falls as it grows."""
    low, high = 0.0, LARGEST
    if below(low) <= share:
        return 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if below(middle) > share:
            low = middle
        else:
            high = middle
    return high
