"""Formulas over columns: `u - g`, `log10(oiii / hb)`, read by the parser of criteria and never executed."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.pools.contract import Column
from labeling.pools.criteria_parts import Part
from labeling.pools.criteria_text import TEXT_MAX, parsed, without_backticks
from labeling.pools.criteria_tree import compile_formula
from labeling.pools.errors import CriteriaError

EXAMPLE = "log10(oiii / hb)"


def parse_formula(text: str, columns: Sequence[Column]) -> Part:
    """Read a formula that gives a number: `u - g`, `log10(oiii / hb)`.

    Args:
        text: numbers, columns, + - * / % ** and functions; backticks as in criteria.
        columns: what may be named.

    Returns:
        A part of the kind number; it may compute NaN or infinity.

    Raises:
        CriteriaError: as for criteria, or it is a condition or a text, or looks at no column.
    """
    if len(text) > TEXT_MAX:
        raise CriteriaError(f"the formula has {len(text)} characters; at most {TEXT_MAX} are allowed")
    plain, quoted = without_backticks(" ".join(text.split()))
    tree = parsed(plain, called="formula", example=EXAMPLE)
    return compile_formula(tree, columns=columns, quoted=quoted, text=plain)
