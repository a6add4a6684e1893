"""The Export page's card for semi-automatic labels: predictions added as labels, only if somebody asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

import panel_material_ui as pmui

from app.access import require
from app.auto_labels import AutoWishes
from app.components.layout import NUMBER_SX, bar, html, panel
from app.exporting import preview_auto_labels
from app.session import DashboardState
from config.errors import GoldpanError
from labeling.people import Role

NOTE = (
    "Off unless you choose it. The model's surest predictions of items nobody labelled are added to the exports, "
    "marked label_source = model with their probability; the balanced selection takes none of them. Each class has a "
    "threshold by cross-validation; the audit set says how many of what exactly this rule takes are wrong."
)
FIELD_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""

InThread = Callable[[Callable[[], list[str]]], Awaitable[list[str]]]
"""Runs a step off the event loop."""


class AutoLabelsCard:
    """Views of what is asked of semi-automatic labels."""

    def __init__(self, state: DashboardState, in_thread: InThread, *, enabled: bool) -> None:
        """Build the views.

        Args:
            state: the tab's dashboard state.
            in_thread: runs the preview.
            enabled: whether the person may export.
        """
        self.state, self._in_thread = state, in_thread
        common: dict[str, Any] = {"disabled": not enabled}
        start = AutoWishes()
        self.add = pmui.Checkbox(label="Add predictions as labels", margin=0, **common)
        self.target = pmui.FloatInput(
            label="Share that should be right", value=start.target, step=0.01, size="small", width=220,
            margin=FIELD_ROOM, sx=NUMBER_SX, **common,
        )  # fmt: skip
        self.cap = pmui.IntInput(
            label="At most so many of a class", value=start.cap, start=1, size="small", width=220,
            margin=FIELD_ROOM, sx=NUMBER_SX, **common,
        )  # fmt: skip
        self.without = pmui.Checkbox(
            label="Even without an audit set: nobody knows how many are wrong", margin=0, **common
        )
        self.ask = pmui.Button(
            label="Say what it would add", variant="outlined", on_click=self._preview, margin=0, **common
        )
        self.said = html()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        fields = bar(self.target, self.cap)
        return panel(
            "Semi-automatic labels", self.add, fields, bar(self.without, self.ask), self.said, note=NOTE
        )

    def wishes(self) -> AutoWishes | None:
        """Return what is asked for; None where nothing is to be added."""
        return self._wishes() if self.add.value else None

    def _wishes(self) -> AutoWishes:
        start = AutoWishes()
        target = start.target if self.target.value is None else float(self.target.value)
        cap = start.cap if self.cap.value is None else int(self.cap.value)
        return AutoWishes(target, cap, bool(self.without.value))

    async def _preview(self, *_: Any) -> None:  # noqa: ANN401 - a click
        """Say what would be added, whether it is chosen or not."""
        project, wishes = self.state.context.project, self._wishes()
        self.ask.param.update(loading=True, disabled=True)
        try:
            require(self.state.context, Role.REVIEWER)
            told = await self._in_thread(lambda: preview_auto_labels(project, wishes))
            self.said.object = "".join(f"<p>{escape(words)}</p>" for words in told)
        except (GoldpanError, OSError) as problem:
            self.said.object = f'<p class="gp-problem">{escape(str(problem))}</p>'
        finally:
            self.ask.param.update(loading=False, disabled=False)
