"""The Review page: items on which people disagree, decided one by one; and how the people are getting on."""

from __future__ import annotations

import asyncio
from typing import Any

import panel as pn

from app.components.layout import html, panel, stack
from app.components.people_table import people_table
from app.components.review_card import ReviewCard
from app.debounce import Debounced
from app.items import class_list
from app.session import REVIEW, DashboardState
from app.workloads import read_team
from labeling.errors import LabelingError
from labeling.people import Role

PAUSE_MS = 1500
"""The table of people looks at all annotations, so it is read less often than the progress on the Label page."""

NO_REVIEWER = (
    '<div class="gp-empty"><h2>For reviewers</h2><p>Here a reviewer decides what people disagree on. Ask an admin '
    "of the project for the role reviewer.</p></div>"
)


class ReviewPage:
    """The review card and the table of people over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state."""
        self.state = state
        self.card: ReviewCard | None = None
        self.people = html()
        if not state.context.person.role.may(Role.REVIEWER):
            return
        self.card = ReviewCard(
            classes=self._classes(), round_number=state.round_number, sizing_mode="stretch_width"
        )
        ask = Debounced(document, lambda: pn.state.execute(self.refresh), pause_ms=PAUSE_MS)
        state.param.watch(ask.ask, ["revision", "page"])
        state.param.watch(self._push, ["classes_version", "round_number", "page"])
        ask.ask()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        if self.card is None:
            return stack(html(NO_REVIEWER))
        return stack(self.card, panel("People", self.people))

    async def refresh(self) -> None:
        """Read how the people are getting on and show it; while another page is shown nothing happens."""
        context = self.state.context
        if self.state.page != REVIEW:
            return
        try:
            rows = await asyncio.get_running_loop().run_in_executor(
                context.reader, lambda: read_team(context)
            )
        except LabelingError:
            return  # the database is away; the card says so, and the next label asks again
        self.people.object = people_table(rows)

    def _classes(self) -> list[dict[str, Any]]:
        status = self.state.status
        return class_list(self.state.classes, dict(status.counts) if status is not None else {})

    def _push(self, *events: Any) -> None:  # noqa: ANN401 - param events
        if self.card is None:
            return
        if any(event.name == "classes_version" for event in events):
            self.card.classes = self._classes()
        self.card.param.update(round_number=self.state.round_number, active=self.state.page == REVIEW)
