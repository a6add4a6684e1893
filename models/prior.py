"""How large each class's share of the pool is, with an interval: EM by Saerens, Latinne & Decaestecker 2002.

The head's balanced posteriors are what it would answer if all classes were equally frequent. The shares that
make the pool's vectors likeliest are found by turns: posteriors under the present shares, then shares as the
mean of these posteriors. A Dirichlet pseudo-count keeps a class with labels from falling to nothing.

The interval is about the head as much as about the pool: the EM runs for each ensemble member, and the
members' spread on a log scale, by Student's t for so few of them, is joined with the chance of which rows
were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import TrainingSetError

PSEUDO_LOW, PSEUDO_HIGH = 0.01, 0.1
"""Pseudo-items, as a share of the rows read, spread evenly over the classes with labels.

The share is 0.2 divided by the mean number of labels of a class, within these limits: a head that saw two
labels a class is believed less. Measured on five real pools, see docs/models.md.
"""

FEW = 0.5
"""Standard deviation, on a log scale, that a class with one label adds to its share's interval; with n labels this
divided by the root of n. Members that saw the same few labels agree too much; with this the interval held the
true share in 19 of 20 cases (docs/models.md)."""

UNNAMED = 0.001
"""Share of a class that has labels but is not among the stated shares."""

STATED_TOLERANCE = 0.001
"""How far stated shares may be from adding up to 1."""

PASSES = 200
SETTLED = 1e-6
NORMAL = 1.959964
"""97.5 % quantile of the normal distribution."""


@dataclass(frozen=True)
class PriorEstimate:
    """Class shares of the pool with a 95 % interval. k classes.

    Attributes:
        shares: (k,) float32; adds up to 1; 0 for a class without labels.
        low: (k,) float32; lower ends; 0 for a class without labels.
        high: (k,) float32; upper ends; for a class without labels what the other classes' lower ends leave.
    """

    shares: npt.NDArray[np.float32]
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]


def estimate_prior(
    balanced: npt.NDArray[np.floating],
    member_balanced: npt.NDArray[np.floating],
    *,
    label_counts: npt.NDArray[np.int64],
) -> PriorEstimate:
    """Estimate class shares and their interval.

    Args:
        balanced: (n, k) posteriors of the ensemble with the class prior taken out; n > 0.
        member_balanced: (members, s, k) the same of each member, on some of the rows.
        label_counts: (k,) labels of each class, some greater than 0.

    Returns:
        The shares with their interval.
    """
    present = label_counts > 0
    pseudo = float(np.clip(0.2 * present.sum() / label_counts.sum(), PSEUDO_LOW, PSEUDO_HIGH))
    shares = run_em(np.asarray(balanced, dtype=np.float64)[None], present=present, pseudo=pseudo)[0]
    members = run_em(np.asarray(member_balanced, dtype=np.float64), present=present, pseudo=pseudo)
    spread = _relative_spread(shares, members, rows=len(balanced), label_counts=label_counts)
    safe = np.where(present, shares, 1.0)
    low = np.where(present, safe * np.exp(-spread), 0.0)
    high = np.where(present, np.minimum(safe * np.exp(spread), 1.0), 0.0)
    high = np.where(present, high, max(0.0, 1.0 - float(low.sum())))
    return PriorEstimate(shares.astype(np.float32), low.astype(np.float32), high.astype(np.float32))


def label_prior(counts: npt.NDArray[np.int64]) -> PriorEstimate:
    """Take the shares of the labels for those of the pool, with a Wilson interval.

    Args:
        counts: (k,) labels of each class, some greater than 0.
    """
    total = int(counts.sum())
    shares = counts / total
    low, high = wilson_interval(counts.astype(np.float64), np.full(len(counts), float(total)))
    return PriorEstimate(shares.astype(np.float32), low.astype(np.float32), high.astype(np.float32))


def stated_prior(
    shares: Mapping[str, float], class_names: Sequence[str], *, label_counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Turn class shares that a person states into an array.

    Args:
        shares: class name → share of the pool; they add up to 1.
        class_names: k names in the order of the class indices.
        label_counts: (k,) labels of each class.

    Returns:
        (k,) shares that add up to 1. A class that has labels but is not named, one added since, say, has
        `UNNAMED` of it: its labels show that it is there.

    Raises:
        TrainingSetError: a name is none of the classes, the shares do not add up to 1, one is negative, or no class
            with labels has any share.
    """
    unknown = [name for name in shares if name not in class_names]
    if unknown:
        raise TrainingSetError(
            f"head.target_prior names {', '.join(map(repr, unknown))}, which {'is' if len(unknown) == 1 else 'are'} "
            f"not among the classes ({', '.join(class_names)}); correct the names"
        )
    total = sum(shares.values())
    if not abs(total - 1.0) <= STATED_TOLERANCE or min(shares.values()) < 0:
        raise TrainingSetError(
            f"the shares of head.target_prior add up to {total:.6g}; state shares of the whole pool, none of them "
            "negative, that add up to 1"
        )
    unnamed = [name not in shares for name in class_names]
    found = np.array([shares.get(name, 0.0) for name in class_names])
    found = np.where(np.asarray(unnamed) & (label_counts > 0), UNNAMED, found)
    if not (found * (label_counts > 0)).sum() > 0:
        raise TrainingSetError(
            "head.target_prior gives no share to any class that has labels; label the others first, or correct it"
        )
    return np.asarray(found / found.sum())


