"""Work done in threads for one session where only the latest wish counts: stale repaints never queue up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

Wish = TypeVar("Wish")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)

SETTLE_MS = 4
"""A browser tells a zoom in two messages, one for each axis; so long after the first both have arrived."""

MOST_UNSEEN = 2
"""So many results may be on their way to the browser; the next wish waits until one has arrived there."""

LOST_AFTER_S = 1.0
"""A browser that has not confirmed a result after this long is not waited for any more."""

executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pool-map")
"""Shared by all sessions; the rasteriser releases the interpreter lock."""


class LatestWins(Generic[Wish, Result]):
    """Runs `work(wish)` in a thread, then `show(result)`; a later wish replaces one that waits.

    All methods must be called under the document's lock, as Bokeh's callbacks are.
    """

    def __init__(
        self,
        work: Callable[[Wish], Result],
        show: Callable[[Result], None],
        *,
        what: str = "the map could not be repainted; the last picture stays",
        most_unseen: int | None = MOST_UNSEEN,
        threads: Executor = executor,
    ) -> None:
        """Make an idle one.

        Args:
            work: pure and thread-safe; what it raises is logged, and the last result stays.
            show: puts a result on the screen.
            what: what the log says of work that failed.
            most_unseen: so many results may be on their way to the browser; None never waits for it.
            threads: where the work is done.
        """
        self._what = what
        self._threads = threads
        self._most_unseen = most_unseen
        self._work = work
        self._show = show
        self._wish: Callable[[], Wish | None] | None = None
        self._starting = False
        self._running: Future[Any] | None = None
        self._sent_s: list[float] = []
        self._disposed = threading.Event()

    def ask(self, wish: Callable[[], Wish | None], document: Any) -> None:  # noqa: ANN401
        """Ask for a result; a wish that still waits is forgotten.

        Args:
            wish: makes the wish when work can start, so that changes that come together
                count once; None is no wish.
            document: the session's Bokeh document.
        """
        if self._disposed.is_set():
            return
        self._wish = wish
        if not self._starting and self._running is None:
            self._starting = True
            document.add_timeout_callback(partial(self._start, document), SETTLE_MS)

    def seen(self, document: Any) -> None:  # noqa: ANN401
        """Note that the browser has the oldest result on its way."""
        if self._sent_s:
            self._sent_s.pop(0)
        if self._wish is not None and self._running is None:
            self.ask(self._wish, document)

    def dispose(self) -> None:
        """Forget every wish; results that come later are dropped."""
        self._disposed.set()
        self._wish = None

    def _start(self, document: Any) -> None:  # noqa: ANN401
        self._starting = False
        if self._disposed.is_set() or self._wish is None or self._running is not None:
            return
        now_s = time.monotonic()
        self._sent_s = [sent_s for sent_s in self._sent_s if now_s - sent_s < LOST_AFTER_S]
        if self._most_unseen is not None and len(self._sent_s) >= self._most_unseen:
            self._starting = True
            document.add_timeout_callback(partial(self._start, document), 50)
            return
        wish = self._wish()
        self._wish = None
        if wish is None:
            return
        self._running = self._threads.submit(self._work, wish)
        self._running.add_done_callback(partial(self._done, document))

    def _done(self, document: Any, future: Future[Result]) -> None:  # noqa: ANN401
        """Hand the result over; runs in the worker thread."""
        if not self._disposed.is_set():
            document.add_next_tick_callback(partial(self._finish, document, future))

    def _finish(self, document: Any, future: Future[Result]) -> None:  # noqa: ANN401
        self._running = None
        if self._disposed.is_set():
            return
        error = future.exception()
        if error is not None:
            logger.error(self._what, exc_info=error)
        else:
            self._sent_s.append(time.monotonic())
            self._show(future.result())
        if self._wish is not None:
            self.ask(self._wish, document)
