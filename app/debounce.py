"""Calls a costly repaint once for many changes, and never while changes are still pouring in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Debounced:
    """A call that is put off: many `ask`s within the pause make one call at its end."""

    def __init__(self, document: Any, step: Callable[[], None], *, pause_ms: int) -> None:  # noqa: ANN401
        """Make a debounced call.

        Args:
            document: the bokeh Document whose event loop and lock the call runs under; None calls at once.
            step: what to call.
            pause_ms: how long to wait after the first `ask`.
        """
        self._document = document
        self._step = step
        self._pause_ms = pause_ms
        self._waiting = False

    def ask(self, *_: Any) -> None:  # noqa: ANN401 - takes the events of any watcher
        """Ask for a call; more asks before it are one with it."""
        if self._waiting:
            return
        if self._document is None or self._document.session_context is None:
            self._step()
            return
        self._waiting = True
        self._document.add_timeout_callback(self._call, self._pause_ms)

    def _call(self) -> None:
        self._waiting = False
        self._step()
