"""How far two sets of items are apart in the vectors: gauges of shift between what was labelled and the pool.

Two gauges, which see different things:

* the Frechet distance (Dowson & Landau 1982; Heusel et al. 2017): means and covariances, each set taken for a normal
  cloud. It grows as sets get small, so it is read against the same distance between two random parts of the pool of the
  same sizes: 1 means no further apart than chance;
* the classifier two-sample test (Lopez-Paz & Oquab 2017): how well a logistic regression, trained on a part of both
  sets, tells the rest apart; an AUC of 0.5 means not at all. Its p-value is the rank sum's (Mann & Whitney 1947).

Both look at the leading axes of the pool's vectors alone: with as many numbers as items, any two sets are told apart.
scikit-learn is imported in the functions: the web process reads the results and should not hold it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

AXES_MAX = 32
"""Leading axes of the pool that are looked at."""

PER_AXIS = 4
"""Items of the smaller set for each axis, at least; fewer axes are looked at otherwise."""

LEAST = 10
"""Items that a set must hold before it is compared."""

SPLITS = 40
"""Random parts of the pool that the distance is read against."""

FOLDS = 5


@dataclass(frozen=True)
class Shift:
    """How far two sets are apart.

    Attributes:
        first: items of the first set, m.
        second: items of the second one.
        axes: how many axes were looked at.
        distance: the Frechet distance, in squared units of the vectors.
        ratio: the distance as a multiple of what two random parts of the pool of these sizes have; 1 for no shift.
        ratio_high: what 95 % of such random parts stay below, as a multiple likewise.
        auc: how often the classifier puts an item of the first set above one of the second; 0.5 for no shift.
        p_value: how often chance alone would give such an AUC, or a higher one.
    """

    first: int
    second: int
    axes: int
    distance: float
    ratio: float
    ratio_high: float
    auc: float
    p_value: float

    @property
    def differs(self) -> bool:
        """Whether either gauge says more than chance would: each at 2.5 %, so that both together err in 5 %."""
        return self.p_value < 0.025 or self.ratio > self.ratio_high


def compare(
    first: npt.NDArray[np.floating],
    second: npt.NDArray[np.floating],
    pool: npt.NDArray[np.floating],
    *,
    weights: FloatArray | None = None,
    generator: np.random.Generator,
) -> Shift | None:
    """Compare two sets of vectors.

    Args:
        first: (m, d) vectors.
        second: (l, d) vectors.
        pool: (n, d) vectors of the pool at random: the axes and the random parts are taken from it.
        weights: (m,) what each of the first stands for, as in a stratified draw; None for all alike.
        generator: source of chance.

    Returns:
        How far they are apart; None where a set holds fewer than LEAST items.
    """
    if min(len(first), len(second), len(pool)) < LEAST:
        return None
    given = np.ones(len(first)) if weights is None else np.asarray(weights, np.float64)
    shares = given / given.sum()
    effective = min(len(first), round(1.0 / float(np.square(shares).sum())))
    axes = _axes(pool, max(1, min(AXES_MAX, min(effective, len(second)) // PER_AXIS)))
    ours, theirs, every = (
        (np.asarray(each, np.float64) - axes[0]) @ axes[1] for each in (first, second, pool)
    )
    distance = frechet(ours, theirs, shares)
    chance = _random_parts(every, effective, len(second), generator)
    typical = float(np.median(chance))
    auc, p_value = two_sample_test(ours, theirs, shares, generator=generator)
    return Shift(
        first=len(first),
        second=len(second),
        axes=axes[1].shape[1],
        distance=distance,
        ratio=distance / typical if typical > 0 else 1.0,
        ratio_high=float(np.quantile(chance, 0.975)) / typical if typical > 0 else 1.0,
        auc=auc,
        p_value=p_value,
    )


def frechet(first: FloatArray, second: FloatArray, shares: FloatArray | None = None) -> float:
    """Return the squared Frechet distance of two sets, each taken for a normal cloud.

    Args:
        first: (m, a) numbers.
        second: (l, a) numbers.
        shares: (m,) what each of the first counts, summing to 1; None for all alike.
    """
    even = np.full(len(first), 1.0 / len(first)) if shares is None else shares
    centre, spread = _moments(first, even)
    other, wide = _moments(second, np.full(len(second), 1.0 / len(second)))
    sizes, turns = np.linalg.eigh(spread)
    root = (turns * np.sqrt(np.maximum(sizes, 0.0))) @ turns.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ wide @ root), 0.0)).sum()
    found = float(np.square(centre - other).sum() + np.trace(spread) + np.trace(wide) - 2.0 * shared)
    return max(found, 0.0)


def two_sample_test(
    first: FloatArray, second: FloatArray, shares: FloatArray, *, generator: np.random.Generator
) -> tuple[float, float]:
    """Return the cross-validated AUC of a classifier that tells two sets apart, and its one-sided p-value.

    Args:
        first: (m, a) numbers.
        second: (l, a) numbers.
        shares: (m,) what each of the first counts, summing to 1.
        generator: decides the folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.concatenate([first, second])
    sides = np.concatenate([np.ones(len(first), np.int64), np.zeros(len(second), np.int64)])
    counts = np.concatenate([shares * len(first), np.ones(len(second))])
    seed = int(generator.integers(2**31))
    found = []
    for fitted, held in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(values, sides):
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        model.fit(values[fitted], sides[fitted], logisticregression__sample_weight=counts[fitted])
        scores = model.decision_function(values[held])
        found.append(roc_auc_score(sides[held], scores, sample_weight=counts[held]))
    auc = float(np.mean(found))
    ours, theirs = 1.0 / float(np.square(shares).sum()), float(len(second))
    spread = math.sqrt((ours + theirs + 1.0) / (12.0 * ours * theirs))
    return auc, 0.5 * math.erfc((auc - 0.5) / spread / math.sqrt(2.0))


