"""Tells when the round of another server has been given up by it: its process is gone, or it is silent for too long.

No two clocks are compared where that can be helped: what counts is whether the round still says something new while
this process watches, by a clock that nobody sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from app.rounds_plan import GRACE_S, STALE_S, owner_is_gone
from labeling.round_log import RoundRow


class RoundWatch:
    """Watches whatever round another process runs; used by one thread."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Start without having seen anything.

        Args:
            clock_s: seconds that only grow.
        """
        self._clock_s = clock_s
        self._seen: tuple[int, datetime] | None = None
        self._since_s = 0.0

    def given_up(self, running: RoundRow, *, moment: datetime) -> str:
        """Return why nobody works on a running round any more, "" while somebody may.

        Args:
            running: the round as it is on record now.
            moment: the database's clock, in UTC.
        """
        seen = (running.number, running.heartbeat_at)
        if seen != self._seen:
            self._seen, self._since_s = seen, self._clock_s()
        if owner_is_gone(running.owner, own=False):
            return "the server stopped during this round"
        watched_s = self._clock_s() - self._since_s
        told_s = (moment - running.heartbeat_at).total_seconds()
        # A clock that jumps makes a living round look old, until it is heard of again.
        if watched_s > STALE_S or (told_s > STALE_S and watched_s > GRACE_S):
            return f"abandoned: {running.owner} has been silent for {max(watched_s, told_s):.0f} s"
        return ""
