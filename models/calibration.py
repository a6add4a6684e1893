"""Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks"), with few labels in mind.

The temperature makes out-of-fold logits likeliest. Logits carry no class prior, so that a class must not
count more for having more labels, chosen by a strategy as they are; a class of two labels, on the other hand,
must not decide alone. So a label counts by the inverse root of its class's labels. A prior on the log of the
temperature draws it to a
default: weak beside a hundred labels, strong beside five, so that no threshold is needed between few and
many. Where fewer than two classes have two labels there are no out-of-fold logits, and it is the default.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

DEFAULT_TEMPERATURE = 1.0
"""Used where there are no out-of-fold logits, and the centre of the prior elsewhere."""

SPREAD = 0.25
"""Standard deviation of the prior on the log of the temperature."""

WEIGHT_POWER = 0.5
"""How labels of one class share its weight in the fit; see `class_weights`."""

LOWEST, HIGHEST = 0.1, 10.0
BINS = 10


def fit_temperature(
    logits: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    *,
    repeats: int = 1,
) -> float:
    """Find the temperature by which logits are to be divided.

    Args:
        logits: (m, k) out-of-fold logits, class prior taken out.
        labels: (m,) int64; the class of each.
        weights: (m,) not negative; how much each label counts; only their proportions matter, their effective
            number (Kish 1965) is what the prior is weighed against.
        repeats: how often each label occurs in `labels`; it counts once.

    Returns:
        The temperature, 0.1 to 10; the default where m is 0.
    """
    if not len(labels):
        return DEFAULT_TEMPERATURE
    effective = float(weights.sum() ** 2 / np.square(weights).sum()) / repeats
    shares = weights / weights.sum()
    wide = logits.astype(np.float64)

    def cost(log_temperature: float) -> float:
        loss = float(shares @ _losses(wide / math.exp(log_temperature), labels))
        pull = (log_temperature - math.log(DEFAULT_TEMPERATURE)) / SPREAD
        return effective * loss + 0.5 * pull * pull

    return math.exp(_minimise(cost, math.log(LOWEST), math.log(HIGHEST)))


def class_weights(
    labels: npt.NDArray[np.int64], class_count: int, *, power: float = 1.0
) -> npt.NDArray[np.float64]:
    """Weigh labels so that every class with labels counts the same.

    Args:
        labels: (m,) int64.
        class_count: k.
        power: 1 for equal classes; 0 for equal labels; between the two for something between.

    Returns:
        (m,) float64; adds up to 1.
    """
    if not len(labels):
        return np.zeros(0)
    counts = np.bincount(labels, minlength=class_count)
    weights = 1.0 / counts[labels].astype(np.float64) ** power
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Turn logits into probabilities along the last axis.

    Args:
        logits: (…, k).
    """
    wide = np.asarray(logits, dtype=np.float64)
    raised = np.exp(wide - wide.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def calibration_error(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]
) -> float:
    """Compute the expected calibration error: how far confidence is from accuracy, on average.

    Args:
        probabilities: (m, k) predicted for each label; m > 0.
        labels: (m,) int64; the class of each.
        weights: (m,) not negative; how much each label counts.

    Returns:
        0 (calibrated) to 1; over ten bins of about equal weight in the order of confidence.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    shares = weights[order] / weights.sum()
    bins = np.minimum(((np.cumsum(shares) - shares / 2) * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=shares * (confidence[order] - right[order]), minlength=BINS)
    return float(np.abs(gaps).sum())


def _losses(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    highest = logits.max(axis=1)
    total = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return np.asarray(total - logits[np.arange(len(labels)), labels])


def _minimise(cost: Callable[[float], float], low: float, high: float) -> float:
    """Golden-section search; the cost falls, then rises."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > 1e-4:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(right)
    return (low + high) / 2
