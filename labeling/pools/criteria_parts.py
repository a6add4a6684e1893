"""The parts of criteria, and how each is computed on a block of items: numbers, texts, and truths.

A truth has three values (Kleene): what is known to be true, what is known to be false, and neither where a value is
missing.
"""

from __future__ import annotations

import ast
import datetime as dt
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.pools.errors import CriteriaError

Block = Mapping[str, "pd.Series[Any]"]
"""Column name → its values for b items."""

Kind = Literal["number", "text", "truth"]
Values = Any
"""(b,) float64 with NaN, or (b,) object of str with None, where missing; a constant is a plain float or str."""

NUMBER_FUNCTIONS: dict[str, Callable[[Values], Values]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "floor": np.floor,
    "ceil": np.ceil,
    "sin": np.sin,
    "cos": np.cos,
    "radians": np.radians,
}
MANY_FUNCTIONS: dict[str, Callable[[Values, Values], Values]] = {"min": np.minimum, "max": np.maximum}
TEXT_FUNCTIONS = ("lower", "length")
FUNCTIONS = (*NUMBER_FUNCTIONS, *MANY_FUNCTIONS, *TEXT_FUNCTIONS)

ARITHMETIC: dict[type[ast.operator], Callable[[Values, Values], Values]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.Mod: np.mod,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True)
class Truth:
    """What is known to be true and what is known to be false; neither where a value is missing.

    Attributes:
        yes: (b,) bool, or one bool for all.
        no: likewise; never True where `yes` is.
    """

    yes: npt.NDArray[np.bool_]
    no: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """A part that is understood.

    Attributes:
        kind: number, text or truth.
        compute: gives its values on a block; a Truth where it is one.
        columns: the columns it looks at.
        constant: the number or text where it is one.
        is_date: whether its numbers are a date.
        words: how the person wrote it.
    """

    kind: Kind
    compute: Callable[[Block], Any]
    columns: frozenset[str] = frozenset()
    constant: float | str | None = None
    is_date: bool = False
    words: str = ""

    def truth(self, block: Block) -> Truth:
        """Return what is true on a block; only of a part whose kind is truth."""
        found: Truth = self.compute(block)
        return found


def all_of(parts: Sequence[Part], words: str) -> Part:
    """Join truths: known to be true where all are, known to be false where one is."""

    def compute(block: Block) -> Truth:
        found = [part.truth(block) for part in parts]
        return Truth(
            reduce(operator.and_, [each.yes for each in found]),
            reduce(operator.or_, [each.no for each in found]),
        )

    return Part("truth", compute, columns_of(parts), words=words)


def any_of(parts: Sequence[Part], words: str) -> Part:
    """Join truths: known to be true where one is, known to be false where all are."""
    return negated(all_of([negated(part, words) for part in parts], words), words)


def negated(part: Part, words: str) -> Part:
    """Turn a truth around; what is not known stays so."""

    def compute(block: Block) -> Truth:
        found = part.truth(block)
        return Truth(found.no, found.yes)

    return Part("truth", compute, part.columns, words=words)


def applied(name: str, numbers: list[Part]) -> Callable[[Block], Values]:
    """Apply one of NUMBER_FUNCTIONS to a number, or of MANY_FUNCTIONS to two and more."""
    if name in NUMBER_FUNCTIONS:
        return lambda block: NUMBER_FUNCTIONS[name](numbers[0].compute(block))

    def fold(block: Block) -> Values:
        found = numbers[0].compute(block)
        for each in numbers[1:]:
            found = MANY_FUNCTIONS[name](found, each.compute(block))
        return found

    return fold


def of_text(name: str, part: Part, words: str) -> Part:
    """Apply one of TEXT_FUNCTIONS to a text."""
    if name == "lower":
        return Part("text", lambda block: _each(part.compute(block), str.lower), part.columns, words=words)
    return Part(
        "number",
        lambda block: np.asarray(_each(part.compute(block), len), dtype=np.float64),
        part.columns,
        words=words,
    )


def _each(values: Values, step: Callable[[str], Any]) -> Values:
    if isinstance(values, str):
        return step(values)
    found = np.empty(len(values), dtype=object)
    found[:] = [None if value is None else step(value) for value in values]
    return found


def texts_of(values: pd.Series[Any]) -> Values:
    """Return (b,) object: the texts of a column, None where missing."""
    found = values.to_numpy(dtype=object).copy()
    found[values.isna().to_numpy(dtype=bool)] = None
    return found


def _is_missing(values: Values) -> npt.NDArray[np.bool_]:
    if isinstance(values, str):
        return np.asarray(False)
    if isinstance(values, np.ndarray) and values.dtype.kind == "O":
        return np.asarray(pd.isna(values))
    return np.isnan(np.asarray(values, dtype=np.float64))


def ordered(first: Part, second: Part, compare: Callable[[Any, Any], Any], words: str) -> Part:
    """Compare two numbers or two texts."""

    def compute(block: Block) -> Truth:
        one, other = first.compute(block), second.compute(block)
        known = ~(_is_missing(one) | _is_missing(other))
        found = np.asarray(compare(one, other), dtype=bool)
        return Truth(found & known, ~found & known)

    return Part("truth", compute, first.columns | second.columns, words=words)


def within(first: Part, second: Part, words: str) -> Part:
    """Look for a text in a text, upper and lower case being the same."""

    def compute(block: Block) -> Truth:
        small, large = _each(first.compute(block), str.casefold), _each(second.compute(block), str.casefold)
        known = ~(_is_missing(small) | _is_missing(large))
        smalls, larges = np.broadcast_arrays(np.asarray(small, object), np.asarray(large, object))
        found = np.fromiter(
            (
                one is not None and other is not None and one in other
                for one, other in zip(smalls.flat, larges.flat, strict=True)
            ),
            dtype=bool,
            count=smalls.size,
        ).reshape(smalls.shape)
        return Truth(found & known, ~found & known)

    return Part("truth", compute, first.columns | second.columns, words=words)


def missing(part: Part, wanted: bool, words: str) -> Part:
    """Ask whether a value is missing, or is not where `wanted` is false; that is always known.

    Raises:
        CriteriaError: the part is a truth.
    """
    if part.kind == "truth":
        raise CriteriaError(f"{words} cannot be read; a value can be missing, a comparison cannot")

    def compute(block: Block) -> Truth:
        found = _is_missing(part.compute(block))
        return Truth(found, ~found) if wanted else Truth(~found, found)

    return Part("truth", compute, part.columns, words=words)


def dated(part: Part, other: Part) -> Part:
    """Return a constant text as the date it names, where it stands beside a column of dates.

    Raises:
        CriteriaError: it names no date.
    """
    if not other.is_date or not isinstance(part.constant, str):
        return part
    try:
        moment = dt.datetime.fromisoformat(part.constant.strip())
    except ValueError as problem:
        raise CriteriaError(
            f"{part.words} is no date; write it as '2024-03-31' or '2024-03-31T12:00'"
        ) from problem
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    seconds = aware.timestamp()
    return Part("number", lambda block: np.float64(seconds), constant=seconds, words=part.words)


def columns_of(parts: Sequence[Part]) -> frozenset[str]:
    """Return the columns that the parts look at."""
    return frozenset().union(*(part.columns for part in parts))
