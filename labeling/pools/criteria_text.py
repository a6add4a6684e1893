"""The text of criteria and formulas: names in backticks, and Python's tree of the rest."""

from __future__ import annotations

import ast
import re

from labeling.pools.errors import CriteriaError

TEXT_MAX = 2_000
"""Characters of one criterion or formula."""

EXAMPLE = "u - g < 0.6 and z > 18"

_PIECES = re.compile(r"""'[^'\n]*'|"[^"\n]*"|`([^`\n]*)`|`""")
_PLACEHOLDER = "column_in_backticks_"


def without_backticks(text: str) -> tuple[str, dict[str, str]]:
    """Return the text with a plain word in place of each `quoted name`, and what each word stands for.

    Raises:
        CriteriaError: a backtick is not closed.
    """
    quoted: dict[str, str] = {}

    def replace(found: re.Match[str]) -> str:
        if found[0] == "`":
            raise CriteriaError("a backtick is not closed; write a column's name between two, as `u mag`")
        if found[1] is None:
            return found[0]
        word = f"{_PLACEHOLDER}{len(quoted)}"
        quoted[word] = found[1]
        return f" {word} "

    return _PIECES.sub(replace, text).strip(), quoted


def parsed(text: str, *, called: str = "criteria", example: str = EXAMPLE) -> ast.expr:
    """Return the tree that Python's parser makes of a text; nothing of it is executed.

    Args:
        text: without backticks.
        called: what the text is, for messages.
        example: how it can look.

    Raises:
        CriteriaError: it cannot be read.
    """
    it_is = f"the {called} cannot be read"
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as problem:
        # An offset of 0 stands for the end of the text.
        place = text[problem.offset - 1 :][:20] if problem.offset else ""
        near = f" near {place!r}" if place.strip() else " at its end"
        joined = "join comparisons by and, or, not, compare with ==, and " if called == "criteria" else ""
        raise CriteriaError(
            f"{it_is}{near}; {joined}put a column whose name is no plain word in backticks, for example {example}"
        ) from problem
    except (ValueError, RecursionError, MemoryError) as problem:
        raise CriteriaError(
            f"{it_is}: a number is too long, or too much is nested; write for example {example}"
        ) from problem
