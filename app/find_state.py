"""Looking an item up by its key, and going back to those seen before, without any widget."""

from __future__ import annotations

from typing import Any

import param

from app.attempts import Attempts
from app.session import DashboardState

FOUND_MAX = 20
"""Keys that are offered where a text is a part of several."""


class FindState(Attempts):
    """What one tab looks up. Views watch `version`, `problem` and the dashboard's `visited_version`."""

    version = param.Integer(default=0, doc="Counts up when the keys found are others.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start with nothing found.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.found: tuple[str, ...] = ()

    async def look_up(self, text: str) -> int | None:
        """Return the row of the item with this key; where there is none, `found` holds keys that contain the text."""
        wanted, pool = text.strip(), self.dashboard.context.project.pool
        if not wanted:
            self._show((), "Type the key of an item, or a part of it.")
            return None

        def search() -> tuple[int, list[str]]:
            row = pool.row(wanted)
            return (row, []) if row is not None else (-1, pool.keys_with(wanted, most=FOUND_MAX))

        found = await self.attempt(self.dashboard.context.reader, search)
        if found is None:
            return None
        row, keys = found
        if row < 0 and len(keys) == 1:
            row, keys = pool.row(keys[0]) or 0, []
        self._show(tuple(keys), "" if row >= 0 or keys else f"No item has a key with {wanted!r} in it.")
        return row if row >= 0 else None

    def seen_before(self) -> list[str]:
        """Return the keys of the items that were looked at in this tab, newest first."""
        return self.dashboard.context.project.pool.keys(list(self.dashboard.visited.rows))

    def _show(self, found: tuple[str, ...], problem: str) -> None:
        self.found = found
        self.param.update(problem=problem, version=self.version + 1)
