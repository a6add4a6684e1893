"""Short notices on the screen, for what went wrong and what is done. Their text is shown as text, never as HTML."""

from __future__ import annotations

import panel as pn

CONNECTION_LOST = "Connection lost; labels wait in this browser. Once the server is back, reload the page."
PROBLEM_MS = 15_000
"""Long enough to read; a notice that stays would cover the answers of the label card on the next page."""
DONE_MS = 5_000


def tell_problem(text: str) -> None:
    """Show a problem for a while."""
    if pn.state.notifications is not None:
        pn.state.notifications.error(text, duration=PROBLEM_MS)


def tell_done(text: str) -> None:
    """Show that something is done for a few seconds."""
    if pn.state.notifications is not None:
        pn.state.notifications.success(text, duration=DONE_MS)
