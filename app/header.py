"""Whose page it is: the person of a new session, their name at the top of the page, and their leaving."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn

from app.access import still_here
from app.components.layout import stylesheet
from app.context import ServerContext
from app.login.provider import LOGOUT, person_of_session
from labeling.errors import DatabaseUnavailableError

log = logging.getLogger("goldpan.header")

LOOK_EVERY_MS = 5_000
"""How soon an open page of somebody who was deactivated, or signed out elsewhere, is emptied."""
SIGNED_OUT = (
    "<h2>You are signed out</h2><p>This page shows nothing more. What you labelled is saved. "
    '<a href="/login">Sign in again</a></p>'
)


def open_for_person(context: ServerContext, session_context: Any) -> ServerContext | None:  # noqa: ANN401 - bokeh's
    """Return the server as the person sees it whose request opened a session; None where it is nobody's.

    Args:
        context: the server.
        session_context: the session's; its request was looked at by the auth provider.
    """
    access = context.access
    if access is None:
        return context
    person = person_of_session(session_context)
    if person is None:
        log.error("a page session without a person was refused")
        return None
    number = str(session_context.id)
    access.opened(number, person)
    pn.state.on_session_destroyed(lambda _: access.closed(number))
    return context.as_person(person)


def person_views(context: ServerContext, place: str) -> list[Any]:
    """Return who is signed in, as what, and the way out; nothing where nobody signs in.

    Args:
        context: as the person sees it.
        place: "top" for the page's header, which has room in a wide window, "line" for the line above the page.
    """
    if context.access is None:
        return []
    name, role = escape(context.person.name), escape(context.person.role)
    text = (
        f'<div class="gp-person"><span class="gp-who" title="{name}, {role}"><b>{name}</b> <small>{role}</small></span>'
        f'<form method="post" action="{LOGOUT}"><button type="submit">Sign out</button></form></div>'
    )
    return [
        pn.pane.HTML(
            text,
            css_classes=["gp-html", f"gp-person-{place}"],
            stylesheets=[stylesheet()],
            sizing_mode="stretch_width",
            align="center",
            margin=0,
        )
    ]


def watch_person(context: ServerContext, leave: Callable[[], None]) -> None:
    """Call something once the page's person is not let in any more.

    Acts are refused from that moment on (`app.access.require`); this empties the page too.

    Args:
        context: as the person sees it.
        leave: what to do, under the document's lock.
    """
    access = context.access
    if access is None:
        return
    watcher: Any = None

    async def look() -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(access.threads, still_here, context)
        except DatabaseUnavailableError as problem:
            log.warning("it is not known whether a page's person is still let in: %s", problem)
            return
        if found is None:
            watcher.stop()
            leave()

    watcher = pn.state.add_periodic_callback(look, period=LOOK_EVERY_MS)
