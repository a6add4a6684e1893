"""A balanced selection of the labelled items: as large as the targets and the budget allow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.curation.errors import SelectionError


@dataclass(frozen=True)
class Selection:
    """What was chosen.

    Attributes:
        item_keys: the chosen items, class by class in alphabetical order, in order of their keys within a class.
        table: one row for each class in alphabetical order: `class_name`, `available` (labelled items), `wanted`
            (its share of the whole), `taken`, `short` (wanted − taken, never negative).
    """

    item_keys: tuple[str, ...]
    table: pd.DataFrame


def balanced_selection(
    labels: pd.DataFrame,
    *,
    targets: Mapping[str, float] | None,
    budget: int | None,
    generator: np.random.Generator,
) -> Selection:
    """Choose items so that the classes come near their targets.

    Without a budget the selection is as large as it can be with every class that has labels exactly at its target:
    the scarcest class decides. With a budget the classes are filled like vessels of different width: each gets
    its share until it runs out, and what it lacks is spread over the others; the table says how short it fell.
    The choice within a class is random, and depends on the generator alone, not on the order of the labels.

    Args:
        labels: a row for each labelled item, with `item_key` (unique) and `class_name`.
        targets: the wanted weight of each class; a class that is not named gets none. None: the same for all.
        budget: at most so many items; None for no limit.
        generator: makes the random choices.

    Raises:
        SelectionError: a column is missing, an item occurs twice, a weight is negative or not finite, all weights
            are zero, or the budget is negative.
    """
    _check(labels, targets, budget)
    available = {str(name): int(count) for name, count in labels["class_name"].value_counts().items()}
    weights = {name: 1.0 for name in available} if targets is None else dict(targets)
    names = sorted(set(available) | set(weights))
    have = np.asarray([available.get(name, 0) for name in names], dtype=np.int64)
    want = np.asarray([weights.get(name, 0.0) for name in names], dtype=np.float64)
    level = _level(have, want, budget)
    exact = np.minimum(have, level * want)
    total = int(min(budget, have[want > 0].sum())) if budget is not None else math.floor(exact.sum() + 1e-9)
    taken = _round_to(exact, have, total)
    wanted = _wanted(want, level, budget, total)
    chosen = []
    for name, count in zip(names, taken.tolist(), strict=True):
        keys = np.sort(labels.loc[labels["class_name"] == name, "item_key"].to_numpy(dtype=object))
        chosen += np.sort(generator.choice(keys, size=count, replace=False)).tolist()
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


def _check(labels: pd.DataFrame, targets: Mapping[str, float] | None, budget: int | None) -> None:
    problems = [
        f"the labels have no column {name!r}" for name in ("item_key", "class_name") if name not in labels
    ]
    if not problems and labels["item_key"].duplicated().any():
        twice = labels.loc[labels["item_key"].duplicated(), "item_key"].iloc[0]
        problems.append(f"item {twice!r} occurs twice; give one label for each item")
    for name, weight in (targets or {}).items():
        if not math.isfinite(weight) or weight < 0:
            problems.append(f"the target of {name!r} is {weight}; a weight is a number from 0 up")
    if targets is not None and not problems and not any(targets.values()):
        problems.append("no class has a target above 0")
    if budget is not None and budget < 0:
        problems.append(f"the budget is {budget}; it is a number of items from 0 up")
    if problems:
        raise SelectionError("no selection can be made: " + "; ".join(problems))


def _level(have: npt.NDArray[np.int64], want: npt.NDArray[np.float64], budget: int | None) -> float:
    """Return how many items a weight of 1 brings: min(have, level × want) is what each class gives."""
    full = np.divide(have, want, out=np.full(len(have), np.inf), where=want > 0)
    usable = (want > 0) & (have > 0)
    if not usable.any():
        return 0.0
    if budget is None:
        return float(full[usable].min())
    left, width, level = float(budget), float(want[usable].sum()), 0.0
    for place in np.argsort(full, kind="stable"):
        if not usable[place]:
            continue
        rise = float(full[place]) - level
        if rise * width >= left:
            return level + left / width
        left -= rise * width
        width -= float(want[place])
        level = float(full[place])
    return level


def _round_to(
    exact: npt.NDArray[np.float64], have: npt.NDArray[np.int64], total: int
) -> npt.NDArray[np.int64]:
    """Round to whole items that sum to the total, the largest remainders up, never above what there is."""
    whole = np.minimum(np.floor(exact + 1e-9).astype(np.int64), have)
    remainder = exact - whole
    for place in np.argsort(-remainder, kind="stable"):
        if whole.sum() >= total:
            break
        if whole[place] < have[place] and remainder[place] > 1e-9:
            whole[place] += 1
    return whole


def _wanted(
    want: npt.NDArray[np.float64], level: float, budget: int | None, total: int
) -> npt.NDArray[np.int64]:
    """Return each class's share of the budget, or of the selection's own size where there is none."""
    if budget is None:
        return np.floor(level * want + 1e-9).astype(np.int64)
    shares = want / want.sum() * budget if want.any() else want
    return _round_to(shares, np.full(len(want), budget, dtype=np.int64), budget)
