"""From Python's tree to the parts of criteria: what each node may be, and of which type.

Every part has a type that is known before anything is computed. A node that is not listed here is refused by name, so
nothing outside a block's columns can be reached.
"""

from __future__ import annotations

import ast
import math
import operator
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from config.names import closest
from labeling.pools.contract import DATE_UNIT, Column
from labeling.pools.criteria_parts import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    MANY_FUNCTIONS,
    TEXT_FUNCTIONS,
    Kind,
    Part,
    all_of,
    any_of,
    applied,
    columns_of,
    dated,
    missing,
    negated,
    of_text,
    ordered,
    texts_of,
    within,
)
from labeling.pools.errors import CriteriaError

DEPTH_MAX = 40
NODES_MAX = 500
NAMES_SHOWN = 40

_ALLOWED = (
    "allowed are numbers, texts in quotes, columns, + - * / % **, < <= > >= == !=, in, is missing, and, or, not, "
    f"and {', '.join(FUNCTIONS)}"
)


def compile_criteria(
    tree: ast.expr, *, columns: Sequence[Column], quoted: Mapping[str, str], text: str
) -> Part:
    """Check a tree and return how to compute it.

    Args:
        tree: of Python's parser.
        columns: the columns that may be named.
        quoted: words in the text → the names that stood in backticks there.
        text: what the tree was read from, for messages.

    Raises:
        CriteriaError: it is too large, or holds what is not allowed.
    """
    part, known = _compiled(tree, _Compiler(columns, quoted, text))
    if part.kind != "truth":
        how = "> 1" if part.kind == "number" else "== 'a'"
        raise CriteriaError(
            f"{part.words} is a {part.kind}, not a condition; compare it with something, as in {part.words} {how}"
        )
    return part if part.columns else _looks_at_nothing(part, known)


def compile_formula(
    tree: ast.expr, *, columns: Sequence[Column], quoted: Mapping[str, str], text: str
) -> Part:
    """Check the tree of a formula and return how to compute it: a part of the kind number.

    Args:
        tree: of Python's parser.
        columns: the columns that may be named.
        quoted: words in the text → the names that stood in backticks there.
        text: what the tree was read from, for messages.

    Raises:
        CriteriaError: it is too large, holds what is not allowed, or gives no number.
    """
    part, known = _compiled(tree, _Compiler(columns, quoted, text, called="formula"))
    if part.kind != "number":
        raise CriteriaError(
            f"{part.words} is a {part.kind}, not a number; a formula calculates one, as in u - g"
        )
    return part if part.columns else _looks_at_nothing(part, known)


def _compiled(tree: ast.expr, compiler: _Compiler) -> tuple[Part, str]:
    """Return the part of a whole tree, and which columns are known."""
    if sum(1 for _ in ast.walk(tree)) > NODES_MAX:
        raise CriteriaError(
            f"the {compiler.called} is too long: more than {NODES_MAX} parts; split it in two"
        )
    return compiler.part(tree, depth=0), compiler.known()


def _looks_at_nothing(part: Part, known: str) -> Part:
    raise CriteriaError(f"{part.words} looks at no column; {known}")


