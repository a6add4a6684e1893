"""What a draw of the audit set is made from: the items that can be read, match its criterion, and are free."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.project import Project
from labeling.annotations import LabelTable, current_labels
from labeling.audit_set import audit_keys
from labeling.errors import AuditSetError
from labeling.pools.criteria import matching_rows, parse_criteria

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LEAST = 2
"""Items of a draw, at least: a variance needs two."""


def rows_inside(project: Project, where: str) -> BoolArray:
    """Return (n,) which items of the pool can be read and match a criterion; reads the columns it looks at.

    Args:
        project: the opened project.
        where: the criterion; "" for the whole pool.

    Raises:
        CriteriaError: it cannot be read, or names a column that the pool does not have.
    """
    if not where:
        return np.array(project.pool.readable, dtype=np.bool_)
    return matching_rows(project.pool, parse_criteria(where, project.pool.columns))


def free_rows(project: Project, inside: BoolArray, table: LabelTable, held: Sequence[str]) -> IntArray:
    """Return the rows, of those inside, of which nothing is said and that are in no audit set.

    Args:
        project: the opened project.
        inside: (n,) as `rows_inside` returns it.
        table: what is said of each item.
        held: keys of the items that are in an audit set.
    """
    free = inside.copy()
    for keys in (table.item_keys, held):
        rows = project.pool.rows(keys)
        free[rows[rows >= 0]] = False
    return np.flatnonzero(free).astype(np.int64)


def count_free(project: Project, where: str) -> tuple[int, int]:
    """Return how many items match a criterion, and how many of them can be drawn.

    Raises:
        CriteriaError: it cannot be read, or names a column that the pool does not have.
    """
    inside = rows_inside(project, where)
    with project.database.reading() as session:
        free = free_rows(project, inside, current_labels(session), audit_keys(session))
    return int(inside.sum()), len(free)


def check_enough(where: str, inside: BoolArray, free: IntArray, *, size: int) -> None:
    """Refuse a draw by a criterion that too few items match; what is wrong without one is said where it is drawn.

    Raises:
        AuditSetError: fewer items match, or fewer of these can be drawn, than are asked for.
    """
    matching = int(inside.sum())
    if not where or size <= len(free):
        return
    if not matching:
        raise AuditSetError(
            f"no item of the pool matches {where}; widen the criterion, or draw without one. A missing value matches "
            "nothing but `is missing`"
        )
    match = "1 item matches" if matching == 1 else f"{matching:,} items match"
    left = f"{len(free):,}" if len(free) else "none"
    advice = f"give from {LEAST} to {len(free)}, or widen it" if len(free) >= LEAST else "widen it"
    raise AuditSetError(
        f"{size} items cannot be drawn where {where}: {match}, and of these {left} can be drawn, those that "
        f"nobody has annotated and that are in no audit set; {advice}"
    )
