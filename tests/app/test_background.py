from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from app.background import Background


class Document:
    """Keeps what shall be called under its lock."""

    session_context = object()

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def add_next_tick_callback(self, step: Callable[[], None]) -> None:
        self.waiting.append(step)

    def run(self) -> None:
        for step in self.waiting:
            step()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def test_background__shows_at_once_without_a_document(executor: ThreadPoolExecutor) -> None:
    shown: list[int] = []
    Background(None, executor).ask(lambda: 7, shown.append, failed=print)
    assert shown == [7]


def test_background__only_what_was_asked_for_last_is_shown(executor: ThreadPoolExecutor) -> None:
    document = Document()
    shown: list[int] = []
    place = Background(document, executor)
    for number in (1, 2):
        place.ask(partial(int, number), shown.append, failed=print)
    executor.shutdown(wait=True)
    assert shown == []
    document.run()
    assert shown == [2]


def test_background__says_what_could_not_be_computed(executor: ThreadPoolExecutor) -> None:
    said: list[str] = []
    Background(None, executor).ask(lambda: 1 / 0, print, failed=said.append)
    assert "could not be computed" in said[0]


def test_background__a_document_that_is_gone(executor: ThreadPoolExecutor) -> None:
    class Gone(Document):
        def add_next_tick_callback(self, step: Callable[[], None]) -> None:
            raise RuntimeError("gone")

    Background(Gone(), executor).ask(lambda: 7, print, failed=print)
    executor.shutdown(wait=True)
