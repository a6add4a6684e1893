"""What a person has already looked at: labelled items, and those they skipped or could not say."""

from __future__ import annotations

import numpy as np

from strategies.contract import IntArray, PoolState


def covered_rows(state: PoolState) -> IntArray:
    """Return the rows whose surroundings count as looked at, ascending, (c,) int64.

    An item that was proposed and then skipped or marked unsure counts too: its neighbours would bring the
    same answer.

    Args:
        state: the pool.
    """
    labelled = np.flatnonzero(state.labels >= 0)
    # A skip that was undone leaves the item open again; then nobody has looked at it for good.
    passed = [
        outcome.row for outcome in state.outcomes if outcome.class_index < 0 and state.closed[outcome.row]
    ]
    return np.union1d(labelled, np.asarray(passed, np.int64)).astype(np.int64)
