"""Rows with columns that are calculated from others: colours (`u - g`), ratios (`log10(oiii / hb)`), products.

A formula is read by the same parser as criteria, which executes nothing. Where it has no finite value (a missing
number, a division by zero, the logarithm of a negative number) the calculated column is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from config.pool_parts import CombineSection
from labeling.pools.contract import Column
from labeling.pools.criteria_parts import Part
from labeling.pools.errors import CriteriaError, PoolColumnsError
from labeling.pools.formulas import parse_formula
from labeling.pools.inference import MISSING, NUMBER, is_textual
from labeling.pools.rows import Rows
from labeling.pools.values import as_numbers


class CombinedRows:
    """A source with calculated columns after its own."""

    def __init__(self, base: Rows, sections: Sequence[CombineSection], *, truth: str | None) -> None:
        """Read the formulas.

        Args:
            base: the source.
            sections: the columns, each of which may use those before it.
            truth: the column that no formula may look at.

        Raises:
            PoolColumnsError: a name is taken, or formulas cannot be read; all of them are told.
        """
        self.path, self.total, self.unnamed_first = base.path, base.total, base.unnamed_first
        self._base = base
        self.names, self.types = list(base.names), dict(base.types)
        self._parts: dict[str, Part] = {}
        problems: list[str] = []
        for section in sections:
            try:
                self._add(section, truth)
            except CriteriaError as problem:
                problems.append(f"pool.combine: {section.name!r}: {problem}")
        if problems:
            raise PoolColumnsError("\n  ".join([f"{self.path}:", *problems]))

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns.

        Raises:
            PoolColumnsError: a formula looks at a column of texts.
        """
        needed = self._needed(names)
        own = [name for name in needed if name not in self._parts]
        texts: dict[str, str] = {}
        for batch in self._base.batches(own, rows=rows):
            made = {name: batch.column(place) for place, name in enumerate(own)}
            block: dict[str, pd.Series[Any]] = {}
            for name in needed:
                if name in self._parts:
                    for column in self._parts[name].columns - set(block):
                        _note_text(column, made[column], texts)
                        block[column] = pd.Series(as_numbers(made[column]).to_numpy(zero_copy_only=False))
                    made[name] = _calculated(self._parts[name], block, batch.num_rows)
            yield pa.record_batch([made[name] for name in names], names=list(names))
        for column, text in texts.items():
            if text:
                raise PoolColumnsError(
                    f"{self.path}: pool.combine: no value of the column {column!r} is a number (the first: "
                    f"{text[:40]!r}), and a formula calculates with numbers"
                )

    def remarks(self) -> list[str]:
        """Return what the source itself has to say."""
        return self._base.remarks()

    def class_names(self, name: str) -> list[str] | None:
        """Return the names behind a whole-number column, where the source gives them."""
        return self._base.class_names(name)

    def _add(self, section: CombineSection, truth: str | None) -> None:
        if section.name in self.names:
            raise CriteriaError("this name is a column already; choose another")
        usable = [
            Column(name, "numeric") for name in self.names if _calculable(self.types[name]) and name != truth
        ]
        self._parts[section.name] = parse_formula(section.formula, usable)
        self.names.append(section.name)
        self.types[section.name] = pa.float64()

    def _needed(self, names: Sequence[str]) -> list[str]:
        """Return the columns that are needed for some, in the order in which they can be calculated."""
        wanted = set(names)
        for name in reversed(self._parts):
            if name in wanted:
                wanted |= self._parts[name].columns
        return [name for name in self.names if name in wanted]


def _note_text(name: str, values: pa.Array, texts: dict[str, str]) -> None:
    """Keep the first text of a column in which no number was met so far; "" once one was."""
    if not is_textual(values.type) or texts.get(name) == "":
        return
    trimmed = pc.utf8_trim_whitespace(pc.fill_null(pc.cast(values, pa.string()), ""))
    present = trimmed.filter(pc.invert(pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(MISSING))))
    if pc.any(pc.match_substring_regex(present, NUMBER)).as_py():
        texts[name] = ""
    elif len(present):
        texts.setdefault(name, present[0].as_py())


def _calculated(part: Part, block: dict[str, pd.Series[Any]], count: int) -> pa.Array:
    with np.errstate(all="ignore"):
        values = np.broadcast_to(np.asarray(part.compute(block), np.float64), count)
    return pa.array(values, mask=~np.isfinite(values))


def _calculable(kind: pa.DataType) -> bool:
    return bool(
        is_textual(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )  # fmt: skip
