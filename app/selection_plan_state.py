"""What is asked of the selection on the Export page, and what it would hold, without any widget."""

from __future__ import annotations

from typing import Any

import param

from app.attempts import Attempts
from app.exporting import preview_selection
from app.selection_wishes import SelectionWishes, read_wishes
from app.session import DashboardState
from labeling.curation.errors import SelectionError


class SelectionPlanState(Attempts):
    """The wishes as they are typed, and the preview. Views watch `words`, `busy` and `problem`."""

    split = param.String(default="", doc="Splits as a person writes them: 70/15/15; empty for none.")
    budget = param.String(default="", doc="At most so many items; empty for no limit.")
    counts = param.String(default="", doc="Items of each class: star=500,quasar=100; empty for the targets.")
    everything = param.Boolean(default=False, doc="Whether every labelled item is taken, unbalanced.")
    words = param.List(default=[], item_type=str, doc="What the selection would hold, a sentence each.")

    def __init__(self, dashboard: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start without wishes.

        Args:
            dashboard: the state of the tab.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = dashboard
        self.param.watch(self._forget, ["split", "budget", "counts", "everything"])

    def wishes(self) -> SelectionWishes:
        """Return the wishes.

        Raises:
            SelectionError: a number cannot be read.
            SplitError: the splits cannot.
        """
        budget = self.budget.replace(",", "").strip()
        if budget and not (budget.isdecimal() and int(budget)):
            raise SelectionError(
                f"the budget is {self.budget[:80]!r}; give a number of items from 1 up, or none"
            )
        return read_wishes(
            split=self.split,
            budget=int(budget) if budget else None,
            counts=self.counts,
            everything=self.everything,
        )

    async def preview(self) -> None:
        """Find out what the selection would hold; nothing is written."""
        context = self.dashboard.context
        words = await self.attempt(context.reader, lambda: preview_selection(context.project, self.wishes()))
        self.words = words or []

    def _forget(self, *_: Any) -> None:  # noqa: ANN401 - param events
        """Take back a preview that is of other wishes."""
        self.param.update(words=[], problem="")
