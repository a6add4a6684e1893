"""What changes while the browser builds the page: sent at once, where Panel would drop it.

Panel 1.9.4 drops the changes that a `hold` collected before the browser said that its page was built, "since the
Document is serialized in full once the session connects". The document is sent when the browser connects, though,
and on a slow machine seconds before the page is built. What changes in between (charts drawn anew for the system's dark
theme, a status, the answer to a person's first click) would never be shown.

Bokeh takes changes from the moment that it has the document, so that is when they are sent. Later would be too late for
new models: what the browser sends meanwhile makes Bokeh take them for known to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from bokeh.document.events import DocumentPatchedEvent, MessageSentEvent
from panel.io import document as panel_document

if TYPE_CHECKING:
    from bokeh.document import Document

_asked: WeakSet[Document] = WeakSet()
_drain = getattr(panel_document, "_drain_unconnected_events", None)


def send_early_changes(document: Document) -> None:
    """Have a document's changes sent from the moment that a browser has it.

    Args:
        document: of a tab, being made.
    """
    if _drain is None:
        # A Panel that is written otherwise is left as it is.
        return
    panel_document._drain_unconnected_events = _drain_and_send
    _asked.add(document)


def _drain_and_send(document: Document, lock: Any) -> list[Any]:  # noqa: ANN401 - Panel's lock
    """Return what Panel would dispatch at the end of a hold before the page is built, and the changes it would drop."""
    assert _drain is not None
    session = getattr(document.session_context, "session", None)
    if document not in _asked or session is None or not session.connection_count:
        return _drain(document, lock)
    changes = _changes(document)
    dispatched = list(_drain(document, lock))
    if session._pending_writes is not None:
        return dispatched + changes
    # Nothing can be sent without the document's lock.
    document.add_next_tick_callback(lambda: _dispatch(document, changes))
    return dispatched


def _changes(document: Document) -> list[Any]:
    """Return the changes that are held; messages to components Panel keeps itself until these can hear them."""
    held = document.callbacks._held_events or []
    return [
        event
        for event in held
        if isinstance(event, DocumentPatchedEvent) and not isinstance(event, MessageSentEvent)
    ]


def _dispatch(document: Document, changes: Sequence[Any]) -> None:
    for event in changes:
        document.callbacks.trigger_on_change(event)
