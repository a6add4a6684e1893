"""What a person asks of a selection: splits, a budget, numbers of items; read from text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.names import closest
from labeling.curation.errors import SelectionError
from labeling.curation.splits import read_shares


@dataclass(frozen=True)
class SelectionWishes:
    """What is asked of the selection.

    Attributes:
        splits: the weight of each split by name; empty for none.
        budget: at most so many items; None for no limit.
        counts: how many items of each class; empty for the classes' targets.
        everything: whether every labelled item is taken, unbalanced.
    """

    splits: Mapping[str, float] = field(default_factory=dict)
    budget: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    everything: bool = False

    def check(self, class_names: Sequence[str]) -> None:
        """Check that the wishes fit each other and the project.

        Raises:
            SelectionError: everything and a number are asked for together, or a class is unknown.
        """
        if self.everything and (self.budget is not None or self.counts):
            raise SelectionError("every labelled item is asked for, and a number too; leave one of them out")
        unknown = [name for name in self.counts if name not in class_names]
        if unknown:
            raise SelectionError(
                f"items of {unknown[0]!r} are asked for, which is no class of the project"
                f"{closest(unknown[0], class_names)}"
            )


AS_IS = SelectionWishes()
"""Nothing is asked for beyond the classes' targets."""


def read_wishes(
    *,
    split: str | None = None,
    budget: int | None = None,
    counts: str | None = None,
    everything: bool = False,
) -> SelectionWishes:
    """Return wishes as a person writes them; empty text is no wish.

    Args:
        split: `70/15/15`, `80/20` or `train=8,dev=1,test=1`.
        budget: at most so many items.
        counts: `star=500,quasar=100`; a class's name may hold anything but a comma.
        everything: whether every labelled item is taken.

    Raises:
        SplitError: the splits cannot be read.
        SelectionError: the numbers cannot.
    """
    splits = read_shares(split) if split and split.strip() else {}
    return SelectionWishes(splits, budget, _read_counts(counts or ""), everything)


def _read_counts(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, sign, number = part.rpartition("=")
        if not sign or not name.strip() or not number.strip().isdecimal():
            raise SelectionError(
                f"{part[:80]!r} is no number of items; write CLASS=NUMBER, with commas between: star=500,quasar=100"
            )
        if name.strip() in counts:
            raise SelectionError(f"items of {name.strip()!r} are asked for twice; name each class once")
        counts[name.strip()] = int(number)
    return counts
