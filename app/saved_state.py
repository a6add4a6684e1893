"""The named selections as one tab sees them, without any widget."""

from __future__ import annotations

from typing import Any

import param

from app import saved
from app.attempts import Attempts
from app.selection_state import SelectionState
from labeling.selections import NamedSelection


class SavedState(Attempts):
    """The named selections and what is done with them. Views watch `version`, `busy` and `problem`."""

    version = param.Integer(default=0, doc="Counts up when the list is another one.")
    picked_id = param.Integer(default=0, doc="Id of the selection that is picked in the list; 0 for none.")

    def __init__(self, selection: SelectionState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start with an empty list; `refresh` reads it.

        Args:
            selection: what is chosen in the tab.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.selection = selection
        self.entries: tuple[NamedSelection, ...] = ()

    @property
    def picked(self) -> NamedSelection | None:
        """The selection that is picked in the list."""
        return next((entry for entry in self.entries if entry.id == self.picked_id), None)

    async def refresh(self) -> None:
        """Read the list anew, as other tabs and people left it."""
        context = self.selection.dashboard.context
        entries = await self.attempt(context.reader, lambda: tuple(saved.read_all(context)))
        if entries is not None and entries != self.entries:
            self._list(entries, self.picked_id)

    async def save(self, name: str) -> str:
        """Keep the chosen items under a name; return what became of it, "" where it could not be done."""
        context, rows, how = self.selection.dashboard.context, self.selection.rows, self.selection.how
        keys = await self.attempt(context.reader, lambda: saved.pack_rows(context, rows))
        if keys is None:
            return ""
        kept = await self.attempt(context.writer, lambda: saved.keep(context, keys, name=name, how=how))
        if kept is None:
            return ""
        self._list((kept, *self.entries), kept.id)
        return f"{kept.count:,} items saved as {kept.name}"

    async def open(self) -> None:
        """Choose the items of the picked selection."""
        context, entry = self.selection.dashboard.context, self.picked
        if entry is None:
            return
        found = await self.attempt(context.reader, lambda: saved.open_selection(context, entry.id))
        if found is None:
            return
        gone = f"; without {found.missing:,} that the pool has no longer" if found.missing else ""
        await self.selection.choose_found(lambda: found.rows, f"saved as {entry.name}{gone}")

    async def rename(self, name: str) -> str:
        """Give the picked selection another name; return what became of it, "" where it could not be done."""
        context, entry = self.selection.dashboard.context, self.picked
        if entry is None:
            return ""

        renamed = await self.attempt(context.writer, lambda: saved.rename(context, entry, name=name))
        if renamed is None:
            return ""
        self._list(tuple(renamed if each.id == entry.id else each for each in self.entries), entry.id)
        return f"{entry.name} is called {renamed.name} now"

    async def delete(self) -> str:
        """Forget the picked selection; return what became of it, "" where it could not be done."""
        context, entry = self.selection.dashboard.context, self.picked
        if entry is None:
            return ""

        def store() -> bool:
            saved.delete(context, entry)
            return True

        if not await self.attempt(context.writer, store):
            return ""
        self._list(tuple(each for each in self.entries if each.id != entry.id), 0)
        return f"The selection {entry.name} is deleted; its items and their labels stay"

    def _list(self, entries: tuple[NamedSelection, ...], picked_id: int) -> None:
        known = {entry.id for entry in entries}
        first = entries[0].id if entries else 0
        self.entries = entries
        self.param.update(version=self.version + 1, picked_id=picked_id if picked_id in known else first)
