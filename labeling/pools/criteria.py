"""Criteria on columns: `u - g < 0.6 and z > 18`, read from text and tried on every item.

Nothing of the text is executed: Python's parser turns it into a tree, `criteria_tree` lets a short list of nodes
through and `criteria_parts` computes them with numpy. What can be named are the pool's stored columns, those that are
only shown included; the hidden truth is not among them. A comparison with a missing value is neither true nor false
(Kleene's three values, as in SQL), and an item matches where all is known to be true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.pools.contract import Column
from labeling.pools.criteria_parts import Block, Part
from labeling.pools.criteria_text import EXAMPLE, TEXT_MAX, parsed, without_backticks
from labeling.pools.criteria_tree import compile_criteria
from labeling.pools.errors import CriteriaError
from labeling.pools.pool import Pool

CHUNK_ROWS = 65_536


@dataclass(frozen=True)
class Criteria:
    """Criteria that were read and fit the pool's columns.

    Attributes:
        text: as they were given.
        columns: names of the columns they look at, in the pool's order.
        part: what is computed.
    """

    text: str
    columns: tuple[str, ...]
    part: Part

    def matches(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Try the criteria on some items.

        Args:
            frame: b rows with at least `columns`, as `Pool.frame` returns them.

        Returns:
            (b,) bool; False also where a missing value leaves it open.
        """
        block: Block = {name: frame[name] for name in self.columns}
        with np.errstate(all="ignore"):
            found = self.part.truth(block)
        return np.broadcast_to(found.yes, (len(frame),)).copy()


def parse_criteria(text: str, columns: Sequence[Column]) -> Criteria:
    """Read criteria.

    Args:
        text: comparisons joined by `and`, `or`, `not`; a column whose name is no plain word stands in backticks.
        columns: the pool's columns.

    Raises:
        CriteriaError: the text is empty, too long, cannot be read, names a column that is not there, or compares what
            cannot be compared; the message says what is allowed.
    """
    if not text.strip():
        raise CriteriaError(f"no criterion is given; write for example {EXAMPLE}")
    if len(text) > TEXT_MAX:
        raise CriteriaError(f"the criteria have {len(text)} characters; at most {TEXT_MAX} are allowed")
    if not columns:
        raise CriteriaError("this pool has no columns to put criteria on; seek by words or by example items")
    plain, quoted = without_backticks(" ".join(text.split()))
    tree = parsed(plain)
    part = compile_criteria(tree, columns=columns, quoted=quoted, text=plain)
    used = set(part.columns)
    return Criteria(
        text=text, columns=tuple(entry.name for entry in columns if entry.name in used), part=part
    )


def matching_rows(pool: Pool, criteria: Criteria) -> npt.NDArray[np.bool_]:
    """Return (n,) bool, which items of the pool match; items that cannot be read never do."""
    found = np.zeros(pool.n, dtype=bool)
    for start in range(0, pool.n, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, pool.n)
        found[start:stop] = criteria.matches(pool.frame(start, stop, columns=criteria.columns))
    return found & np.asarray(pool.readable)
