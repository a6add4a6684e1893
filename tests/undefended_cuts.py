"""What it means to take a defence away: exact replacements in source files, and the tests that must notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    """One replacement.

    Attributes:
        file: path from the repository's root.
        old: text that stands in the file exactly once.
        new: what is put in its place.
    """

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Removal:
    """A defence that is taken away.

    Attributes:
        name: short, with hyphens.
        row: the fault or attack, in the words of `docs/faults.md` and `docs/security.md`.
        defence: what is there, in words; where several defences stop the same thing, it says so.
        cuts: the replacements that take it away.
        tests: pytest's ids, of which every one must fail without the defence and pass with it.
        slow: whether the tests have the marker `slow`.
    """

    name: str
    row: str
    defence: str
    cuts: tuple[Cut, ...]
    tests: tuple[str, ...]
    slow: bool = False


def away(
    name: str, row: str, defence: str, *cuts: Cut, tests: str | Sequence[str], slow: bool = False
) -> Removal:
    """Return the removal of a defence.

    Args:
        name: short, with hyphens.
        row: the fault or attack.
        defence: what is there, in words.
        *cuts: what takes it away.
        tests: pytest's ids below `tests/`.
        slow: whether they have the marker `slow`.
    """
    named = (tests,) if isinstance(tests, str) else tuple(tests)
    return Removal(name, row, defence, cuts, tuple(f"tests/{test}" for test in named), slow)


def cut(file: str, old: str, new: str = "") -> Cut:
    """Return one replacement; without `new` the text is left out."""
    return Cut(file, old, new)


def never(file: str, condition: str) -> Cut:
    """Return the cut that lets a condition never hold.

    Args:
        file: path from the repository's root.
        condition: of an `if` or `elif`, up to its colon.
    """
    return Cut(file, f"if {condition}:", "if False:")
