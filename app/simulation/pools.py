"""Labelled pools: items whose truth is known, thinned to a long tail or to needles, with a balanced held-out set.

Everything here is drawn by one seed and knows nothing of strategies, so that runs with the same seed are paired: every
strategy labels the same pool and is measured on the same held-out items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.simulation.errors import LabelledPoolError
from strategies.contract import FloatArray, IntArray

RARE_SHARE = 0.03
"""A class under this share of the pool is rare, and so is the smallest one."""


@dataclass(frozen=True)
class SeekScores:
    """What a person who knows the class names could say they seek, as scores of the items.

    Attributes:
        scores: (n, s) float16 or float32; column j tells how like each item is to the j-th thing sought.
        classes: (s,) int64; the class each column is about, an index into the pool's class names; -1 for none.
        vectors: (s, d) float32; what is sought as points among the items, where it was said in words and the model
            may learn from it; None where it was not.
    """

    scores: npt.NDArray[np.floating]
    classes: IntArray
    vectors: FloatArray | None = None


@dataclass(frozen=True)
class LabelledItems:
    """Items whose truth is known, before a pool is drawn from them. n items, d dimensions, k classes.

    Attributes:
        name: short name, as in tables and file names.
        vectors: (n, d) float32.
        truth: (n,) int64; the class of each item, 0 to k - 1.
        class_names: k names.
        seeds: what could be sought, for all n items.
        held_out: (t, d) float32; items to measure on, where they come apart (a test file); None draws them from the
            items.
        held_out_truth: (t,) int64; given with `held_out`.
    """

    name: str
    vectors: FloatArray
    truth: IntArray
    class_names: tuple[str, ...]
    seeds: SeekScores | None = None
    held_out: FloatArray | None = None
    held_out_truth: IntArray | None = None


@dataclass(frozen=True)
class LabelledPool:
    """A pool with its hidden truth and a held-out set. n items, d dimensions, k classes, t items held out.

    Attributes:
        name: short name, as in tables and file names.
        vectors: (n, d) float32; row i is item i.
        truth: (n,) int64; the class of each item, hidden from the strategies.
        class_names: k names, in the order of the class indices.
        held_out: (t, d) float32; measured on, never proposed.
        held_out_truth: (t,) int64.
        seeds: what could be sought; used where a plan says that the names are known.
        rare: class indices that count as rare; None for those under RARE_SHARE and the smallest.
    """

    name: str
    vectors: FloatArray
    truth: IntArray
    class_names: tuple[str, ...]
    held_out: FloatArray
    held_out_truth: IntArray
    seeds: SeekScores | None = None
    rare: tuple[int, ...] | None = None

    @property
    def sizes(self) -> IntArray:
        """(k,) int64; items of each class in the pool."""
        return np.bincount(self.truth, minlength=len(self.class_names)).astype(np.int64)

    @property
    def rare_classes(self) -> IntArray:
        """Ascending indices of the classes that count as rare; only classes with items in the pool."""
        if self.rare is not None:
            return np.asarray(sorted(self.rare), np.int64)
        sizes = self.sizes
        smallest = sizes[sizes > 0].min(initial=np.iinfo(np.int64).max)
        small = (sizes < RARE_SHARE * sizes.sum()) | (sizes == smallest)
        return np.flatnonzero(small & (sizes > 0)).astype(np.int64)


def tail_sizes(largest: int, ratio: float, classes: int) -> list[int]:
    """Return class sizes that fall geometrically from the largest to the largest over the ratio, none below 1.

    Args:
        largest: items of the largest class.
        ratio: largest over smallest, at least 1.
        classes: how many classes.
    """
    last = max(classes - 1, 1)
    return [max(1, round(largest * ratio ** (-place / last))) for place in range(classes)]


def profile(
    items: LabelledItems,
    sizes: Sequence[int],
    *,
    seed: int,
    held_out_each: int = 30,
    shuffle: bool = True,
    rare: Sequence[str] = (),
) -> LabelledPool:
    """Hold out a balanced set, then thin the rest to a pool of given class sizes.

    A class with too few items for both keeps at least half of them, and at least one, for the pool.

    Args:
        items: what is thinned; not changed.
        sizes: items wanted of each class; a class that has fewer gives all it has.
        seed: draws everything: who is held out, which class gets which size, which items stay, and their order.
        held_out_each: most items held out of each class.
        shuffle: whether the seed decides which class gets which size; else sizes are in the order of the classes.
        rare: names of classes that get the smallest sizes, and alone count as rare.

    Raises:
        LabelledPoolError: the items are unusable, the sizes do not fit the classes, a named class is unknown, or no
            item is left to measure on.
    """
    _check_items(items)
    _check_sizes(items, sizes)
    generator = np.random.default_rng(seed)
    held = _held_out_rows(items, held_out_each, generator)
    rare_indices = tuple(_class_index(items, name) for name in rare)
    wanted = _sizes_of_classes(sizes, rare_indices, generator if shuffle else None)
    rest = np.ones(len(items.truth), bool)
    if items.held_out is None:
        rest[held] = False
    parts = [
        generator.permutation(np.flatnonzero(rest & (items.truth == label)))[:size]
        for label, size in enumerate(wanted)
    ]
    rows = generator.permutation(np.concatenate(parts))
    return _pool_of(items, rows, held, rare_indices or None)


def long_tail(
    items: LabelledItems,
    *,
    ratio: float,
    seed: int,
    largest: int | None = None,
    held_out_each: int = 30,
    rare: Sequence[str] = (),
) -> LabelledPool:
    """Thin to a long tail: class sizes fall geometrically; the seed decides which class is how large.

    Args:
        items: what is thinned; not changed.
        ratio: largest class over smallest, at least 1.
        seed: draws everything.
        largest: items of the largest class; None for what the largest class has. A class that has fewer items than its
            size gives all it has.
        held_out_each: most items held out of each class.
        rare: names of classes that are to be the smallest.

    Raises:
        LabelledPoolError: the ratio is below 1, or see `profile`.
    """
    if not 1 <= ratio < float("inf"):
        raise LabelledPoolError(f"the ratio of a long tail is {ratio}; give a number of at least 1")
    _check_items(items)
    if largest is None:
        counts = _counts(items)
        kept = counts if items.held_out is not None else counts - _held_counts(counts, held_out_each)
        largest = int(kept.max())
    sizes = tail_sizes(largest, ratio, len(items.class_names))
    return profile(items, sizes, seed=seed, held_out_each=held_out_each, rare=rare)


def needles(
    items: LabelledItems,
    *,
    seed: int,
    classes: int = 12,
    each: int = 5,
    names: Sequence[str] = (),
    held_out_each: int = 30,
    groups: int | None = None,
) -> LabelledPool:
    """Thin some classes to a handful of items and leave the others as they are: needles in a haystack.

    Args:
        items: what is thinned; not changed.
        seed: draws everything, and the needles where they are not named.
        classes: how many classes become needles.
        each: items left of each of them.
        names: names of the needles, instead of drawing them.
        held_out_each: most items held out of each class.
        groups: join the classes that are no needles into this many, drawn; None leaves them as they are.

    Returns:
        The pool; its needles alone count as rare.

    Raises:
        LabelledPoolError: more needles than classes, a named class is unknown, or see `profile`.
    """
    _check_items(items)
    count = len(items.class_names)
    if not names:
        if not 1 <= classes < count:
            raise LabelledPoolError(f"{classes} needles of {count} classes; give 1 to {count - 1}")
        drawn = np.random.default_rng([seed, 1]).permutation(count)[:classes]
        names = [items.class_names[index] for index in sorted(drawn)]
    sizes = _counts(items).tolist()
    for name in names:
        sizes[_class_index(items, name)] = each
    if groups is not None:
        items, sizes = _joined(items, sizes, names, groups, seed)
    pool = profile(items, sizes, seed=seed, held_out_each=held_out_each, shuffle=False)
    return replace(pool, rare=tuple(_class_index(items, name) for name in names))


def _joined(
    items: LabelledItems, sizes: Sequence[int], needle_names: Sequence[str], groups: int, seed: int
) -> tuple[LabelledItems, list[int]]:
    """Join the classes that are no needles into groups of about equal number; needles keep their place in front."""
    needle = [_class_index(items, name) for name in needle_names]
    others = [index for index in range(len(items.class_names)) if index not in needle]
    if not 1 <= groups <= len(others):
        raise LabelledPoolError(f"{groups} groups of {len(others)} classes; give 1 to {len(others)}")
    new_index = np.empty(len(items.class_names), np.int64)
    new_index[needle] = np.arange(len(needle))
    drawn = np.random.default_rng([seed, 2]).permutation(others)
    new_index[drawn] = len(needle) + np.arange(len(others)) % groups
    joined = replace(
        items,
        truth=new_index[items.truth],
        class_names=(*needle_names, *(f"others {number + 1}" for number in range(groups))),
        held_out_truth=None if items.held_out_truth is None else new_index[items.held_out_truth],
        seeds=None
        if items.seeds is None
        else replace(
            items.seeds,
            classes=np.where(items.seeds.classes >= 0, new_index[items.seeds.classes], -1).astype(np.int64),
        ),
    )
    new_sizes = np.bincount(new_index, weights=np.asarray(sizes, float)).astype(int).tolist()
    return joined, new_sizes


def _pool_of(
    items: LabelledItems, rows: IntArray, held: IntArray, rare: tuple[int, ...] | None
) -> LabelledPool:
    if items.held_out is not None and items.held_out_truth is not None:
        held_out, held_out_truth = items.held_out[held], items.held_out_truth[held]
    else:
        held_out, held_out_truth = items.vectors[held], items.truth[held]
    if not held.size:
        raise LabelledPoolError(
            f"{items.name}: no class has two items, so that none can be held out to measure on; give more items"
        )
    seeds = None if items.seeds is None else replace(items.seeds, scores=items.seeds.scores[rows])
    return LabelledPool(
        items.name, items.vectors[rows], items.truth[rows], items.class_names, held_out, held_out_truth, seeds, rare
    )  # fmt: skip


def _held_out_rows(items: LabelledItems, each: int, generator: np.random.Generator) -> IntArray:
    truth = items.truth if items.held_out_truth is None else items.held_out_truth
    counts = np.bincount(truth, minlength=len(items.class_names))
    most = np.minimum(counts, each) if items.held_out is not None else _held_counts(counts, each)
    parts = [
        generator.permutation(np.flatnonzero(truth == label))[: most[label]] for label in range(len(counts))
    ]
    return np.concatenate(parts).astype(np.int64)


def _held_counts(counts: IntArray, each: int) -> IntArray:
    """At most half of a class is held out, so that a class with one item stays in the pool."""
    return np.minimum(counts // 2, each)


def _sizes_of_classes(
    sizes: Sequence[int], rare: tuple[int, ...], generator: np.random.Generator | None
) -> list[int]:
    """Return the size of each class; the rare ones get the smallest."""
    count = len(sizes)
    order = np.arange(count) if generator is None else generator.permutation(count)
    wanted = np.asarray(sizes)[np.argsort(order)]
    if rare:
        others = [index for index in range(count) if index not in rare]
        ascending = np.sort(wanted)
        wanted_others = [size for size in wanted[others]]
        smallest = ascending[: len(rare)]
        # The others share what is left, in the order they were given.
        left = ascending[len(rare) :]
        wanted = wanted.copy()
        wanted[list(rare)] = smallest
        wanted[others] = left[np.argsort(np.argsort(wanted_others, kind="stable"), kind="stable")]
    return [int(size) for size in wanted]


def _class_index(items: LabelledItems, name: str) -> int:
    if name not in items.class_names:
        raise LabelledPoolError(
            f"{items.name} has no class {name!r}; its classes are {', '.join(items.class_names)}"
        )
    return items.class_names.index(name)


def _counts(items: LabelledItems) -> IntArray:
    return np.bincount(items.truth, minlength=len(items.class_names)).astype(np.int64)


def _check_items(items: LabelledItems) -> None:
    vectors, truth, count = items.vectors, items.truth, len(items.class_names)
    if vectors.ndim != 2 or truth.shape != (len(vectors),) or not len(vectors):
        raise LabelledPoolError(
            f"{items.name}: vectors must be (n, d) with n above 0 and truth (n,), got {vectors.shape} and "
            f"{truth.shape}"
        )
    if truth.dtype.kind not in "iu" or truth.min() < 0 or truth.max() >= count:
        raise LabelledPoolError(f"{items.name}: truth must be whole numbers from 0 to {count - 1}")
    if not np.isfinite(vectors).all():
        raise LabelledPoolError(f"{items.name}: some vectors hold NaN or infinite numbers; encode them again")
    if np.unique(truth).size < 2:
        raise LabelledPoolError(f"{items.name}: all items are of one class; a simulation needs at least two")
    if (items.held_out is None) != (items.held_out_truth is None):
        raise LabelledPoolError(
            f"{items.name}: held_out and held_out_truth belong together; give both or neither"
        )


def _check_sizes(items: LabelledItems, sizes: Sequence[int]) -> None:
    if len(sizes) != len(items.class_names) or min(sizes) < 0:
        raise LabelledPoolError(
            f"{items.name}: {len(sizes)} class sizes for {len(items.class_names)} classes; give one of at least 0 each"
        )