def standard_differences(
    first: FloatArray, second: FloatArray, shares: FloatArray | None = None
) -> FloatArray:
    """Return by how many standard deviations of the second set the first one's mean of each column is higher.

    Args:
        first: (m, c) numbers, NaN where missing.
        second: (l, c) numbers likewise.
        shares: (m,) what each of the first counts; None for all alike.

    Returns:
        (c,) float64; 0 where it is less than chance brings (two standard errors), or cannot be told.
    """
    given = np.full(len(first), 1.0 / max(len(first), 1)) if shares is None else shares
    differences = np.zeros(first.shape[1])
    for column in range(first.shape[1]):
        ours, theirs = first[:, column], second[:, column]
        known = np.isfinite(ours)
        theirs = theirs[np.isfinite(theirs)]
        if known.sum() < LEAST or len(theirs) < LEAST or not theirs.std() > 0:
            continue
        counts = given[known] / given[known].sum()
        effective = 1.0 / float(np.square(counts).sum())
        found = float(counts @ ours[known] - theirs.mean()) / float(theirs.std())
        chance = 2.0 * math.sqrt(1.0 / effective + 1.0 / len(theirs))
        differences[column] = found if abs(found) > chance else 0.0
    return differences


def _axes(pool: npt.NDArray[np.floating], count: int) -> tuple[FloatArray, FloatArray]:
    """Return the pool's centre (d,) and its leading axes (d, count), fewer where the vectors have no more."""
    values = np.asarray(pool, np.float64)
    centre = values.mean(axis=0)
    _, sizes, turns = np.linalg.svd(values - centre, full_matrices=False)
    kept = max(1, min(count, int((sizes > 1e-9 * max(sizes[0], 1e-300)).sum())))
    return centre, np.asarray(turns[:kept].T, np.float64)


def _moments(values: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    centre = shares @ values
    apart = (values - centre) * np.sqrt(shares)[:, None]
    # Without this the spread of a small set is too small, and it looks further away than it is.
    free = max(1.0 - float(np.square(shares).sum()), 1e-12)
    return centre, np.asarray(apart.T @ apart / free, np.float64)


def _random_parts(pool: FloatArray, first: int, second: int, generator: np.random.Generator) -> FloatArray:
    """Return the distances of random parts of the pool of two sizes; smaller ones where the pool has not enough."""
    shrink = min(1.0, len(pool) / (first + second))
    sizes = [max(2, int(shrink * each)) for each in (first, second)]
    found = []
    for _ in range(SPLITS):
        order = generator.permutation(len(pool))
        found.append(frechet(pool[order[: sizes[0]]], pool[order[sizes[0] : sizes[0] + sizes[1]]]))
    return np.asarray(found, np.float64)
