"""The figures behind the advice on stopping: agreement of two models, gain of more labels, what is not found yet.

Pure functions over arrays; no torch here, the web process may read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from models.prior import NORMAL, wilson_interval
from models.quality import Estimate

Floats = npt.NDArray[np.float64]

POWERS = (0.0, 0.25, 0.5, 1.0)
"""Exponents c of the learning curves a - b / n^c that are weighed against each other; 0 stands for the logarithm."""

LEAST_POINTS = 6
LEAST_SPREAD = 1.5
"""A curve is fitted from so many points on whose labels grew by so much."""

BACK_TO = 0.25
"""Points with fewer labels than this share of the present ones are left out: early curves follow another law."""

SHARED = 16.0
"""What the variance of the fit is multiplied by: points share nearly all their labels, and labels that a strategy chose
tell little of the pool. Found by measurement (docs/stopping.md)."""


def kappa(before: npt.NDArray[np.integer], after: npt.NDArray[np.integer]) -> Estimate:
    """Compute how far two models agree beyond chance, by Cohen (1960), with the interval of the rows looked at.

    Args:
        before: (r,) class of each row by the earlier model, r > 0.
        after: (r,) class of each row by the later model.

    Returns:
        1 for full agreement, 0 for that of chance, below for less; 1 where both give every row one and the same class.

    Raises:
        ValueError: nothing to compare, or two lengths.
    """
    if before.shape != after.shape or not before.size:
        raise ValueError(f"predictions must be of one length above 0, got {before.shape} and {after.shape}")
    agreed = float(np.mean(before == after))
    classes, places = np.unique(np.concatenate([before, after]), return_inverse=True)
    first = np.bincount(places[: before.size], minlength=classes.size) / before.size
    second = np.bincount(places[before.size :], minlength=classes.size) / after.size
    by_chance = float(first @ second)
    if by_chance >= 1.0:
        return Estimate(1.0, 1.0, 1.0)
    value = (agreed - by_chance) / (1.0 - by_chance)
    half = NORMAL * np.sqrt(agreed * (1.0 - agreed) / before.size) / (1.0 - by_chance)
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half))


def mean_agreement(kappas: Sequence[Estimate]) -> Estimate:
    """Return the mean of some agreements; its interval joins theirs with their spread from one to the next.

    Args:
        kappas: at least one.
    """
    values = np.array([entry.value for entry in kappas])
    halves = np.array([(entry.high - entry.low) / 2.0 for entry in kappas])
    # The rows are the same every time, so their chance does not average out.
    between = NORMAL * values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else 0.0
    half = float(np.hypot(halves.mean(), between))
    mean = float(values.mean())
    return Estimate(mean, max(-1.0, mean - half), min(1.0, mean + half))


def expected_gain(
    labels: npt.NDArray[np.integer], levels: npt.NDArray[np.floating], *, more: int = 100
) -> Estimate | None:
    """Estimate how much a figure rises with more labels, from how it rose so far.

    The curves a - b / n^c for several c are fitted by least squares, a point weighing as much as it has labels, and
    weighed against each other by how well they fit (Figueroa et al. 2012 fit one such inverse power law).

    Args:
        labels: (p,) labels of each point, ascending and distinct.
        levels: (p,) the figure at each point.
        more: labels that are yet to come.

    Returns:
        The expected rise, below 0 where the figure falls, with a 95 % interval; None where too few points, or points
        too close to each other, say nothing.
    """
    counts = np.asarray(labels, dtype=np.float64)
    if not counts.size:
        return None
    recent = counts >= BACK_TO * counts[-1]
    counts, figures = counts[recent], np.asarray(levels, dtype=np.float64)[recent]
    if counts.size < LEAST_POINTS or counts[-1] < LEAST_SPREAD * counts[0]:
        return None
    fits = np.array([_fit(counts, figures, power, more) for power in POWERS])
    rises, variances, errors = fits.T
    weights = (errors.min() / errors) ** (counts.size / (2.0 * SHARED))
    weights /= weights.sum()
    rise = float(weights @ rises)
    variance = float(weights @ (variances + (rises - rise) ** 2))
    half = float(stdtrit(counts.size - 2, 0.975)) * np.sqrt(variance)
    return Estimate(rise, rise - half, rise + half)


def unfound_items(
    *, items: int, unlabelled: int, labels: int, share: float, share_low: float, share_high: float
) -> Estimate:
    """Estimate how many items of a class have no label yet.

    Args:
        items: items of the pool that can be read.
        unlabelled: those without a label; no more can be unfound.
        labels: those that have a label of the class.
        share: the class's estimated share of the pool, with the ends of its interval.
        share_low: the lower end.
        share_high: the upper end.
    """
    low, value, high = (
        float(np.clip(part * items - labels, 0.0, unlabelled)) for part in (share_low, share, share_high)
    )
    return Estimate(value, min(low, value), max(high, value))


def unmet_classes(counts: npt.NDArray[np.integer]) -> Estimate:
    """Estimate how many classes have no label yet, from those with one label and with two (Chao 1984, 1987).

    The estimate holds for labels drawn at random. A strategy that looks for rare classes finds them sooner, so that
    those with a single label become few: then the figure is too low. It is a lower bound in any case.

    Args:
        counts: (k,) labels of each class; classes without labels do not count.

    Returns:
        The bias-corrected estimate f1 (f1 - 1) / 2 (f2 + 1) with its log-normal 95 % interval.
    """
    once, twice = float((counts == 1).sum()), float((counts == 2).sum())
    met = float((counts > 0).sum())
    unmet = once * (once - 1.0) / (2.0 * (twice + 1.0))
    if twice:
        spread = once * (2.0 * once - 1.0) ** 2 / (4.0 * (twice + 1.0) ** 2)
        spread += once**2 * twice * (once - 1.0) ** 2 / (4.0 * (twice + 1.0) ** 4)
    else:
        spread = once * (2.0 * once - 1.0) ** 2 / 4.0 - once**4 / (4.0 * max(met + unmet, 1.0))
    variance = max(unmet + spread, 0.0)
    if unmet <= 0:
        return Estimate(0.0, 0.0, float(np.ceil(NORMAL * np.sqrt(variance))))
    factor = float(np.exp(NORMAL * np.sqrt(np.log1p(variance / unmet**2))))
    return Estimate(unmet, unmet / factor, unmet * factor)


def chance_of_new_class(counts: npt.NDArray[np.integer]) -> Estimate:
    """Estimate the chance that one more label, drawn at random, is of a class without labels (Good 1953, Turing).

    Args:
        counts: (k,) labels of each class, some above 0.

    Returns:
        The share of labels that are their class's only one, with its Wilson interval.
    """
    total, once = float(counts.sum()), float((counts == 1).sum())
    low, high = wilson_interval(np.array([once]), np.array([total]))
    return Estimate(once / total, float(low[0]), float(high[0]))


def chained_change(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Return the change of the mean over the classes that have a figure both times; None where none has.

    A class that is met late begins with a low figure and would make the mean fall, though nothing became worse.

    Args:
        before: figure of each class by its id.
        after: the same at a later time.
    """
    both = sorted(before.keys() & after.keys())
    return float(np.mean([after[key] - before[key] for key in both])) if both else None


def _fit(counts: Floats, figures: Floats, power: float, more: int) -> tuple[float, float, float]:
    """Return the rise that one curve expects, its variance, and the mean squared error of the curve."""

    def shape(at: Floats) -> Floats:
        return np.asarray(np.log(at) if power == 0 else -(at**-power))

    weights = counts / counts.sum()
    places = shape(counts)
    centred = places - weights @ places
    length = float(weights @ centred**2)
    slope = float(weights @ (centred * figures)) / length
    residuals = figures - weights @ figures - slope * centred
    error = float(weights @ residuals**2) * counts.size / (counts.size - 2) + 1e-8
    ahead = float(shape(counts[-1:] + more)[0] - places[-1])
    return slope * ahead, SHARED * error / (counts.size * length) * ahead**2, error
