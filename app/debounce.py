"""Calls a costly repaint once for many changes, and never while changes are still pouring in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Debounced:
    """A call that is put off: many `ask`s within the pause make one call at its end."""

    def __init__(
        self,
        document: Any,  # noqa: ANN401 - a bokeh Document
        step: Callable[[], None],
        *,
        pause_ms: int,
        longest_ms: int = 0,
    ) -> None:
        """Make a debounced call.

        Args:
            document: the bokeh Document whose event loop and lock the call runs under; None calls at once.
            step: what to call.
            pause_ms: how long to wait after the first `ask`; after the last one, where `longest_ms` is more.
            longest_ms: how long to wait after the first `ask` at most, however many follow. While a person labels by
                several keys a second, what is beside the card is repainted once in so long, not under every key.
        """
        self._document = document
        self._step = step
        self._pause_s = pause_ms / 1000
        self._longest_s = max(longest_ms, pause_ms) / 1000
        self._first_s: float | None = None
        self._due_s = 0.0
        self._called_at_s = 0.0

    def ask(self, *_: Any) -> None:  # noqa: ANN401 - takes the events of any watcher
        """Ask for a call; more asks before it are one with it."""
        now_s = time.monotonic()
        if self._first_s is not None:
            self._due_s = min(now_s + self._pause_s, self._first_s + self._longest_s)
            return
        if self._document is None or self._document.session_context is None:
            self._step()
            return
        self._first_s, self._due_s = now_s, now_s + self._pause_s
        self._wait(self._pause_s)

    def _wait(self, seconds: float) -> None:
        self._called_at_s = self._due_s
        self._document.add_timeout_callback(self._call, max(1, round(1000 * seconds)))

    def _call(self) -> None:
        # Asked for again meanwhile, and so put off further.
        if self._due_s > self._called_at_s:
            self._wait(max(self._due_s - time.monotonic(), 0.0))
            return
        self._first_s = None
        self._step()
