"""Changes between the browser's fetching of the document and its being built: sent, where Panel would drop them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.document.events import ModelChangedEvent
from bokeh.models import Div
from bokeh.server.contexts import BokehSessionContext
from bokeh.server.session import ServerSession
from panel.io.document import hold
from panel.io.state import set_curdoc
from tornado.ioloop import IOLoop

from app.early_changes import send_early_changes
from tests.coroutines import finish


class Connection:
    """Notes what a browser would be sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def _send(self, event: Any) -> None:
        self.sent.append(event)

    send_patch_document = _send


def after_changing(*, connected: bool, locked: bool = True, asked: bool = True) -> list[Any]:
    """Return what a browser is sent of a text that changes inside a hold before the page is built.

    Args:
        connected: whether the browser has the document.
        locked: whether the change is made under the document's lock.
        asked: whether early changes are asked for.
    """

    async def run() -> list[Any]:
        document, div = Document(), Div(text="before")
        document.add_root(div)
        context = BokehSessionContext(ID("one"), cast(Any, None), document)
        document._session_context = cast(Any, lambda: context)
        session, connection = ServerSession(ID("one"), document, io_loop=IOLoop.current()), Connection()
        context._set_session(session)
        if asked:
            send_early_changes(document)
        if connected:
            session.subscribe(cast(Any, connection))

        def change() -> None:
            with set_curdoc(document), hold(document):
                div.text = "after"

        await session.with_document_locked(change) if locked else change()
        await asyncio.sleep(0.05)
        return connection.sent

    return finish(run())


def texts(events: list[Any]) -> list[str]:
    assert all(isinstance(event, ModelChangedEvent) for event in events)
    return [event.new for event in events]


def test_send_early_changes__reach_a_browser_that_has_the_document() -> None:
    assert texts(after_changing(connected=True)) == ["after"]


def test_send_early_changes__wait_for_the_documents_lock() -> None:
    assert texts(after_changing(connected=True, locked=False)) == ["after"]


def test_send_early_changes__nothing_where_no_browser_has_the_document() -> None:
    assert after_changing(connected=False) == []


def test_send_early_changes__what_panel_does_where_it_is_not_asked() -> None:
    """The day this fails, Panel sends such changes itself, and the module can go."""
    assert after_changing(connected=True, asked=False) == []
