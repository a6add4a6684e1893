"""Which class each item is labelled with, one array for all sessions of a server, kept up to date by what is new."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.annotations import changed_labels, current_labels, revision
from labeling.pools.pool import Pool


class RunningLabels:
    """The labels of a pool's items, that several threads of one server read."""

    def __init__(self, pool: Pool) -> None:
        """Start without labels; the first `read` reads them all once.

        Args:
            pool: whose items.
        """
        self._pool = pool
        self._lock = threading.Lock()
        self._known = (0, _frozen(np.full(pool.n, -1, dtype=np.int64)))

    def read(self, session: Any) -> npt.NDArray[np.int64]:  # noqa: ANN401 - a session of labeling.database
        """Return (n,) int64, read-only: the class id of each item's label, -1 where it has none.

        Args:
            session: of a transaction that has stored nothing itself.
        """
        with self._lock:
            known, ids = self._known
        newest = revision(session)
        if newest == known:
            return ids
        table = (
            current_labels(session, revision=newest)
            if known == 0
            else changed_labels(session, since=known, until=newest)
        )
        rows = self._pool.rows(table.item_keys)
        inside = rows >= 0
        ids = ids.copy()
        ids[rows[inside]] = table.class_ids[inside]
        _frozen(ids)
        with self._lock:
            if newest > self._known[0]:
                self._known = (newest, ids)
        return ids


def class_codes(class_ids: npt.NDArray[np.integer], ordered_ids: Sequence[int]) -> npt.NDArray[np.int16]:
    """Return (m,) int16: the place of each class id in `ordered_ids`, -1 where it is not among them.

    Args:
        class_ids: (m,) integers, ids of classes, -1 for none.
        ordered_ids: the ids of the classes, in order, each once and not negative.
    """
    none = max(ordered_ids, default=0) + 1
    place = np.full(none + 1, -1, np.int16)
    place[list(ordered_ids)] = np.arange(len(ordered_ids))
    # The last place is for whatever is not known; -1 leads there too.
    return place[np.minimum(class_ids, none)]


def predicted_codes(
    predicted: npt.NDArray[np.integer], column_ids: Sequence[int], ordered_ids: Sequence[int]
) -> npt.NDArray[np.int16]:
    """Return (n,) int16: the place of each item's likeliest class in `ordered_ids`, -1 where it is not among them.

    Args:
        predicted: (n,) integers, the column of the likeliest class.
        column_ids: the class id of each column.
        ordered_ids: as of `class_codes`.
    """
    return class_codes(np.asarray(column_ids, np.int64), ordered_ids)[np.asarray(predicted)]


def _frozen(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    ids.flags.writeable = False
    return ids
