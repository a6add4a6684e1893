"""A stratified random sample and what it says of its pool: shares and ratios, each with a 95 % interval.

The estimates are Horvitz-Thompson and Hajek estimates with the stratified variance (Sarndal, Swensson & Wretman 1992,
chapters 3 and 5). A normal interval around them fails where it matters most: a class met once or never has no variance
to speak of. So an interval here is read off two confidence distributions, as Clopper and Pearson's is: the lower one
takes the sample as it is with one miss more, the upper one with one hit more, at the weight that an item not yet met
would have. Half of each (the mid-P, as in Fay & Kim 2017 for weighted counts) covers near 95 % where either alone
covers more. In one stratum this is nearly Clopper and Pearson's mid-P interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.errors import AuditSampleError
from models.quality import Estimate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TAIL = 0.025
HALVINGS = 34
"""Of the range 0 to 1, while a quantile is looked for: far below what is shown."""


@dataclass(frozen=True)
class AuditSample:
    """Items that were drawn at random and answered. m items, h strata.

    Attributes:
        strata: (m,) int64; the stratum each item was drawn from.
        sizes: (h,) int64; items that each stratum held when it was drawn from.
        shares: (h,) float64; what each stratum counts, summing to 1: its share of the items, and, where several draws
            are put together, of its draw.
        truth: (m,) int64; the class of each item.
        predicted: (m,) int64; the class the model predicts, -1 where it predicts none.
    """

    strata: IntArray
    sizes: IntArray
    shares: FloatArray
    truth: IntArray
    predicted: IntArray

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            AuditSampleError: lengths differ, a stratum is unknown, or more was answered than a stratum holds.
        """
        lengths = {len(self.strata), len(self.truth), len(self.predicted)}
        if len(lengths) != 1 or len(self.sizes) != len(self.shares):
            raise AuditSampleError(
                f"strata, truth and predicted must be of one length, sizes and shares of one, not {len(self.strata)}, "
                f"{len(self.truth)}, {len(self.predicted)}, {len(self.sizes)} and {len(self.shares)}"
            )
        if len(self.strata) and not 0 <= self.strata.min() <= self.strata.max() < len(self.sizes):
            raise AuditSampleError(f"strata must be from 0 to {len(self.sizes) - 1}")
        if (self.counts > self.sizes).any():
            raise AuditSampleError("a stratum has more answers than items")

    @property
    def size(self) -> int:
        """How many items were answered, m."""
        return len(self.strata)

    @property
    def counts(self) -> IntArray:
        """(h,) items answered of each stratum."""
        return np.bincount(self.strata, minlength=len(self.sizes)).astype(np.int64)

    @cached_property
    def weights(self) -> FloatArray:
        """(m,) what each item stands for, as a share of the whole: 1 over its inclusion probability, summing to 1."""
        found = (self.shares / np.maximum(self.counts, 1))[self.strata]
        return np.asarray(found / max(found.sum(), 1e-300), np.float64)

    @cached_property
    def free(self) -> FloatArray:
        """(m,) the share of each item's stratum that was not answered, 0 where all of it was."""
        return np.asarray(1.0 - (self.counts / np.maximum(self.sizes, 1))[self.strata], np.float64)

    def joined(self, least: int = 2) -> AuditSample:
        """Return the sample with strata of fewer answers than `least` joined to the next one: a variance needs two.

        Strata next to each other should be alike. What was drawn at different rates is then taken as drawn at one, so
        this is for the remains of a draw that is not answered to its end.
        """
        counts, place, group, held = self.counts, np.zeros(len(self.sizes), np.int64), 0, 0
        for stratum, answered in enumerate(counts):
            place[stratum] = group
            held += int(answered)
            if held >= least and counts[stratum + 1 :].sum() >= least:
                group, held = group + 1, 0
        return replace(
            self,
            strata=place[self.strata],
            sizes=np.bincount(place, self.sizes, group + 1).astype(np.int64),
            shares=np.asarray(np.bincount(place, self.shares, group + 1), np.float64),
        )

    def variance(self, values: FloatArray) -> float:
        """Return the variance of the weighted sum of (m,) values, stratified and without replacement."""
        return float(self.covariance(np.asarray(values, np.float64)[:, None])[0, 0])

    def covariance(self, values: FloatArray) -> FloatArray:
        """Return the (b, b) covariances of the weighted sums of (m, b) values, likewise."""
        counts = np.maximum(self.counts, 1)
        sums = np.zeros((len(self.sizes), values.shape[1]))
        np.add.at(sums, self.strata, values)
        free = 1.0 - self.counts / np.maximum(self.sizes, 1)
        per_item = np.bincount(self.strata, self.weights, len(self.sizes)) / counts
        factors = per_item * np.sqrt(free * counts / np.maximum(counts - 1, 1))
        centred = (values - (sums / counts[:, None])[self.strata]) * factors[self.strata, None]
        return np.asarray(centred.T @ centred, np.float64)


