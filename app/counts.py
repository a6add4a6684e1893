"""The running counts of labels, kept up to date by looking only at what is new."""

from __future__ import annotations

import threading
from typing import Any

from labeling.annotations import Counts, update_counts


class RunningCounts:
    """Counts by class and act that several threads of one server read."""

    def __init__(self) -> None:
        """Start without counts; the first `read` counts everything once."""
        self._lock = threading.Lock()
        self._known = Counts()

    def read(self, session: Any) -> Counts:  # noqa: ANN401 - a session of labeling.database
        """Return the counts as the session's transaction sees them.

        Args:
            session: of a transaction that has stored no annotation itself: one that is rolled back later would
                leave its count behind.
        """
        with self._lock:
            known = self._known
        found = update_counts(session, known=known)
        self.remember(found)
        return found

    def preview(self, session: Any) -> Counts:  # noqa: ANN401 - a session of labeling.database
        """Return the counts as a transaction that stores annotations sees them; `remember` them after it."""
        with self._lock:
            known = self._known
        return update_counts(session, known=known)

    def remember(self, found: Counts) -> None:
        """Keep counts of a committed revision, where they are newer than those known."""
        with self._lock:
            if found.revision > self._known.revision:
                self._known = found
