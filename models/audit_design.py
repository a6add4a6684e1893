"""How an audit set is drawn: which strata the pool has, how many of each are drawn, and which.

A stratum is a predicted class, or half of one: the surer and the less sure half of its items. Half of the draw is
shared out as the pool is, half evenly, so that classes which are predicted seldom are met without thinning the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import AuditSampleError

IntArray = npt.NDArray[np.int64]

PER_STRATUM = 8
"""Draws that a stratum should have on average; where the classes are too many for that, strata are put together."""

LEAST = 2
"""Draws of each stratum at least: a variance needs two."""


@dataclass(frozen=True)
class Draw:
    """Rows that were drawn, in the order in which they should be answered. m rows, h strata.

    Attributes:
        rows: (m,) int64; drawn without replacement; any beginning of them is spread over the strata as all are.
        strata: (m,) int64; the stratum of each.
        names: h names.
        sizes: (h,) int64; items of each stratum, drawn or not.
    """

    rows: IntArray
    strata: IntArray
    names: tuple[str, ...]
    sizes: IntArray

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """(m,) the inclusion probability of each row."""
        counts = np.bincount(self.strata, minlength=len(self.sizes))
        return np.asarray((counts / np.maximum(self.sizes, 1))[self.strata], np.float64)


def draw_random(candidates: IntArray, *, size: int, generator: np.random.Generator) -> Draw:
    """Draw rows that all have the same chance.

    Args:
        candidates: (n,) rows that can be drawn.
        size: how many to draw.
        generator: source of chance.

    Raises:
        AuditSampleError: there are fewer than two to draw, or fewer candidates.
    """
    strata = np.zeros(len(candidates), np.int64)
    return _draw(candidates, strata, ("all",), size=size, generator=generator)


def draw_stratified(
    candidates: IntArray,
    predicted: npt.NDArray[np.integer],
    confidence: npt.NDArray[np.floating],
    *,
    class_names: tuple[str, ...],
    size: int,
    generator: np.random.Generator,
) -> Draw:
    """Draw rows by predicted class and by how sure the model is.

    Args:
        candidates: (n,) rows that can be drawn.
        predicted: (n,) the class predicted for each.
        confidence: (n,) how sure the model is of it; only the order counts.
        class_names: what the classes are called.
        size: how many to draw.
        generator: source of chance.

    Raises:
        AuditSampleError: there are fewer than two to draw, or fewer candidates.
    """
    strata, names = _strata(
        np.asarray(predicted, np.int64), confidence, class_names, most=size // PER_STRATUM
    )
    return _draw(candidates, strata, names, size=size, generator=generator)


def allocation(sizes: IntArray, size: int) -> IntArray:
    """Return how many to draw of each stratum: half by its size, half evenly, two at least, no more than it holds.

    Args:
        sizes: (h,) items of each stratum, above 0.
        size: how many to draw of all, at least 2 h.
    """
    wanted = 0.5 * size * (sizes / sizes.sum() + 1.0 / len(sizes))
    counts = np.minimum(np.maximum(np.floor(wanted).astype(np.int64), LEAST), sizes)
    while counts.sum() < min(size, sizes.sum()):
        short = np.where(counts < sizes, wanted - counts, -np.inf)
        counts[int(short.argmax())] += 1
    while counts.sum() > size:
        counts[int(np.where(counts > LEAST, counts - wanted, -np.inf).argmax())] -= 1
    return counts


def _strata(
    predicted: IntArray, confidence: npt.NDArray[np.floating], class_names: tuple[str, ...], *, most: int
) -> tuple[IntArray, tuple[str, ...]]:
    """Return the stratum of each item and their names: halves of classes, classes, or what there is room for."""
    counts = np.bincount(predicted, minlength=len(class_names))
    present = np.flatnonzero(counts)
    # The classes that are predicted most often are a stratum each; the others share the last one.
    own = present[np.argsort(-counts[present], kind="stable")][: max(most - 1, 0)]
    if len(own) + 1 >= len(present):
        own = present
    place = np.full(len(class_names), len(own), np.int64)
    place[own] = np.arange(len(own))
    names = [class_names[column] for column in own]
    names += ["the other classes"] if len(own) < len(present) else []
    strata = place[predicted]
    if 2 * len(names) > most:
        return strata, tuple(names)
    halves = np.zeros(len(strata), np.int64)
    for stratum in range(len(names)):
        rows = np.flatnonzero(strata == stratum)
        if len(rows) >= 2 * LEAST:
            halves[rows[np.argsort(confidence[rows], kind="stable")[len(rows) // 2 :]]] = 1
    used, strata = np.unique(2 * strata + halves, return_inverse=True)
    words = ("less sure", "surer")
    return strata.astype(np.int64), tuple(f"{names[each // 2]}, {words[each % 2]}" for each in used)


def _draw(
    candidates: IntArray,
    strata: IntArray,
    names: tuple[str, ...],
    *,
    size: int,
    generator: np.random.Generator,
) -> Draw:
    if not LEAST <= size <= len(candidates):
        raise AuditSampleError(
            f"{size} items cannot be drawn: give from {LEAST} to {len(candidates)}, the items that nobody has "
            "annotated and that are in no audit set"
        )
    sizes = np.bincount(strata, minlength=len(names)).astype(np.int64)
    counts = allocation(sizes, size)
    rows, turns = [], []
    for stratum, count in enumerate(counts):
        chosen = generator.choice(np.flatnonzero(strata == stratum), size=int(count), replace=False)
        rows.append(chosen)
        turns.append((np.arange(count) + generator.random(int(count))) / count)
    places = np.concatenate(rows)[np.argsort(np.concatenate(turns), kind="stable")]
    return Draw(candidates[places].astype(np.int64), strata[places], names, sizes)