@dataclass(frozen=True)
class Measured:
    """A figure from 0 to 1 with what its interval is read off.

    Attributes:
        value: the estimate.
        variance: of the estimate.
        hit: weight of one hit more beside all that was met, 0 to 1.
        miss: weight of one miss more, likewise.
    """

    value: float
    variance: float
    hit: float
    miss: float

    def estimate(self) -> Estimate:
        """Return the figure with its 95 % interval."""
        low, high = mid_p_interval(self.value, self.variance, hit=self.hit, miss=self.miss)
        return Estimate(self.value, min(low, self.value), max(high, self.value))

    def draws(self, count: int, generator: np.random.Generator) -> FloatArray:
        """Return (count,) values of the figure, as often as the interval's two distributions have them."""
        lower = _beta(self.value * (1.0 - self.miss), _more(self.value, self.variance, self.miss))
        upper = _beta(
            self.value + self.hit * (1.0 - self.value), _more(1.0 - self.value, self.variance, self.hit)
        )
        halves = [
            np.full(part, ends) if isinstance(ends, float) else generator.beta(*ends, size=part)
            for ends, part in ((lower, count // 2), (upper, count - count // 2))
        ]
        return np.asarray(generator.permutation(np.concatenate(halves)), np.float64)


def share_of(sample: AuditSample, hits: BoolArray) -> Estimate | None:
    """Estimate the share of the pool's items that are hits.

    Args:
        sample: the sample; strata of one answer joined before.
        hits: (m,) bool.

    Returns:
        The share; None for an empty sample.
    """
    every = np.ones(sample.size, np.bool_)
    return ratio_of(sample, hits, every, hit_room=every, miss_room=every)


def ratio_of(
    sample: AuditSample, hits: BoolArray, within: BoolArray, *, hit_room: BoolArray, miss_room: BoolArray
) -> Estimate | None:
    """Estimate which share of the items within a part of the pool are hits (Hajek's ratio).

    Args:
        sample: the sample; strata of one answer joined before.
        hits: (m,) bool; hits within the part.
        within: (m,) bool; the part.
        hit_room: (m,) bool; items like those among which a hit not yet met would be.
        miss_room: (m,) bool; items like those among which a miss not yet met would be.

    Returns:
        The share; None where nothing of the part was met: then it may be anything.
    """
    found = measured_ratio(sample, hits, within, hit_room=hit_room, miss_room=miss_room)
    return None if found is None else found.estimate()


def measured_ratio(
    sample: AuditSample, hits: BoolArray, within: BoolArray, *, hit_room: BoolArray, miss_room: BoolArray
) -> Measured | None:
    """Return what the interval of `ratio_of` is read off, with the same arguments; None likewise."""
    total = float(sample.weights[within].sum())
    if not total:
        return None
    value = min(1.0, float(sample.weights[hits & within].sum()) / total)
    spread = sample.variance(within * (hits - value)) / total**2
    more = unmet_weight(sample, hit_room if hit_room.any() else within) / total
    fewer = unmet_weight(sample, miss_room if miss_room.any() else within) / total
    return Measured(value, spread, hit=more / (1.0 + more), miss=fewer / (1.0 + fewer))


def unmet_weight(sample: AuditSample, room: BoolArray) -> float:
    """Return what one item that was not met stands for, as a share of the whole: the mean over the room's items.

    An item that was not met is in a stratum with a chance as large as the stratum, so that large weights weigh more.
    """
    weights = sample.weights[room]
    if not len(weights):
        return 0.0
    return float((weights**2 * np.sqrt(sample.free[room])).sum() / weights.sum())


def mid_p_interval(value: float, variance: float, *, hit: float, miss: float) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a share.

    Args:
        value: the estimate, 0 to 1.
        variance: of the estimate.
        hit: weight of one hit more beside all that was met, 0 to 1.
        miss: weight of one miss more, likewise.
    """
    lower = _beta(value * (1.0 - miss), _more(value, variance, miss))
    upper = _beta(value + hit * (1.0 - value), _more(1.0 - value, variance, hit))
    return _quantile(lower, upper, TAIL), _quantile(lower, upper, 1.0 - TAIL)


def _more(share: float, variance: float, weight: float) -> float:
    """Return the variance with one observation more: that of Beta(1, n) where all n others say the opposite."""
    return (1.0 - weight) ** 3 * variance + share * weight**2 * (1.0 - weight) / (1.0 + weight)


def _beta(mean: float, variance: float) -> tuple[float, float] | float:
    """Return the two parameters of the beta distribution of these moments; the mean alone where it has no width."""
    room = mean * (1.0 - mean)
    if room <= 1e-15 or variance <= 1e-15:
        return mean
    size = max(room / variance - 1.0, 0.05)
    return mean * size, (1.0 - mean) * size


def _below(distribution: tuple[float, float] | float, point: float) -> float:
    from scipy.special import betainc  # the web process imports it once an audit set has answers

    if isinstance(distribution, float):
        return float(distribution <= point)
    return float(betainc(*distribution, point))


def _quantile(lower: tuple[float, float] | float, upper: tuple[float, float] | float, share: float) -> float:
    """Return where half of each distribution together reach a share."""
    low, high = 0.0, 1.0
    if 0.5 * _below(lower, 0.0) + 0.5 * _below(upper, 0.0) >= share:
        return 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if 0.5 * _below(lower, middle) + 0.5 * _below(upper, middle) < share:
            low = middle
        else:
            high = middle
    return high
