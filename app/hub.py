"""Tells every open page of this server that something changed.

One hub a server, made by `app.server` and handed to each session; a session subscribes when its page is ready and
is forgotten when the page goes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from app.status import Status

log = logging.getLogger("goldpan.hub")

Listener = Callable[[Status], None]


class Hub:
    """Hands the newest status from the supervisor's thread to the documents of the open pages."""

    def __init__(self) -> None:
        """Make a hub without listeners."""
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[Any, Listener]] = {}
        self._next = 0
        self.status: Status | None = None

    def subscribe(self, document: Any, listener: Listener) -> int:  # noqa: ANN401 - a bokeh Document
        """Call `listener` with each new status, under the document's lock.

        Returns:
            A number for `unsubscribe`.
        """
        with self._lock:
            self._next += 1
            self._listeners[self._next] = (document, listener)
            return self._next

    def unsubscribe(self, number: int) -> None:
        """Forget a listener; harmless when it is forgotten already."""
        with self._lock:
            self._listeners.pop(number, None)

    def publish(self, status: Status) -> None:
        """Remember the status and tell every listener; callable from any thread."""
        self.status = status
        with self._lock:
            listeners = list(self._listeners.items())
        for number, (document, listener) in listeners:
            try:
                document.add_next_tick_callback(_call(listener, status))
            except Exception:
                # A document that is being torn down: its session ends, the hub goes on.
                log.debug("a page went away while it was told of a change", exc_info=True)
                self.unsubscribe(number)

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)


def _call(listener: Listener, status: Status) -> Callable[[], None]:
    def told() -> None:
        listener(status)

    return told
