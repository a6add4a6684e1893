"""Whether a round that was run again got the same: proposals item by item, figures one by one. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.round_record import DECIMALS
from config.shared import SharedRound

Verdict = Literal["same", "near", "differs", "failed there", "left out"]

ROUNDING = 1.5 * 10**-DECIMALS
"""Two figures of one device kind are the same within this: each is rounded once."""

OTHER_DEVICE_FIGURES = 0.02
"""Figures of another device kind count as the same within this: it adds the same numbers in another order."""

OTHER_DEVICE_SHARE = 0.9
"""Share of the proposed items that another device kind must propose, too; their order may be another."""


@dataclass(frozen=True)
class FigureReplay:
    """One figure of a round, there and here; None where it has no value."""

    name: str
    there: float | None
    here: float | None
    same: bool


@dataclass(frozen=True)
class RoundReplay:
    """What came of a round that was run again.

    Attributes:
        number: the round's.
        verdict: "near" where it ran on another device kind and is within the tolerance.
        words: what is to be said of its proposals, or why it was not run.
        figures: each figure, in the order of the shared file.
        devices: the device kinds there and here.
    """

    number: int
    verdict: Verdict
    words: str
    figures: tuple[FigureReplay, ...] = ()
    devices: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Reached:
    """What a round reached here: keys of its proposals in order, their hash, figures, kind of device."""

    proposals: Sequence[str]
    proposals_hash: str
    figures: Mapping[str, float | int | None]
    device: str


def compare_round(there: SharedRound, here: Reached) -> RoundReplay:
    """Say whether a round got the same as where it ran first.

    Args:
        there: as the shared file has it.
        here: as it ran here.
    """
    elsewhere = bool(there.device) and there.device != here.device
    tolerance = OTHER_DEVICE_FIGURES if elsewhere else ROUNDING
    figures = tuple(_figure(name, there.figures, here.figures, tolerance) for name in there.figures)
    same, shared, words = _proposals(there, here)
    near = elsewhere and shared >= OTHER_DEVICE_SHARE
    fine = (same or near) and all(figure.same for figure in figures)
    exact = same and all(_close(figure.there, figure.here, ROUNDING) for figure in figures)
    verdict: Verdict = "same" if exact else "near" if fine and elsewhere else "differs"
    return RoundReplay(there.number, verdict, words, figures, (there.device, here.device))


def _figure(
    name: str,
    there: Mapping[str, float | int | None],
    here: Mapping[str, float | int | None],
    tolerance: float,
) -> FigureReplay:
    one, other = there.get(name), here.get(name)
    # How many labels a round learned from is counted, not computed.
    return FigureReplay(name, one, other, _close(one, other, 0.0 if name == "labels" else tolerance))


def _close(one: float | None, other: float | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return abs(one - other) <= tolerance


def _proposals(there: SharedRound, here: Reached) -> tuple[bool, float, str]:
    """Return whether the same items came in the same order, which share of them came, and words."""
    count = len(here.proposals)
    if there.proposals_hash == here.proposals_hash:
        return True, 1.0, f"{count} proposals, the same in the same order"
    if not there.proposals:
        return False, 0.0, "other proposals; the file does not tell which they were"
    if tuple(there.proposals) == tuple(here.proposals):
        return True, 1.0, f"{count} proposals, the same in the same order; their kinds or reasons differ"
    both = len(set(there.proposals) & set(here.proposals))
    place = next(
        (
            place
            for place, (one, other) in enumerate(zip(there.proposals, here.proposals, strict=False))
            if one != other
        ),
        min(len(there.proposals), count),
    )
    words = f"{both} of {len(there.proposals)} proposals are the same; the first that differs is number {place + 1}"
    names = [keys[place] if place < len(keys) else "none" for keys in (there.proposals, here.proposals)]
    return False, both / len(there.proposals), f"{words}: {names[0]} there, {names[1]} here"
