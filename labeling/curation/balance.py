"""A balanced selection of the labelled items: as large as the targets and the budget allow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.curation.errors import SelectionError
from labeling.curation.spread import draw_spread
from labeling.curation.vessels import even_level, round_to


@dataclass(frozen=True)
class Selection:
    """What was chosen.

    Attributes:
        item_keys: the chosen items, class by class in alphabetical order, in order of their keys within a class.
        table: one row for each class in alphabetical order: `class_name`, `available` (labelled items), `wanted`
            (its share of the whole, or the number asked for), `taken`, `short` (wanted − taken, never negative).
    """

    item_keys: tuple[str, ...]
    table: pd.DataFrame


def balanced_selection(
    labels: pd.DataFrame,
    *,
    targets: Mapping[str, float] | None,
    budget: int | None,
    generator: np.random.Generator,
    counts: Mapping[str, int] | None = None,
) -> Selection:
    """Choose items so that the classes come near their targets.

    Without a budget the selection is as large as it can be with every class that has labels exactly at its target:
    the scarcest class decides. With a budget the classes are filled like vessels of different width: each gets
    its share until it runs out, and what it lacks is spread over the others; the table says how short it fell.
    Where numbers of items are asked for, a class gives its number, or all it has; a budget below their sum lowers them
    alike. Which items of a class is decided by `labeling.curation.spread`; it depends on the generator alone, not on
    the order of the labels.

    Args:
        labels: a row for each labelled item, with `item_key` (unique) and `class_name`; where known, also `subclass`
            (what looks alike within the class), `together` (near-duplicates share a number) and `confirmed`.
        targets: the wanted weight of each class; a class that is not named gets none. None: the same for all.
        budget: at most so many items; None for no limit.
        generator: makes the random choices.
        counts: how many items of each class, in place of targets; a class that is not named gives none.

    Raises:
        SelectionError: a column is missing, an item occurs twice, a weight or number is negative or not finite, all
            of them are zero, or the budget is negative.
    """
    _check(labels, targets, budget, counts)
    available = {str(name): int(count) for name, count in labels["class_name"].value_counts().items()}
    weights = {name: 1.0 for name in available} if targets is None else dict(targets)
    if counts is not None:
        weights = {name: float(count) for name, count in counts.items()}
    names = sorted(set(available) | set(weights))
    have = np.asarray([available.get(name, 0) for name in names], dtype=np.int64)
    want = np.asarray([weights.get(name, 0.0) for name in names], dtype=np.float64)
    if counts is None:
        taken, wanted = _by_weight(have, want, budget)
    else:
        taken, wanted = _by_count(have, want.astype(np.int64), budget)
    ordered = labels.sort_values("item_key", kind="stable")
    chosen: list[str] = []
    for name, count in zip(names, taken.tolist(), strict=True):
        chosen += draw_spread(ordered[ordered["class_name"] == name], count, generator)
    table = pd.DataFrame(
        {
            "class_name": names,
            "available": have,
            "wanted": wanted,
            "taken": taken,
            "short": np.maximum(wanted - taken, 0),
        }
    )
    return Selection(tuple(chosen), table)


def _by_weight(
    have: npt.NDArray[np.int64], want: npt.NDArray[np.float64], budget: int | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (k,) what each class gives, and its share of the budget, or of the selection's own size without one."""
    level = even_level(have, want, budget)
    exact = np.minimum(have, level * want)
    total = int(min(budget, have[want > 0].sum())) if budget is not None else math.floor(exact.sum() + 1e-9)
    taken = round_to(exact, have, total)
    if budget is None:
        return taken, np.floor(level * want + 1e-9).astype(np.int64)
    shares = want / want.sum() * budget if want.any() else want
    return taken, round_to(shares, np.full(len(want), budget, dtype=np.int64), budget)


def _by_count(
    have: npt.NDArray[np.int64], want: npt.NDArray[np.int64], budget: int | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (k,) what each class gives, and what it should: the number asked for, lowered alike to the budget."""
    most = np.minimum(have, want)
    if budget is None or want.sum() <= budget:
        return most, want
    width = want.astype(np.float64)
    total = int(min(budget, most.sum()))
    taken = round_to(np.minimum(most, even_level(most, width, budget) * width), most, total)
    return taken, round_to(width / width.sum() * budget, want, budget)


def _check(
    labels: pd.DataFrame,
    targets: Mapping[str, float] | None,
    budget: int | None,
    counts: Mapping[str, int] | None,
) -> None:
    problems = [
        f"the labels have no column {name!r}" for name in ("item_key", "class_name") if name not in labels
    ]
    if not problems and labels["item_key"].duplicated().any():
        twice = labels.loc[labels["item_key"].duplicated(), "item_key"].iloc[0]
        problems.append(f"item {twice!r} occurs twice; give one label for each item")
    for name, weight in (targets or {}).items():
        if not math.isfinite(weight) or weight < 0:
            problems.append(f"the target of {name!r} is {weight}; a weight is a number from 0 up")
    for name, count in (counts or {}).items():
        if count < 0:
            problems.append(f"{count} items of {name!r} are asked for; give a number from 0 up")
    if counts is None and targets is not None and not problems and not any(targets.values()):
        problems.append("no class has a target above 0")
    if counts is not None and not problems and not any(counts.values()):
        problems.append("no item of any class is asked for")
    if budget is not None and budget < 0:
        problems.append(f"the budget is {budget}; it is a number of items from 0 up")
    if problems:
        raise SelectionError("no selection can be made: " + "; ".join(problems))
