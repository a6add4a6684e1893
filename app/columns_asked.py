"""Whether a person was asked yet if every column of a new project is read as they mean it; without any widget."""

from __future__ import annotations

from collections import Counter
from typing import Any

import param

from app.access import may, require
from app.attempts import Attempts
from app.context import ServerContext
from app.recording import note_setting
from app.session import DashboardState
from config.files import load_config, save_config
from labeling.people import Role
from labeling.pools.contract import DATE_UNIT, Column

READ_AS = {"numeric": "as numbers", "categorical": "as one of a few values", "text": "as text"}
"""How a column that the model uses is read, by its role."""


class ColumnsAsked(Attempts):
    """The question of one tab. Views watch `open`, `busy` and `problem`."""

    open = param.Boolean(default=False, doc="Whether the question is on the page.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Ask, if it is to be asked.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.open = is_to_be_asked(state.context, state.revision)

    @property
    def words(self) -> str:
        """The question, with what the columns are read as."""
        project = self.dashboard.context.project
        section = project.config.pool
        told = [columns_words(_asked_of(self.dashboard.context))]
        told += [f"{section.key} identifies the item"] if section.key else []
        told += [f"{section.truth} is hidden as the true label"] if section.truth else []
        return f"Is every column read as you mean it? {'; '.join(told)}."

    def later(self) -> None:
        """Take the question off this tab; it comes again with the next one."""
        self.open = False

    async def confirm(self) -> None:
        """Keep in the project's file that the columns were looked at: the question never comes again."""
        context = self.dashboard.context

        def write() -> bool:
            require(context, Role.ADMIN)
            path = context.project.paths.config
            # The classes' page writes the same file.
            with context.writing_file:
                config = load_config(path)
                views = config.views.model_copy(update={"columns_confirmed": True})
                save_config(config.model_copy(update={"views": views}), path)
            note_setting(context, "views.columns_confirmed")
            return True

        if await self.attempt(context.reader, write) is not None:
            context.asked.columns_confirmed = True
            self.open = False

    async def look(self) -> None:
        """Show what each column is for; who has gone there has answered."""
        self.dashboard.columns_wanted = True
        self.dashboard.page = "Explore"
        await self.confirm()


def is_to_be_asked(context: ServerContext, revision: int) -> bool:
    """Return whether to ask: of columns that nobody has chosen, before the first annotation, who may change them.

    Args:
        context: the server, as the person sees it.
        revision: of the labels; 0 before the first annotation.
    """
    chosen = context.project.config.pool.columns is not None
    known = chosen or context.asked.columns_confirmed
    return not known and revision == 0 and may(context, Role.ADMIN) and bool(_asked_of(context))


def columns_words(columns: tuple[Column, ...]) -> str:
    """Say how many columns are read as what: "4 as numbers, 1 as text, 2 only shown"."""
    counts = Counter(_read_as(column) for column in columns)
    order = (*READ_AS.values(), "as dates", "only shown")
    return ", ".join(f"{counts[way]:,} {way}" for way in order if counts[way])


def _read_as(column: Column) -> str:
    if column.use == "extra":
        return "only shown"
    return "as dates" if column.unit == DATE_UNIT else READ_AS[column.role]


def _asked_of(context: ServerContext) -> tuple[Column, ...]:
    """Return the columns beside what the person has named: a text that is labelled is no question."""
    project = context.project
    return tuple(column for column in project.pool.columns if column.name != project.config.pool.text)
