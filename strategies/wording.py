"""Words for a person: class names of any content and length, percentages, and the reasons built from them.

A reason is plain text. Whoever shows it escapes it; here a name only loses line breaks and control
characters, and is shortened in its middle when it is very long.
"""

from __future__ import annotations

LONGEST_NAME = 40


def quote(name: str) -> str:
    """Return a class's name in quotes, on one line, at most LONGEST_NAME characters long.

    Args:
        name: any text; markup stays as it is, control and formatting characters become spaces.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if len(line) > LONGEST_NAME:
        half = (LONGEST_NAME - 1) // 2
        line = f"{line[:half].rstrip()}…{line[-half:].lstrip()}"
    return f"'{line}'"


def percent(share: float) -> str:
    """Return a share of 1 as a percentage a person reads without being misled at either end."""
    value = 100.0 * share
    if 0 < value < 1:
        return "under 1 %"
    if 99 < value < 100:
        return "over 99 %"
    return f"{value:.0f} %"


def boundary_reason(names: tuple[str, ...], first: int, second: int, shares: tuple[float, float]) -> str:
    """Return why an item between two classes is asked about.

    Args:
        names: the class names.
        first: index of the likeliest class.
        second: index of the next; -1 where there is no other class.
        shares: the probabilities of the two with the class prior taken out; the suggestion beside the sentence has the
            prior in it, hence the words.
    """
    if second < 0:
        return f"The only class so far is {quote(names[first])}."
    return (
        f"Between {quote(names[first])} ({percent(shares[0])}) and {quote(names[second])} ({percent(shares[1])}) "
        "if all classes were equally common."
    )


def need_reason(name: str, share: float, labels: int, wanted: int) -> str:
    """Return why a likely member of a class is asked about.

    Args:
        name: the class.
        share: its probability for the item.
        labels: how many labels the class has.
        wanted: how many it would have at the wanted balance.
    """
    likely = f"{'Likely' if share >= 0.5 else 'Perhaps'} {quote(name)} ({percent(share)})"
    if labels < wanted:
        return f"{likely}, a class with {labels} of {wanted} wanted labels."
    return f"{likely}, to keep the classes in balance."
