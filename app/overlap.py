"""Which items wait for one more person's label, kept up to date by looking only at what is new."""

from __future__ import annotations

import threading
from typing import Any

from config.schema import ProjectConfig
from labeling.overlap import Begun, Overlap, update_begun


class RunningOverlap:
    """How many people shall annotate an item, and the items that some have begun; safe for several threads."""

    def __init__(self, config: ProjectConfig) -> None:
        """Start without items; the first `read` looks at all annotations once.

        Args:
            config: the project's configuration.
        """
        team = config.team
        self.wanted = Overlap(team.overlap, team.overlap_share, config.project.seed)
        self._lock = threading.Lock()
        self._known = Begun()

    def read(self, session: Any) -> Begun:  # noqa: ANN401 - a session of labeling.database
        """Return the begun items as the session's transaction sees them; nothing is read where nobody shall share.

        Args:
            session: of a transaction that has stored no annotation itself.
        """
        if self.wanted.labels == 1:
            return Begun()
        with self._lock:
            known = self._known
        found = update_begun(session, known=known, overlap=self.wanted)
        with self._lock:
            if found.revision > self._known.revision:
                self._known = found
        return found
