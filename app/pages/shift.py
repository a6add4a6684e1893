"""The Model page's card on shift: do labelled items, audit set and pool differ, and in what?"""

from __future__ import annotations

from concurrent.futures import Future
from html import escape
from typing import Any

import panel_material_ui as pmui

from app.access import may, why_not
from app.background import Background
from app.components.layout import html, panel, stack
from app.session import DashboardState
from app.shift import ShiftReport
from app.shift_words import MEANINGS, shift_sentences
from labeling.people import Role

NOTE = (
    "Whether what is labelled looks like the pool. If it does not, figures from cross-validation do not hold for the "
    "pool. Computed from a few thousand items when you ask for it; a round that runs goes first."
)
WAITING = '<p class="gp-quiet">Being compared; where a round runs, after it.</p>'


class _Worker:
    """Stands in for an executor: what is asked of the worker is a future already."""

    def submit(self, ask: Any) -> Future[ShiftReport]:  # noqa: ANN401 - a callable that hands over a future
        """Return the worker's future."""
        found: Future[ShiftReport] = ask()
        return found


class ShiftCard:
    """The gauges in words, once somebody asks for them."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views.

        Args:
            state: the tab's dashboard state.
            document: the tab's bokeh Document.
        """
        self.state = state
        self._background = Background(document, _Worker())  # type: ignore[arg-type]
        self.said, self.meaning = html(), html(meaning_html())
        self.ask = pmui.Button(
            label="Compare labels, audit set and pool", variant="outlined", on_click=self._ask, margin=0
        )
        self.ask.visible = may(state.context, Role.ANNOTATOR)
        self.note = html(why_not(state.context, Role.ANNOTATOR, "Comparing"))

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        content = stack(self.note, self.ask, self.said, self.meaning)
        return panel("Do the labels look like the pool?", content, note=NOTE)

    def show(self, report: ShiftReport) -> None:
        """Show the gauges."""
        self.ask.param.update(loading=False, disabled=False)
        self.said.object = shift_html(report)

    def _ask(self, *_: Any) -> None:  # noqa: ANN401
        """Hand the work to the worker process: scikit-learn stays out of the web server."""
        context = self.state.context
        self.ask.param.update(loading=True, disabled=True)
        self.said.object = WAITING

        def compare() -> Any:  # noqa: ANN401 - a future of the worker's
            return context.supervisor.worker.shift(context.project.paths.config)

        self._background.ask(compare, self.show, failed=self._fail)

    def _fail(self, message: str) -> None:
        self.ask.param.update(loading=False, disabled=False)
        self.said.object = f'<p class="gp-problem">{escape(message)}</p>'


def shift_html(report: ShiftReport) -> str:
    """Return what the gauges say as HTML; every name is escaped."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in shift_sentences(report))
    counted = (
        f"{report.labelled:,} labelled items, {report.audited:,} of the audit set, {report.rest:,} others"
    )
    return f"<ul>{lines}</ul><p class='gp-quiet'>{counted}; label revision {report.revision}.</p>"


def meaning_html() -> str:
    """Return for each gauge what it answers and when it misleads."""
    lines = "".join(f"<li><b>{name}</b>: {answers} {misleads}</li>" for name, answers, misleads in MEANINGS)
    return f"<details><summary>What the two gauges answer, and when they mislead</summary><ul>{lines}</ul></details>"
