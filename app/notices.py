"""Short notices on the screen, for what went wrong and what is done."""

from __future__ import annotations

from html import escape

import panel as pn


def tell_problem(text: str) -> None:
    """Show a problem until it is closed; the text is escaped."""
    if pn.state.notifications is not None:
        pn.state.notifications.error(escape(text), duration=0)


def tell_done(text: str) -> None:
    """Show that something is done for a few seconds; the text is escaped."""
    if pn.state.notifications is not None:
        pn.state.notifications.success(escape(text), duration=5000)