class _Compiler:
    """Turns nodes into parts."""

    def __init__(
        self, columns: Sequence[Column], quoted: Mapping[str, str], text: str, *, called: str = "criteria"
    ) -> None:
        self.called = called
        self._columns = {entry.name: entry for entry in columns}
        # Python's parser composes names (NFKC); the file may have them otherwise.
        self._composed = {unicodedata.normalize("NFKC", name): name for name in self._columns}
        self._quoted = quoted
        self._text = text

    def part(self, node: ast.AST, *, depth: int) -> Part:
        if depth > DEPTH_MAX:
            raise CriteriaError(f"the {self.called} is nested more than {DEPTH_MAX} deep; split it in two")
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._column(node)
        inside = depth + 1
        if isinstance(node, ast.BoolOp):
            join = all_of if isinstance(node.op, ast.And) else any_of
            return join([self._truth(each, inside) for each in node.values], self._words(node))
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, inside)
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            return self._arithmetic(node, self._number(node.left, inside), self._number(node.right, inside))
        if isinstance(node, ast.Compare):
            return self._compared(node, inside)
        if isinstance(node, ast.Call):
            return self._called(node, inside)
        raise CriteriaError(f"{self._words(node)} cannot be used in {self.called}; {_ALLOWED}")

    def known(self) -> str:
        shown = list(self._columns)[:NAMES_SHOWN]
        more = f" and {len(self._columns) - len(shown)} more" if len(self._columns) > len(shown) else ""
        return f"the columns are {', '.join(shown)}{more}"

    def _words(self, node: ast.AST) -> str:
        words = ast.get_source_segment(self._text, node) or "this part"
        # The longest first: the word of the tenth begins like that of the first.
        for word in sorted(self._quoted, key=len, reverse=True):
            words = words.replace(word, f"`{self._quoted[word]}`")
        return words if len(words) <= 80 else f"{words[:77]}…"

    def _constant(self, node: ast.Constant) -> Part:
        value, words = node.value, self._words(node)
        if isinstance(value, str):
            return Part("text", lambda block: value, constant=value, words=words)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CriteriaError(
                f"{words} cannot be used in {self.called}; columns with yes or no hold the texts 'true' and 'false', "
                "and what is not there `is missing`"
            )
        try:
            number = float(value)
        except OverflowError as problem:
            raise CriteriaError(f"the number {words} is too large") from problem
        if not math.isfinite(number):
            raise CriteriaError(f"the number {words} is too large")
        return Part("number", lambda block: np.float64(number), constant=number, words=words)

    def _column(self, node: ast.Name) -> Part:
        name = self._quoted.get(node.id, node.id)
        name = name if name in self._columns else self._composed.get(name, name)
        if name not in self._columns:
            raise CriteriaError(f"there is no column {name!r}{closest(name, self._columns)}; {self.known()}")
        column = self._columns[name]
        words = self._words(node)
        if column.role == "numeric":
            return Part(
                "number",
                lambda block: block[name].to_numpy(dtype=np.float64),
                frozenset({name}),
                is_date=column.unit == DATE_UNIT,
                words=words,
            )
        return Part("text", lambda block: texts_of(block[name]), frozenset({name}), words=words)

    def _of_kind(self, node: ast.AST, depth: int, kind: Kind, hint: str) -> Part:
        part = self.part(node, depth=depth)
        if part.kind != kind:
            raise CriteriaError(f"{part.words} is a {part.kind} where a {kind} is needed; {hint}")
        return part

    def _number(self, node: ast.AST, depth: int) -> Part:
        return self._of_kind(node, depth, "number", "numbers and columns of numbers can be calculated with")

    def _truth(self, node: ast.AST, depth: int) -> Part:
        return self._of_kind(node, depth, "truth", "and, or, not join comparisons such as z > 18")

    def _unary(self, node: ast.UnaryOp, depth: int) -> Part:
        words = self._words(node)
        if isinstance(node.op, ast.Not):
            return negated(self._truth(node.operand, depth), words)
        if not isinstance(node.op, ast.USub | ast.UAdd):
            raise CriteriaError(f"{words} cannot be used in {self.called}; {_ALLOWED}")
        number = self._number(node.operand, depth)
        sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
        constant = sign * number.constant if isinstance(number.constant, float) else None
        return Part(
            "number", lambda block: sign * number.compute(block), number.columns, constant, words=words
        )

    def _arithmetic(self, node: ast.BinOp, left: Part, right: Part) -> Part:
        step = ARITHMETIC[type(node.op)]
        return Part(
            "number",
            lambda block: step(left.compute(block), right.compute(block)),
            left.columns | right.columns,
            words=self._words(node),
        )

    def _compared(self, node: ast.Compare, depth: int) -> Part:
        found: list[Part] = []
        left_node: ast.expr = node.left
        for sign, right_node in zip(node.ops, node.comparators, strict=True):
            found.append(self._pair(node, left_node, sign, right_node, depth))
            left_node = right_node
        return all_of(found, self._words(node))

    def _pair(self, node: ast.AST, left: ast.expr, sign: ast.cmpop, right: ast.expr, depth: int) -> Part:
        words = self._words(node)
        if isinstance(sign, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Name) and right.id == "missing"):
                raise CriteriaError(
                    f"{words} cannot be read; after `is` or `is not` comes missing, else use =="
                )
            return missing(self.part(left, depth=depth), isinstance(sign, ast.Is), words)
        first = self.part(left, depth=depth)
        if isinstance(sign, ast.In | ast.NotIn):
            part = self._contained(first, right, depth, words)
            return part if isinstance(sign, ast.In) else negated(part, words)
        second = self.part(right, depth=depth)
        first, second = dated(first, second), dated(second, first)
        if {first.kind, second.kind} == {"text", "number"}:
            raise CriteriaError(
                f"{words} compares a text with a number; texts stand in quotes, numbers do not, and a column's name "
                "stands in backticks where it is no plain word"
            )
        if "truth" in (first.kind, second.kind):
            raise CriteriaError(f"{words} compares a comparison; join comparisons by and, or, not")
        if first.kind == "text" and not isinstance(sign, ast.Eq | ast.NotEq):
            raise CriteriaError(f"{words} puts texts in order; compare texts with ==, != or in")
        return ordered(first, second, COMPARISONS[type(sign)], words)

    def _contained(self, first: Part, right: ast.expr, depth: int, words: str) -> Part:
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            each = [dated(self.part(entry, depth=depth + 1), first) for entry in right.elts]
            kinds = {part.kind for part in each}
            if not each or any(part.constant is None for part in each) or kinds != {first.kind}:
                raise CriteriaError(
                    f"{words} cannot be read; after `in` comes a list of {first.kind}s, as in (1, 2) or ('a', 'b')"
                )
            return any_of([ordered(first, part, operator.eq, words) for part in each], words)
        second = self.part(right, depth=depth)
        if first.kind != "text" or second.kind != "text":
            raise CriteriaError(
                f"{words} cannot be read; `in` looks for a text in a text, or for a value in a list"
            )
        return within(first, second, words)

    def _called(self, node: ast.Call, depth: int) -> Part:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        words = self._words(node)
        if name not in FUNCTIONS or node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise CriteriaError(
                f"{words} cannot be used in {self.called}{closest(name, FUNCTIONS)}; functions are "
                f"{', '.join(FUNCTIONS)}"
            )
        least = 2 if name in MANY_FUNCTIONS else 1
        if len(node.args) < least or (least == 1 and len(node.args) > 1):
            raise CriteriaError(
                f"{words}: {name} takes {'two or more values' if least == 2 else 'one value'}"
            )
        if name in TEXT_FUNCTIONS:
            hint = f"{name} takes a column of texts"
            return of_text(name, self._of_kind(node.args[0], depth, "text", hint), words)
        numbers = [self._number(each, depth) for each in node.args]
        return Part("number", applied(name, numbers), columns_of(numbers), words=words)
