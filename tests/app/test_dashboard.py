"""What a dashboard leaves behind once its session has ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc

from app.components.theme_mirror import ThemeMirror
from app.context import ServerContext
from app.dashboard import Dashboard, make_dashboard


def followers_of_busy() -> list[Any]:
    """Return what listens to the server's `busy`, which outlives all sessions."""
    return list(pn.state.param.watchers.get("busy", {}).get("value", []))


def test_make_dashboard__panel_holds_nothing_of_a_session_that_ended(context: ServerContext) -> None:
    """It held each page by the server's `busy` and each document by its notices: 2 MB a session, for ever."""
    pn.extension(notifications=True)
    document = Document()
    before = followers_of_busy()
    with set_curdoc(document):
        make_dashboard(context).server_doc(document)
    assert any(owner is document for _, _, owner, _ in pn.state._views.values())
    assert context.hub.listeners == 1
    ended = SimpleNamespace(id="a session", _document=document)
    for callback in list(document.session_destroyed_callbacks):
        callback(ended)
    assert not any(owner is document for _, _, owner, _ in pn.state._views.values())
    assert followers_of_busy() == before
    assert context.hub.listeners == 0


def test_view__of_the_theme_auto_takes_the_system_s(context: ServerContext) -> None:
    pn.extension(notifications=True)
    with set_curdoc(Document()):
        dashboard = Dashboard(context)
        page = dashboard.view()
    [mirror] = [each for each in page.header if isinstance(each, ThemeMirror)]
    assert mirror.follow
    assert not dashboard.state.dark
    page.dark_theme = True  # as the browser tells it
    assert dashboard.state.dark
    dashboard.dispose()
