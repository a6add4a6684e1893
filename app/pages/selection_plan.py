"""The Export page's card for the selection: splits, budget, numbers of items, and a preview."""

from __future__ import annotations

from html import escape
from typing import Any

import panel_material_ui as pmui

from app.components.layout import bar, html, panel
from app.selection_plan_state import SelectionPlanState

NOTE = (
    "The selection takes the classes' targets, spread over what each class looks like, confirmed labels first. Copies "
    "and items of one group stay in one split. Preview says what comes of it; nothing is written."
)
FIELDS = (
    ("split", "Splits", "70/15/15"),
    ("budget", "At most so many items", "no limit"),
    ("counts", "Items of each class", "star=500, quasar=100"),
)
FIELD_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""


class SelectionPlanCard:
    """Views of what is asked of the selection."""

    def __init__(self, state: SelectionPlanState, *, enabled: bool) -> None:
        """Build the views and link them to the state.

        Args:
            state: the wishes.
            enabled: whether the person may export.
        """
        self.state = state
        self.fields = {
            name: pmui.TextInput(
                label=label,
                placeholder=example,
                size="small",
                width=220,
                margin=FIELD_ROOM,
                disabled=not enabled,
            )
            for name, label, example in FIELDS
        }
        self.everything = pmui.Checkbox(
            label="Every labelled item, unbalanced", margin=0, disabled=not enabled
        )
        self.ask = pmui.Button(
            label="Preview", variant="outlined", on_click=self._preview, margin=0, disabled=not enabled
        )
        self.said = html()
        for name, field in {**self.fields, "everything": self.everything}.items():
            field.link(state, value=name)
        state.param.watch(lambda *_: self._paint(), ["words", "problem", "busy"])

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel(
            "Selection", bar(*self.fields.values()), bar(self.everything, self.ask), self.said, note=NOTE
        )

    async def _preview(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.preview()

    def _paint(self) -> None:
        state = self.state
        self.ask.loading = state.busy
        told = "".join(f"<p>{escape(words)}</p>" for words in state.words)
        self.said.object = f'<p class="gp-problem">{escape(state.problem)}</p>' if state.problem else told
