"""The Confirm page: pages of items that one act stores, in two modes.

Confirm: likely items of one class; take out the wrong ones, confirm the rest. Check: labelled items whose label the
model is least sure of; keep it or change it.
"""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from app.access import may, why_not
from app.components.audit_grid import AuditGrid
from app.components.confirm_grid import ConfirmGrid
from app.components.layout import html, panel, stack
from app.session import DashboardState
from labeling.people import Role

CONFIRM, CHECK = "Confirm likely items", "Check labels"
MODES_PX = 330
"""Widest the choice of modes gets: both names stand on one line, where the window has the room."""


class ConfirmPage:
    """The two grids over a dashboard state; they read their items and store their pages by themselves."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the grid that is asked for and link it to the state.

        Args:
            state: what the tab looks at.
            document: the tab's document; the grids need nothing of it.
        """
        self.state = state
        self.labels = may(state.context, Role.ANNOTATOR)
        self.checks = may(state.context, Role.REVIEWER)
        self.mode = pmui.RadioButtonGroup(
            options=[CONFIRM, CHECK] if self.checks else [CONFIRM],
            value=CONFIRM,
            size="small",
            sizing_mode="stretch_width",
            max_width=MODES_PX,
            visible=self.checks,
            sx={"@media (min-width: 400px)": {"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}},
            margin=0,
        )
        self.confirm: ConfirmGrid | None = None
        self.check: AuditGrid | None = None
        self.holder = stack()
        # Only one grid is shown, yet the other would keep its gap.
        self.holder.styles = {"gap": "0"}
        # A grid's own style would outrank `visible`; what stands around it has none.
        self._frames: dict[str, Any] = {}
        self.mode.param.watch(self._choose, "value")
        state.param.watch(self._push, ["round_number", "classes_version", "page"])
        state.param.watch(self._want, "audit_keys")
        state.param.watch(self._open, "confirm_class")
        if state.audit_keys and self.checks:
            self.mode.value = CHECK
        self._show()
        self._open()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        if not self.labels:
            return panel("You look on", html(why_not(self.state.context, Role.ANNOTATOR, "Confirming items")))
        return stack(self.mode, self.holder)

    def _choose(self, event: Any) -> None:  # noqa: ANN401 - a param event
        if event.new is None:  # the chosen button was pressed once more
            self.mode.value = event.old
        else:
            self._show()

    def _show(self) -> None:
        """Show the grid of the mode; each is built when it is first asked for."""
        if self.mode.value == CHECK and self.check is None:
            self.check = AuditGrid(
                **self._news(CHECK), wanted_keys=list(self.state.audit_keys), sizing_mode="stretch_width"
            )
            self._place(CHECK, self.check)
        if self.mode.value == CONFIRM and self.confirm is None:
            self.confirm = ConfirmGrid(**self._news(CONFIRM), sizing_mode="stretch_width")
            self._place(CONFIRM, self.confirm)
        for name, frame in self._frames.items():
            frame.visible = name == self.mode.value
        self._push()

    def _place(self, name: str, grid: Any) -> None:  # noqa: ANN401 - one of the two grids
        self._frames[name] = stack(grid)
        self.holder.append(self._frames[name])

    def _want(self, *_: Any) -> None:  # noqa: ANN401 - param events
        """Check the items that another page has chosen."""
        if not self.state.audit_keys or not self.checks:
            return
        if self.check is not None:
            self.check.wanted_keys = []
            self.check.wanted_keys = list(self.state.audit_keys)
        self.mode.value = CHECK

    def _push(self, *_: Any) -> None:  # noqa: ANN401 - param events
        for name, grid in ((CONFIRM, self.confirm), (CHECK, self.check)):
            if grid is not None:
                grid.param.update(**self._news(name))

    def _open(self, *_: Any) -> None:  # noqa: ANN401 - param events
        """Show a page of the class that another page has chosen."""
        if not self.state.confirm_class:
            return
        self.mode.value = CONFIRM
        self._show()
        if self.confirm is not None:
            self.confirm.open_class = self.state.confirm_class
        self.state.confirm_class = 0

    def _news(self, name: str) -> dict[str, Any]:
        return {
            "round_number": self.state.round_number,
            "classes_version": self.state.classes_version,
            "active": self.state.page == "Confirm" and self.mode.value == name,
        }
