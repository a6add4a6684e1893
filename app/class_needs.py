"""What each class lacks to reach its target, how many labels that may take, and which classes have many or few labels.

Plain arithmetic on what the Balance page shows anyway; every guess comes with its reason in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.components.balance_bars import ClassBalance
from labeling.annotations import ProposalOutcome

MANY_ABOVE, FEW_BELOW = 100, 20
"""The limits of the literature on long tails (Liu et al. 2019, arXiv:1904.05160): more than 100, fewer than 20."""

FULL_SIZE = 2 * MANY_ABOVE
"""Labels of the largest class from which these limits are taken as they are; below they shrink in proportion."""

LATELY = 200
"""Answers to proposals that the rate of a class is taken from."""

FEWEST_FOUND = 3
"""Of these so many must have become the class before its rate says anything."""

GUESSED_FROM = ("discover", "balance")
"""Kinds of proposals that look for classes; refine looks at boundaries."""


@dataclass(frozen=True)
class Limits:
    """Which classes have many and which have few labels.

    Attributes:
        many: a class with more labels has many.
        few: a class with fewer labels has few.
        scaled: whether the limits are smaller than those of the literature, for a small project.
    """

    many: int
    few: int
    scaled: bool

    def group_of(self, labels: int) -> str:
        """Return many, medium or few."""
        return "many" if labels > self.many else "few" if labels < self.few else "medium"


@dataclass(frozen=True)
class Group:
    """The classes with many, a medium number of or few labels.

    Attributes:
        name: many, medium or few.
        classes: how many classes.
        labels: their labels together.
        share: of all labels, 0 to 1.
    """

    name: str
    classes: int
    labels: int
    share: float


@dataclass(frozen=True)
class Guess:
    """How many labels a class may take to reach its target.

    Attributes:
        labels: the guess, None where nothing is known.
        reason: what it rests on, a clause in plain text.
    """

    labels: int | None
    reason: str


@dataclass(frozen=True)
class ClassNeed:
    """What one class lacks.

    Attributes:
        balance: the class with its figures.
        group: many, medium or few.
        wanted: labels it would have, were the labels given so far shared out by the targets.
        missing: labels it lacks of these; 0 where it has reached its target.
        guess: how many labels that may take.
    """

    balance: ClassBalance
    group: str
    wanted: int
    missing: int
    guess: Guess


def group_limits(rows: Sequence[ClassBalance]) -> Limits:
    """Return the limits of many and few; in a small project they shrink with its largest class."""
    return limits_of(max((row.labelled for row in rows), default=0))


def limits_of(largest: int) -> Limits:
    """Return the limits of a project whose largest class has so many labels."""
    scale = min(1.0, largest / FULL_SIZE)
    few = max(1, round(FEW_BELOW * scale))
    return Limits(many=max(few, round(MANY_ABOVE * scale)), few=few, scaled=scale < 1)


def class_groups(rows: Sequence[ClassBalance]) -> list[Group]:
    """Return the groups many, medium and few, in this order, empty ones too."""
    limits = group_limits(rows)
    total = sum(row.labelled for row in rows)
    groups = []
    for name in ("many", "medium", "few"):
        members = [row.labelled for row in rows if limits.group_of(row.labelled) == name]
        labels = sum(members)
        groups.append(Group(name, len(members), labels, labels / total if total else 0.0))
    return groups


def class_needs(
    rows: Sequence[ClassBalance], outcomes: Sequence[ProposalOutcome], *, pool_size: int, left: int
) -> list[ClassNeed]:
    """Return what each class lacks, in the order of the rows.

    Args:
        rows: the classes with their figures.
        outcomes: what came of the proposals, oldest first.
        pool_size: items in the pool.
        left: items that nobody has answered yet.
    """
    limits = group_limits(rows)
    total = sum(row.labelled for row in rows)
    lately = [entry for entry in outcomes if entry.kind in GUESSED_FROM][-LATELY:]
    found: dict[int | None, int] = {}
    for entry in lately:
        found[entry.class_id] = found.get(entry.class_id, 0) + 1
    needs = []
    for row in rows:
        wanted = wanted_labels(row, total)
        missing = max(wanted - row.labelled, 0)
        guess = _guess(
            row, missing, found=found.get(row.class_id, 0), asked=len(lately), pool_size=pool_size, left=left
        )
        needs.append(ClassNeed(row, limits.group_of(row.labelled), wanted, missing, guess))
    return needs


def wanted_labels(row: ClassBalance, total: int) -> int:
    """Return the labels a class would have, were the given ones shared out by the targets: whole ones, 1 at least.

    Args:
        row: the class.
        total: labels of all classes.
    """
    if row.wanted_share <= 0:
        return 0
    return max(1, math.floor(row.wanted_share * total + 1e-6))


def reached(rows: Sequence[ClassBalance]) -> int:
    """Return how many classes have reached their target."""
    total = sum(row.labelled for row in rows)
    return sum(row.labelled >= wanted_labels(row, total) for row in rows)


def _guess(row: ClassBalance, missing: int, *, found: int, asked: int, pool_size: int, left: int) -> Guess:
    if not missing:
        return Guess(0, "it has reached its target")
    if found >= FEWEST_FOUND:
        rate = found / asked
        reason = (
            f"{found} of the last {asked} answers to proposals of the kinds discover and balance were of it"
        )
    elif row.predicted:
        rate = row.predicted / pool_size
        reason = f"the model takes {_percent(rate)} of the pool for it, and it is too seldom met to know a better rate"
    else:
        return Guess(None, "no guess yet: it was met too seldom, and no model knows its share of the pool")
    needed = math.ceil(missing / rate)
    if row.predicted is not None and row.predicted - row.labelled < missing:
        unfound = max(row.predicted - row.labelled, 0)
        reason += f"; the pool seems to hold only about {unfound:,.0f} more of it"
    if needed > left:
        return Guess(left, f"{reason}; that is every item which is left")
    return Guess(needed, reason)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
