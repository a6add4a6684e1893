"""What the gauges of shift say, in words a person can act on: for the Model page and the command line."""

from __future__ import annotations

from app.shift import ClassShift, PairShift, ShiftReport
from models.shift import LEAST

NAMES = {"labelled": "the labelled items", "audit": "the audit set", "pool": "the rest of the pool"}

DRAW = "draw an audit set"
BELIEVE = "believe those of the audit set"

MEANINGS = (
    (
        "Distance (Fréchet)",
        "How far apart middle and spread of two sets are in the vectors, as a multiple of what two random parts of the "
        "pool of the same sizes show.",
        "It misleads where sets differ in something that middle and spread do not show, such as a small clump.",
    ),
    (
        "Told apart (classifier two-sample test)",
        "How often a classifier that saw other items of both sets puts one above the other; 0.50 is not at all.",
        "It misleads with few items, where even a large difference is not seen; and with many, where a small one is.",
    ),
)
"""Of each gauge: its name, what it answers, and when it misleads."""


def shift_sentences(report: ShiftReport) -> list[str]:
    """Return a sentence or two for each pair of sets."""
    return [pair_sentence(pair, report) for pair in report.pairs]


def pair_sentence(pair: PairShift, report: ShiftReport) -> str:
    """Say how two sets differ, in what, and what follows from it."""
    first, second = NAMES[pair.first], NAMES[pair.second]
    if pair.shift is None:
        return f"{_upper(first)} and {second} are not compared: {_too_few(pair, report)}."
    gauges = gauge_words(pair)
    if not pair.shift.differs:
        return f"No difference between {first} and {second} is seen ({gauges}). {_alike(pair)}"
    where = _where(pair)
    mostly = f", mostly in {where}" if where else ""
    return f"{_upper(first)} {_differ(pair)} from {second}{mostly} ({gauges}). {_apart(pair, report)}"


def gauge_words(pair: PairShift) -> str:
    """Return the two gauges in a few words."""
    shift = pair.shift
    if shift is None:
        return ""
    told = "p < 0.001" if shift.p_value < 0.001 else f"p = {shift.p_value:.2g}"
    return (
        f"distance {shift.ratio:.1f} times that of random parts, which reach {shift.ratio_high:.1f}; told apart with "
        f"an AUC of {shift.auc:.2f}, {told}"
    )


def _alike(pair: PairShift) -> str:
    if pair.second == "labelled":
        return "The labels look like the pool, as far as the audit set shows."
    if pair.first == "audit":
        return "That is as it should be: its figures hold for the pool."
    smaller = "" if pair.shift is None else f" With {pair.shift.first:,} items a small one would not show."
    return f"Figures from cross-validation may hold there too.{smaller}"


def _apart(pair: PairShift, report: ShiftReport) -> str:
    if pair.first == "audit" and pair.second == "pool":
        return (
            "Chance alone hardly does that: has the pool changed since the draw, or were hard items left out? Answer "
            "what is left of the audit set, or draw more."
        )
    advice = BELIEVE if report.audited else DRAW
    return (
        "This is expected of proposals, which a strategy chose; figures from cross-validation do not hold for the "
        f"pool: {advice}."
    )


def _where(pair: PairShift) -> str:
    columns = [f"{name} ({abs(size):.1f} standard deviations {_side(size)})" for name, size in pair.columns]
    classes = [_class_words(entry, NAMES[pair.second]) for entry in pair.classes]
    parts = [", ".join(columns)] if columns else []
    if classes:
        parts.append(f"what the model takes them for: {', '.join(classes)}")
    return "; and in ".join(parts)


def _class_words(entry: ClassShift, second: str) -> str:
    return f"{entry.name} {100 * entry.first:.0f} % ({100 * entry.second:.0f} % in {second})"


def _side(size: float) -> str:
    return "higher" if size > 0 else "lower"


def _differ(pair: PairShift) -> str:
    return "differs" if pair.first == "audit" else "differ"


def _too_few(pair: PairShift, report: ShiftReport) -> str:
    counts = {"labelled": report.labelled, "audit": report.audited, "pool": report.rest}
    few = [name for name in (pair.first, pair.second) if counts[name] < LEAST]
    told = " and ".join(
        f"{NAMES[name]} {'has' if name == 'audit' else 'hold'} {counts[name]:,} items" for name in few
    )
    return f"{told or 'too few can be read'}, and {LEAST} are needed"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