def wilson_interval(
    hits: npt.NDArray[np.float64], trials: npt.NDArray[np.float64], *, z: float = NORMAL
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compute the interval of a share by Wilson (1927).

    Args:
        hits: how often it happened.
        trials: how often it could have; greater than 0.
        z: quantile of the normal distribution; 1.96 for 95 %.

    Returns:
        Lower and upper ends, within 0 to 1.
    """
    share = hits / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def run_em(
    balanced: npt.NDArray[np.float64], *, present: npt.NDArray[np.bool_], pseudo: float
) -> npt.NDArray[np.float64]:
    """Run the EM for several members side by side.

    Args:
        balanced: (members, n, k) posteriors with the class prior taken out; n > 0.
        present: (k,) bool; classes that may have a share.
        pseudo: pseudo-items as a share of n.

    Returns:
        (members, k) shares; each row adds up to 1.
    """
    count = balanced.shape[1]
    added = pseudo * count * present / present.sum()
    shares = np.repeat((present / present.sum())[None], len(balanced), axis=0)
    turned = np.ascontiguousarray(balanced.transpose(0, 2, 1))
    for _ in range(PASSES):
        # Two products a pass: sums along rows of a few classes take numpy several times as long.
        total = np.maximum(balanced @ shares[:, :, None], 1e-300)
        found = ((turned @ (1.0 / total))[:, :, 0] * shares + added) * present
        found /= found.sum(axis=1, keepdims=True)
        moved = float(np.abs(found - shares).max())
        shares = found
        if moved < SETTLED:
            break
    return shares


def _relative_spread(
    shares: npt.NDArray[np.float64],
    members: npt.NDArray[np.float64],
    *,
    rows: int,
    label_counts: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return (k,) the half width of the interval on a log scale."""
    present = label_counts > 0
    safe = np.where(present, np.maximum(shares, 1e-12), 1.0)
    reading = (1.0 - np.minimum(safe, 1.0)) / (safe * rows)
    chance = np.sqrt(reading + FEW**2 / np.maximum(label_counts, 1))
    if len(members) < 2:
        return np.asarray(NORMAL * chance)
    logs = np.log(np.where(present, np.maximum(members, 1e-12), 1.0))
    between = logs.std(axis=0, ddof=1)
    return np.asarray(np.hypot(_student(len(members) - 1) * between, NORMAL * chance))


def _student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, by its Cornish-Fisher series."""
    z = NORMAL
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return z + first + second
