"""The card of the Explore page that finds an item by its key, and goes back to items seen before."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.layout import bar, html, panel
from app.components.text_entry import TextEntry
from app.debounce import Debounced
from app.find_state import FOUND_MAX, FindState
from app.session import DashboardState

LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""
SEEN_PAUSE_MS = 200
CHOOSE = "Choose one …"
KEY_SHOWN = 60
"""Characters of a key in a list."""


class FindCard:
    """Views of looking an item up."""

    def __init__(
        self,
        state: DashboardState,
        document: Any,  # noqa: ANN401 - a bokeh Document
        pick: Callable[[int], None],
    ) -> None:
        """Build the views and link them to the state.

        Args:
            state: the tab's state.
            document: the tab's bokeh Document.
            pick: shows an item by its row.
        """
        self.state = FindState(state)
        self._pick = pick
        self._titles: dict[str, str] = {}
        self.key = pmui.TextInput(label="Key of an item", size="small", width=220, margin=LABEL_ROOM)
        self.go = pmui.Button(label="Go to it", variant="outlined", margin=0, on_click=self._find)
        self.found = pmui.Select(
            label="Keys with that in them",
            options=[],
            size="small",
            width=300,
            margin=LABEL_ROOM,
            visible=False,
        )
        self.seen = pmui.Select(
            label="Seen before", options=[], size="small", width=300, margin=LABEL_ROOM, visible=False
        )
        self.problem = html(visible=False)
        TextEntry(self.key, document, lambda: pn.state.execute(self._find))
        self.found.param.watch(self._choose, "value")
        self.seen.param.watch(self._choose, "value")
        self.state.param.watch(lambda *_: self._show(), "version")
        # Put off, and only while it is on show: a label must not wait for the list.
        listed = Debounced(document, self._list_seen, pause_ms=SEEN_PAUSE_MS)
        state.param.watch(listed.ask, ["visited_version", "page"])
        self._list_seen()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel("Find an item", bar(self.key, self.go), self.problem, self.found, self.seen)

    async def _find(self, *_: Any) -> None:  # noqa: ANN401 - a click
        row = await self.state.look_up(self.key.value_input or "")
        if row is not None:
            self._pick(row)

    def _show(self) -> None:
        state = self.state
        self.problem.object = f'<p class="gp-problem">{escape(state.problem)}</p>' if state.problem else ""
        self.problem.visible = bool(state.problem)
        several = f"{FOUND_MAX} keys or more have" if len(state.found) >= FOUND_MAX else "Keys that have"
        self.found.label = f"{several} that in them"
        self._fill(self.found, list(state.found))

    def _list_seen(self) -> None:
        if self.state.dashboard.page == "Explore":
            self._fill(self.seen, self.state.seen_before())

    def _fill(self, field: Any, keys: list[str]) -> None:  # noqa: ANN401 - a Panel widget
        titles = {key if len(key) <= KEY_SHOWN else f"{key[: KEY_SHOWN - 1]}…": key for key in keys}
        self._titles |= titles
        # A field shows its first entry as chosen: that one must be none of the keys.
        field.param.update(options=[CHOOSE, *titles], value=CHOOSE)
        field.visible = bool(keys)

    def _choose(self, event: Any) -> None:  # noqa: ANN401 - a param event
        key = self._titles.get(event.new)
        row = None if key is None else self.state.dashboard.context.project.pool.row(key)
        if row is not None:
            self._pick(row)
