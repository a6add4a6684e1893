"""The Confirm page: likely items of one class in a grid; take out the wrong ones, confirm the rest by one act."""

from __future__ import annotations

from typing import Any

from app.components.confirm_grid import ConfirmGrid
from app.components.layout import stack
from app.session import DashboardState


class ConfirmPage:
    """The grid over a dashboard state; it reads its items and stores its pages by itself."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the grid and link it to the state.

        Args:
            state: what the tab looks at.
            document: the tab's document; the grid needs nothing of it.
        """
        self.state = state
        self.grid = ConfirmGrid(
            round_number=state.round_number,
            classes_version=state.classes_version,
            active=state.page == "Confirm",
            sizing_mode="stretch_width",
        )
        state.param.watch(self._push, ["round_number", "classes_version", "page"])
        state.param.watch(self._open, ["confirm_class"])
        self._open()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        return stack(self.grid)

    def _push(self, *_: Any) -> None:  # noqa: ANN401 - param events
        state = self.state
        self.grid.param.update(
            round_number=state.round_number,
            classes_version=state.classes_version,
            active=state.page == "Confirm",
        )

    def _open(self, *_: Any) -> None:  # noqa: ANN401 - param events
        if self.state.confirm_class:
            self.grid.open_class = self.state.confirm_class
            self.state.confirm_class = 0
