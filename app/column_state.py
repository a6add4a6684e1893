"""What one tab sees and changes of the columns' parts, without any widget."""

from __future__ import annotations

from typing import Any

import param

from app.access import require
from app.attempts import Attempts
from app.column_roles import ROLES, ColumnFacts, describe_columns, with_roles
from app.recording import note_setting
from app.session import DashboardState
from config.files import load_config, save_config
from labeling.labels import revision
from labeling.people import Role


class ColumnState(Attempts):
    """The columns of the pool and what each is for. Views watch `version`, `busy` and `problem`."""

    version = param.Integer(
        default=0, doc="Counts up when the columns, or what was chosen for them, are others."
    )

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start with nothing read; `load` looks through the source.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.facts: tuple[ColumnFacts, ...] = ()
        self.wanted: dict[str, str] = {}

    async def load(self) -> None:
        """Look through the pool's source once."""
        project = self.dashboard.context.project
        base = project.paths.config.parent
        found = await self.attempt(
            self.dashboard.context.reader,
            lambda: describe_columns(load_config(project.paths.config).pool, base, project.pool),
        )
        if found is not None:
            self.facts = tuple(found)
            self.version += 1

    def choose(self, name: str, role: str) -> None:
        """Choose another part for a column; the one that it has takes the choice back."""
        known = {fact.name: fact.role for fact in self.facts}
        if name not in known or role not in ROLES:
            return
        self.wanted.pop(name, None)
        if role != known[name]:
            self.wanted[name] = role
        self.version += 1

    async def save(self) -> str:
        """Write what was chosen into the project's file; return what comes next, "" where it could not be done."""
        context, wanted, facts = self.dashboard.context, dict(self.wanted), self.facts
        path = context.project.paths.config

        def write() -> bool:
            require(context, Role.ADMIN)
            with context.project.database.reading() as session:
                labelled = revision(session) > 0
            # The classes' page writes the same file.
            with context.writing_file:
                config = load_config(path)
                section = with_roles(config.pool, facts, wanted, labelled=labelled)
                save_config(config.model_copy(update={"pool": section}), path)
            note_setting(context, "pool.columns")
            return True

        if not wanted or await self.attempt(context.reader, write) is None:
            return ""
        self.wanted = {}
        self.version += 1
        if context.renewal.possible:
            return f"It is in {path.name}; it counts once the pool is read anew."
        return f"It is in {path.name}. Stop the server, run goldpan refresh {path.name}, and start it again"

    async def read_anew(self) -> None:
        """Have the server read the pool anew and start again: every page of it comes back by itself."""
        context = self.dashboard.context

        def ask() -> bool:
            require(context, Role.ADMIN)
            context.renewal.ask(context.hub)
            return True

        await self.attempt(context.reader, ask)
