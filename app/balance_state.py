"""What one browser tab looks at on the Balance page, without any widget: the classes' figures, and one to work on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import param

from app import api_seeks
from app.balance_data import class_balance
from app.class_needs import GUESSED_FROM, LATELY, ClassNeed, class_needs
from app.components.balance_bars import ClassBalance
from app.context import ServerContext
from app.errors import RequestError
from app.items import Json
from app.selecting import rows_of_class
from app.session import DashboardState
from app.sought import seek_abilities
from config.errors import GoldpanError
from labeling.classes import LabelClass
from labeling.errors import LabelingError
from labeling.labels import latest_outcomes
from labeling.seeks import SeekKind

EXAMPLES = 5
"""Labelled items of a class that are given as examples of what is sought, where words cannot be."""


class BalanceState(param.Parameterized):
    """The classes' figures and the class that is worked on. Views watch the parameters and call the methods."""

    chosen_id = param.Integer(default=0, doc="Id of the class that is worked on; 0 for none.")
    needs_version = param.Integer(default=0, doc="Counts up when what the classes lack was worked out anew.")
    problem = param.String(default="", doc="Why the last thing could not be done; empty if it could.")
    done = param.String(default="", doc="What the last thing brought; empty before it.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start without a chosen class.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.needs: Sequence[ClassNeed] = ()

    @property
    def rows(self) -> list[ClassBalance]:
        """The classes with their figures, in order; none before the first status."""
        state = self.dashboard
        if state.status is None:
            return []
        return class_balance(state.status, state.meaning, pool_size=state.context.project.pool.n)

    @property
    def chosen(self) -> LabelClass | None:
        """The class that is worked on; None where there is none, or it is archived by now."""
        return next((entry for entry in self.dashboard.classes if entry.id == self.chosen_id), None)

    @property
    def chosen_need(self) -> ClassNeed | None:
        """What that class lacks; None until it is worked out."""
        return next((need for need in self.needs if need.balance.class_id == self.chosen_id), None)

    async def work_out(self) -> None:
        """Work out what the classes lack, in a thread: it reads what became of the last proposals."""
        state, rows = self.dashboard, self.rows
        if state.status is None:
            return
        context = state.context
        left = max(context.readable - sum(count for _, count in state.status.acts), 0)
        try:
            self.needs = await asyncio.get_running_loop().run_in_executor(
                context.reader, lambda: read_needs(context, rows, left=left)
            )
        except LabelingError as problem:
            self.problem = str(problem)
            return
        self.needs_version += 1

    def confirm(self) -> None:
        """Go to the Confirm page with a page of the class."""
        if self.chosen is not None:
            self.dashboard.confirm_class = self.chosen.id
            self.dashboard.page = "Confirm"

    def show_on_map(self) -> None:
        """Go to the Explore page with the items that are labelled with the class, or taken for it without a label."""
        entry, state = self.chosen, self.dashboard
        if entry is None:
            return
        place = state.classes.index(entry)
        state.choose_on_map(
            lambda: rows_of_class(state.label_codes(), state.prediction_codes(), place),
            f"labelled or predicted {entry.name}",
        )

    async def seek(self) -> bool:
        """Seek the class: by its name where the pool knows words, else by items labelled so; return whether it is."""
        entry, context = self.chosen, self.dashboard.context
        if entry is None:
            return False
        self.param.update(problem="", done="")
        try:
            await asyncio.get_running_loop().run_in_executor(
                context.writer, lambda: api_seeks.add(context, class_seek(context, entry))
            )
        except GoldpanError as problem:
            self.problem = str(problem)
            return False
        context.supervisor.wake()
        self.done = f"The next round seeks {entry.name!r:.80}; the Label page lists what is sought."
        return True


def read_needs(context: ServerContext, rows: Sequence[ClassBalance], *, left: int) -> list[ClassNeed]:
    """Return what the classes lack; for a reader's thread.

    Args:
        context: the running server.
        rows: the classes with their figures.
        left: items that nobody has answered yet.
    """
    with context.project.database.reading() as session:
        outcomes = latest_outcomes(session, kinds=GUESSED_FROM, limit=LATELY)
    return class_needs(rows, outcomes, pool_size=context.project.pool.n, left=left)


def class_seek(context: ServerContext, entry: LabelClass) -> Json:
    """Return the seek for a class, as the API takes it.

    Args:
        context: the running server.
        entry: the class.

    Raises:
        RequestError: words cannot be used and no item is labelled so yet.
    """
    if seek_abilities(context.project).words:
        words = f"{entry.name}: {entry.description}" if entry.description else entry.name
        return {"kind": str(SeekKind.WORDS), "class_id": entry.id, "text": words, "item_keys": []}
    with context.project.database.reading() as session:
        rows = np.flatnonzero(context.labelled.read(session) == entry.id)
    if not rows.size:
        raise RequestError(
            f"no item is labelled {entry.name!r} yet, so there is no example to seek by; pick one on the Explore page "
            "and press 'Seek more like this'"
        )
    spread = rows[np.linspace(0, rows.size - 1, min(EXAMPLES, rows.size)).astype(np.int64)]
    keys = context.project.pool.keys([int(row) for row in spread])
    return {"kind": str(SeekKind.EXAMPLE), "class_id": entry.id, "text": "", "item_keys": keys}
