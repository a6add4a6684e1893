"""Splits of labelled items into train, validation and test: stratified, and what belongs together in one of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.curation.errors import SplitError, SplitLeakError

USUAL_NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}
"""What splits are called where numbers alone are given."""

MOST_SPLITS = 20
_SHOWN = 5

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """Which item is in which split. m items.

    Attributes:
        names: of the splits.
        parts: (m,) int64; the number of each item's split.
        table: one row for each split and class: `split`, `class_name`, `items`, `wanted` (its share of the class).
    """

    names: tuple[str, ...]
    parts: IntArray
    table: pd.DataFrame

    @property
    def sizes(self) -> dict[str, int]:
        """How many items each split has."""
        counts = np.bincount(self.parts, minlength=len(self.names)).tolist()
        return dict(zip(self.names, counts, strict=True))


def read_shares(text: str) -> dict[str, float]:
    """Return the splits and their shares as a person writes them: `70/15/15`, `80/20`, or `train=8,dev=1,test=1`.

    Args:
        text: numbers with slashes, or names and numbers with commas.

    Raises:
        SplitError: it is neither, a number is not above 0, or a name comes twice.
    """
    named = "=" in text
    parts = [part.strip() for part in text.split("," if named else "/")]
    pairs = [part.partition("=") for part in parts]
    words = [pair[2] for pair in pairs] if named else parts
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    names = [pair[0].strip() for pair in pairs] if named else list(USUAL_NAMES.get(len(numbers), ()))
    if not numbers or not names:
        raise SplitError(
            f"{text[:80]!r} are no splits; write 70/15/15 for train, validation and test, 80/20 for train and test, or "
            "names: train=8,dev=1,test=1"
        )
    if len(set(names)) < len(names):
        raise SplitError(f"{text[:80]!r} names a split twice; give each a name of its own")
    shares = dict(zip(names, numbers, strict=True))
    _check_shares(shares)
    return shares


def split_items(
    classes: Sequence[str],
    together: IntArray,
    *,
    shares: Mapping[str, float],
    generator: np.random.Generator,
) -> Split:
    """Divide items so that each split has its share of every class, and no group is in two of them.

    Groups of several items are dealt first, the largest first, each to the split where the classes it brings are
    missing most; then the items that are alone fill up every class. A class of enough items is in every split.

    Args:
        classes: (m,) the class of each item.
        together: (m,) int64; items with the same number stay together; −1 for an item that is alone.
        shares: the weight of each split by name.
        generator: makes the random choices.

    Raises:
        SplitError: a share is not above 0, or items and groups are so few that a split would be empty.
    """
    _check_shares(shares)
    names, codes = np.unique(np.asarray(classes, dtype=object).astype(str), return_inverse=True)
    alone = together < 0
    groups = np.where(alone, together.max(initial=-1) + 1 + np.cumsum(alone), together)
    _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    _refuse_few(sizes, shares)
    weights = np.asarray(list(shares.values()), np.float64)
    wanted = np.outer(weights / weights.sum(), np.bincount(codes, minlength=len(names)))
    parts = np.full(len(codes), -1, np.int64)
    have = _deal_groups(parts, groups, sizes, codes, wanted, generator)
    _deal_single(parts, codes, wanted, have, generator)
    found = np.bincount(parts, minlength=len(shares))
    if not found.all():
        empty = list(shares)[int(found.argmin())]
        raise SplitError(
            f"nothing is left for {empty!r}: {len(sizes)} groups of up to {sizes.max()} of {len(codes)} items do not "
            "divide so; ask for fewer splits, or a larger share for it"
        )
    counts = np.zeros(wanted.shape, np.int64)
    np.add.at(counts, (parts, codes), 1)
    table = pd.DataFrame(
        {
            "split": np.repeat(list(shares), len(names)),
            "class_name": np.tile(names, len(shares)),
            "items": counts.ravel(),
            "wanted": wanted.ravel().round(2),
        }
    )
    return Split(tuple(shares), parts, table)


def check_split(item_keys: Sequence[str], parts: Sequence[str], together: IntArray) -> None:
    """Check that no group is in two splits.

    Args:
        item_keys: the items, for the message.
        parts: the split of each.
        together: (m,) int64; items with the same number belong together; −1 for an item that is alone.

    Raises:
        SplitLeakError: some are, and the first of them.
    """
    frame = pd.DataFrame({"key": list(item_keys), "part": list(parts), "group": together})
    grouped = frame[frame["group"] >= 0].groupby("group", sort=True)
    torn = grouped["part"].nunique()
    torn = torn[torn > 1]
    if len(torn):
        keys = frame.loc[frame["group"] == torn.index[0], "key"].tolist()
        raise SplitLeakError(
            f"{len(torn)} groups are in more than one split, as {', '.join(map(repr, keys[:_SHOWN]))}; nothing was "
            "written: this is a fault of goldpan's, please report it"
        )


def _check_shares(shares: Mapping[str, float]) -> None:
    wrong = [name for name, share in shares.items() if not math.isfinite(share) or share <= 0]
    if wrong:
        raise SplitError(f"the share of {wrong[0]!r} is {shares[wrong[0]]:g}; give a number above 0")
    if not 2 <= len(shares) <= MOST_SPLITS:
        raise SplitError(f"{len(shares)} splits are asked for; allowed are 2 to {MOST_SPLITS}")
    if not all(name and name.isprintable() for name in shares):
        raise SplitError("a split has no name, or one that cannot be printed; give each a plain word")


def _refuse_few(sizes: IntArray, shares: Mapping[str, float]) -> None:
    if len(sizes) >= len(shares):
        return
    items = int(sizes.sum())
    if items < len(shares):
        raise SplitError(
            f"{items} items cannot be divided into {len(shares)} splits; label more, or ask for fewer splits"
        )
    if len(sizes) == 1:
        raise SplitError(
            f"all {items} items belong together, so no split can have any but all of them; choose another column as "
            "pool.group, or write no splits"
        )
    raise SplitError(
        f"{items} items belong to {len(sizes)} groups, too few for {len(shares)} splits; label items of other groups, "
        "or ask for fewer splits"
    )


def _deal_groups(
    parts: IntArray,
    groups: IntArray,
    sizes: IntArray,
    codes: IntArray,
    wanted: FloatArray,
    generator: np.random.Generator,
) -> FloatArray:
    """Give each group of several items a split; return (s, k) how many items of each class the splits have then."""
    have = np.zeros_like(wanted)
    totals, held = wanted.sum(axis=1), np.zeros(len(wanted))
    order = np.argsort(groups, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    several = generator.permutation(np.flatnonzero(sizes > 1))
    usual = np.maximum(wanted.sum(axis=0), 1)
    for group in several[np.argsort(-sizes[several], kind="stable")]:
        members = order[starts[group] : starts[group + 1]]
        own, brought = np.unique(codes[members], return_counts=True)
        gap = have[:, own] - wanted[:, own]
        worse = ((2 * gap + brought) * brought / usual[own]).sum(axis=1)
        # The splits' sizes count as one class more.
        worse += (2 * (held - totals) + len(members)) * len(members) / totals.sum()
        part = int(worse.argmin())
        parts[members] = part
        have[part, own] += brought
        held[part] += len(members)
    return have


def _deal_single(
    parts: IntArray, codes: IntArray, wanted: FloatArray, have: FloatArray, generator: np.random.Generator
) -> None:
    """Give the items that are alone to the splits that lack their class, the rarest class first."""
    singles = np.flatnonzero(parts < 0)
    counts = np.bincount(codes[singles], minlength=wanted.shape[1])
    totals = wanted.sum(axis=1)
    for label_class in np.argsort(counts, kind="stable"):
        places = generator.permutation(singles[codes[singles] == label_class])
        if not len(places):
            continue
        lacking = np.clip(wanted[:, label_class] - have[:, label_class], 0, None)
        gives = _quotas(lacking, have, totals, label_class, len(places))
        parts[places] = np.repeat(np.arange(len(gives)), gives)
        have[:, label_class] += gives


def _quotas(
    lacking: FloatArray, have: FloatArray, totals: FloatArray, label_class: int, count: int
) -> IntArray:
    """Return (s,) int64: how many of a class's single items each split gets."""
    exact = lacking * (count / lacking.sum()) if lacking.sum() > 0 else count * totals / totals.sum()
    gives = np.floor(exact + 1e-9).astype(np.int64)
    behind = totals - have.sum(axis=1) - gives
    # What is left over goes to the largest remainders; of equal ones to the split that is furthest behind in all.
    for part in np.lexsort((-behind, -(exact - gives).round(9)))[: count - int(gives.sum())]:
        gives[part] += 1
    without = np.flatnonzero(have[:, label_class] + gives == 0)
    for part in without:
        richest = int(gives.argmax())
        if gives[richest] > 1:
            gives[richest] -= 1
            gives[part] += 1
    return gives
