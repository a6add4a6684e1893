"""The card of the Explore page that says what each column holds and is for, and lets an admin change that."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.column_roles import HIDDEN, ROLES, ColumnFacts
from app.column_state import ColumnState
from app.components.layout import bar, html, panel, stack, wide_table
from app.components.look_here import look_here
from app.notices import tell_done
from app.session import DashboardState
from labeling.people import Role

LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""
QUESTION = (
    "<p><strong>Read the pool anew?</strong> The server reads the source as the project's file now has it, computes "
    "what changed and starts again. Every open page comes back by itself; labels stay with their items.</p>"
)
COLUMNS_SHOWN = 200
"""Columns in the table; a field chooses among all."""


class ColumnsCard:
    """Views of the columns' parts."""

    def __init__(self, state: DashboardState) -> None:
        """Build the views and link them to the state.

        Args:
            state: the tab's state.
        """
        self.state = ColumnState(state)
        self.here = look_here()
        self.load = _button("Show the columns", self._load)
        self.table = html(visible=False, css_class="gp-scroll")
        self.column = pmui.Select(label="Column", options=[], size="small", width=220, margin=LABEL_ROOM)
        self._parts = {f"{role}: {words}": role for role, words in ROLES.items()}
        self.part = pmui.Select(
            label="Is for", options=list(self._parts), size="small", width=320, margin=LABEL_ROOM
        )
        self.choose = _button("Choose", self._choose)
        self.save = _button("Write it into the project's file", self._save, color="primary")
        self.anew = _button("Read the pool anew", self._ask)
        self.yes = _button("Yes, read it anew", self._read_anew, color="primary", variant="contained")
        self.no = _button("Not now", self._stop_asking)
        self.question = stack(html(QUESTION), bar(self.yes, self.no))
        self.question.visible = False
        self.said = html(visible=False)
        self.tools = stack(bar(self.column, self.part, self.choose), bar(self.save, self.anew), self.question)
        self.tools.visible = False
        self.column.param.watch(lambda *_: self._show_part(), "value")
        self.state.param.watch(lambda *_: self._show(), ["version", "busy", "problem"])
        self._show()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        note = "What each column of the source holds, and what it is for."
        return panel("Columns", self.here, bar(self.load), self.said, self.table, self.tools, note=note)

    def look(self) -> None:
        """Show the columns, and bring the card into sight."""
        self.here.wanted = True
        if not self.state.facts:
            pn.state.execute(self.state.load)

    async def _load(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.load()

    def _choose(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.state.choose(self.column.value or "", self._parts.get(self.part.value, ""))

    async def _save(self, *_: Any) -> None:  # noqa: ANN401 - a click
        said = await self.state.save()
        if said:
            tell_done(said)
            self._ask()

    def _ask(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.question.visible = self.anew.visible

    def _stop_asking(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.question.visible = False

    async def _read_anew(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.question.visible = False
        await self.state.read_anew()

    def _show(self) -> None:
        state = self.state
        names = [fact.name for fact in state.facts]
        if self.column.options != names:
            self.column.param.update(options=names, value=names[0] if names else None)
        self.table.object = columns_html(state.facts, state.wanted)
        self.table.visible = bool(names)
        self.tools.visible = bool(names) and may(state.dashboard.context, Role.ADMIN)
        self.load.visible = not names
        self.load.disabled = state.busy
        # What is chosen and not written yet would be lost.
        self.anew.disabled = state.busy or bool(state.wanted)
        self.anew.visible = state.dashboard.context.renewal.possible
        self.save.disabled = state.busy or not state.wanted
        problem = state.problem or unread(state.dashboard.context.renewal.problem)
        self.said.object = f'<p class="gp-problem">{escape(problem)}</p>' if problem else ""
        self.said.visible = bool(problem)

    def _show_part(self) -> None:
        roles = {fact.name: fact.role for fact in self.state.facts} | self.state.wanted
        role = roles.get(self.column.value or "")
        self.part.value = next((title for title, each in self._parts.items() if each == role), None)


def unread(problem: str) -> str:
    """Say why the pool is the one from before, though it was to be read anew; "" where it is not."""
    return f"The pool could not be read anew, so it is as it was: {problem}" if problem else ""


def columns_html(facts: Sequence[ColumnFacts], wanted: dict[str, str]) -> str:
    """Return the columns as a table in HTML; every text in it is escaped."""
    rows = []
    for fact in facts[:COLUMNS_SHOWN]:
        examples = HIDDEN if fact.role == "truth" else ", ".join(fact.examples)
        role = escape(fact.role)
        if fact.name in wanted:
            role = f"<s>{role}</s> <b>{escape(wanted[fact.name])}</b>"
        cells = (escape(fact.kind), f"{fact.missing:.1%}", escape(examples), role)
        rows.append(f"<tr><th>{escape(fact.name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    head = "".join(f"<td>{title}</td>" for title in ("type", "missing", "examples", "is for"))
    more = len(facts) - COLUMNS_SHOWN
    rest = f'<p class="gp-quiet">and {more:,} columns more</p>' if more > 0 else ""
    table = f'<table class="gp-fields"><thead><tr><th>column</th>{head}</tr></thead>{"".join(rows)}</table>'
    return wide_table("The columns of the source", table) + rest


def _button(label: str, act: Any, **options: Any) -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.Button(label=label, margin=0, on_click=act, **({"variant": "outlined"} | options))
