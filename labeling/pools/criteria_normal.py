"""Criteria in one way of writing, so that the same ones are known again however they are typed."""

from __future__ import annotations

import ast
import keyword
import unicodedata
from collections.abc import Sequence

from labeling.pools.contract import Column
from labeling.pools.criteria import parse_criteria
from labeling.pools.criteria_parts import FUNCTIONS
from labeling.pools.criteria_text import parsed, without_backticks
from labeling.pools.errors import CriteriaError

MISSING = "missing"
"""The word of `is missing`: a column of this name keeps its backticks."""


WHOLE_MAX = 2**53
"""Below it each whole number is a float64 of its own."""


def normal_criteria(text: str, columns: Sequence[Column]) -> str:
    """Return criteria as they are compared: one way of spaces, quotes, brackets and numbers; the meaning stays.

    Args:
        text: the criteria as they were typed.
        columns: the pool's columns.

    Raises:
        CriteriaError: they cannot be read; the message says what is allowed.
    """
    parse_criteria(text, columns)
    plain, quoted = without_backticks(" ".join(text.split()))
    tree = parsed(plain)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in quoted:
            node.id = _written(quoted[node.id])
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            # 1 and 1.0 are the same number, since all are computed as float64.
            whole = node.value.is_integer() and abs(node.value) < WHOLE_MAX
            node.value = int(node.value) if whole else node.value
    normal = ast.unparse(tree)
    try:
        parse_criteria(normal, columns)
    except CriteriaError:
        # Longer than is allowed by now, or with quotes that only the typed text holds together.
        return " ".join(text.split())
    return normal


def _written(name: str) -> str:
    """Return a column's name as criteria have it: in backticks where it is no plain word."""
    reserved = keyword.iskeyword(name) or name == MISSING or name in FUNCTIONS
    # Python's parser composes what stands without backticks (NFKC).
    plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
    return name if plain and not reserved else f"`{name}`"
