"""Tests of calls that are put off, on a real event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from app.debounce import Debounced
from tests.coroutines import finish


class LoopDocument:
    """A document whose callbacks run on the loop, as bokeh's do."""

    def __init__(self) -> None:
        self.session_context = SimpleNamespace()

    def add_timeout_callback(self, step: Callable[[], None], after_ms: int) -> Any:
        return asyncio.get_running_loop().call_later(after_ms / 1000, step)


def calls_of(asks_ms: list[int], *, until_ms: int, **values: int) -> list[float]:
    """Return when the step was called, in ms, where it was asked for at these moments."""
    called_ms: list[float] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        step = Debounced(LoopDocument(), lambda: called_ms.append(1000 * (loop.time() - began)), **values)
        for ask_ms in asks_ms:
            loop.call_at(began + ask_ms / 1000, step.ask)
        await asyncio.sleep(until_ms / 1000)

    finish(scene())
    return called_ms


def test_ask__many_within_the_pause_are_one_call_at_its_end() -> None:
    called_ms = calls_of([0, 20, 40, 60], until_ms=400, pause_ms=100)
    assert len(called_ms) == 1
    assert called_ms[0] >= 99


def test_ask__a_later_one_makes_another_call() -> None:
    assert len(calls_of([0, 300], until_ms=700, pause_ms=50)) == 2


def test_ask__with_a_longest_wait_the_pause_begins_anew() -> None:
    called_ms = calls_of([0, 60, 120, 180], until_ms=900, pause_ms=150, longest_ms=5000)
    assert len(called_ms) == 1
    assert called_ms[0] >= 320


def test_ask__waits_no_longer_than_the_longest() -> None:
    called_ms = calls_of(list(range(0, 600, 20)), until_ms=1000, pause_ms=200, longest_ms=300)
    assert 2 <= len(called_ms) <= 3
    assert 299 <= called_ms[0] < 500


def test_ask__without_a_session_calls_at_once() -> None:
    called: list[int] = []
    Debounced(None, lambda: called.append(1), pause_ms=100).ask()
    assert called == [1]
