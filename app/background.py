"""Computes something for a page in a thread, and shows it under the document's lock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")

log = logging.getLogger("goldpan.pages")


class Background:
    """One place of a page that is computed in a thread; what was asked for last is what is shown."""

    def __init__(self, document: Any, executor: Executor) -> None:  # noqa: ANN401 - a bokeh Document
        """Make the place.

        Args:
            document: the bokeh Document under whose lock results are shown; None computes and shows at once.
            executor: where to compute.
        """
        self._document = document
        self._executor = executor
        self._asked = 0

    def ask(
        self,
        compute: Callable[[], Result],
        show: Callable[[Result], None],
        *,
        failed: Callable[[str], None],
    ) -> None:
        """Compute something and show it, unless something else was asked for meanwhile.

        Args:
            compute: called in a thread; it must not touch the page.
            show: called with its result, under the document's lock.
            failed: called with a message in its place, where it could not be computed.
        """
        self._asked += 1
        number = self._asked
        future = self._executor.submit(compute)
        if self._document is None or self._document.session_context is None:
            self._show(number, show, failed, future)
        else:
            future.add_done_callback(partial(self._hand_over, number, show, failed))

    def _hand_over(
        self, number: int, show: Callable[[Result], None], failed: Callable[[str], None], done: Future[Result]
    ) -> None:
        try:
            self._document.add_next_tick_callback(partial(self._show, number, show, failed, done))
        except Exception:
            # A document that is being torn down: nobody waits for the result any more.
            log.debug("a page went away before its figures were ready", exc_info=True)

    def _show(
        self, number: int, show: Callable[[Result], None], failed: Callable[[str], None], done: Future[Result]
    ) -> None:
        if number != self._asked:
            return
        problem = done.exception()
        if problem is None:
            show(done.result())
            return
        log.warning("figures of a page could not be computed", exc_info=problem)
        failed(
            "These figures could not be computed; the server's log says why. The next round brings new ones."
        )
