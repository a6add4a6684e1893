from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.hub import Hub
from app.project import Project
from app.status import Status, read_status


class Document:
    """Stands for a bokeh Document: keeps what it is asked to call next."""

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed
        self.next: list[Callable[[], None]] = []

    def add_next_tick_callback(self, callback: Callable[[], None]) -> None:
        if self.closed:
            raise RuntimeError("the document is gone")
        self.next.append(callback)


def test_publish__tells_every_listener_under_its_document(clouds: Project) -> None:
    hub, documents, told = Hub(), [Document(), Document()], list[Status]()
    for document in documents:
        hub.subscribe(document, told.append)
    status = read_status(clouds.database)
    hub.publish(status)
    assert told == []
    for document in documents:
        document.next[0]()
    assert told == [status, status]


def test_publish__forgets_a_page_that_is_gone(clouds: Project) -> None:
    hub = Hub()
    hub.subscribe(Document(closed=True), lambda status: None)
    hub.subscribe(Document(), lambda status: None)
    hub.publish(read_status(clouds.database))
    assert hub.listeners == 1


def test_unsubscribe__twice_is_harmless(clouds: Project) -> None:
    hub, document = Hub(), Document()
    number = hub.subscribe(document, lambda status: None)
    hub.unsubscribe(number)
    hub.unsubscribe(number)
    hub.publish(replace(read_status(clouds.database), revision=9))
    assert document.next == []
    assert hub.status is not None and hub.status.revision == 9
