"""Progress on the Label page: read in a thread a moment after a label, and only while the page is on show."""

from __future__ import annotations

import asyncio
from typing import Any

import panel as pn

from app.balance_data import class_balance
from app.class_needs import reached
from app.components.layout import html
from app.components.progress_line import progress_html
from app.debounce import Debounced
from app.progress import Progress, read_progress
from app.session import DashboardState
from labeling.errors import LabelingError

PAUSE_MS, LONGEST_MS = 700, 3000


class ProgressLine:
    """The line over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the line and link it to the state.

        Args:
            state: what the tab looks at.
            document: the tab's document.
        """
        self.state = state
        self.progress = Progress()
        self.view = html(self._html())
        ask = Debounced(
            document,
            lambda: pn.state.execute(self.refresh),
            pause_ms=PAUSE_MS,
            longest_ms=LONGEST_MS,
        )
        state.param.watch(ask.ask, ["revision", "round_number", "classes_version", "page"])
        ask.ask()

    async def refresh(self) -> None:
        """Read how the labelling goes and show it; while another page is shown nothing happens."""
        state = self.state
        if state.page != "Label" or state.status is None:
            return
        context, meaning, known = state.context, state.meaning, self.progress.change
        try:
            self.progress = await asyncio.get_running_loop().run_in_executor(
                context.reader, lambda: read_progress(context, meaning, known)
            )
        except LabelingError:
            return  # the database is away; the card says so, and the next label asks again
        self.view.object = self._html()

    def _html(self) -> str:
        status = self.state.status
        if status is None:
            return progress_html(labels=0, reached=0, classes=0, progress=self.progress)
        rows = class_balance(status, None, pool_size=self.state.context.project.pool.n)
        return progress_html(
            labels=status.labelled, reached=reached(rows), classes=len(rows), progress=self.progress
        )
