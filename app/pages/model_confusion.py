"""The Model page's confusions: a click on a cell, or on one of the largest, shows its items and what to do."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import panel_material_ui as pmui

from app.components.charts import confusion_matrix
from app.components.contact_sheet import ContactSheet
from app.components.layout import bar, html, panel, stack
from app.items import item_view
from app.model_state import SHEET, Cell, ModelState, largest_confusions, most_confused

LARGEST = 8
"""Confusions offered as buttons."""
CLASSES_SHOWN = 40
"""With more classes the chart begins with those that are confused most; cells would be too small to click."""
CHECKED_MOST = 500
"""Items of a cell that may be sent to the check of labels."""
NAME_LENGTH = 40
NOTE = (
    "Each label once, predicted by a model that had not seen it. Rows are the labels, columns what they were taken "
    "for. Click a cell, or one of the confusions below, to see its items."
)
NO_ITEMS = (
    '<p class="gp-quiet">Which items these are is not known: the round was run by an earlier version, or over a pool '
    "that has changed since. The next round will know.</p>"
)


class ConfusionCard:
    """Views of the confusions over a state."""

    def __init__(self, state: ModelState) -> None:
        """Build the views and link them to the state.

        Args:
            state: what is looked at on the Model page.
        """
        self.state = state
        self._counts: npt.NDArray[np.integer] = np.zeros((0, 0), np.int64)
        self._shows_all = False
        self.chart = stack()
        self.which = html(visible=False)
        self.which_button = pmui.Button(
            label="", variant="text", size="small", margin=0, visible=False, on_click=self._turn
        )
        self.buttons = [
            pmui.Button(label="", variant="outlined", size="small", margin=0, visible=False)
            for _ in range(LARGEST)
        ]
        self._cells: list[tuple[int, int]] = []
        for place, button in enumerate(self.buttons):
            button.on_click(partial(self._press, place))
        self.title = html("<h4>Largest confusions</h4>", visible=False)
        self.summary = html()
        self.sheet = ContactSheet(sizing_mode="stretch_width")
        self.map_button = pmui.Button(
            label="Show on the map", variant="outlined", margin=0, on_click=self._show_on_map
        )
        self.check_button = pmui.Button(label="Check them", color="primary", margin=0, on_click=self._check)
        self.close_button = pmui.Button(label="Close", variant="text", margin=0, on_click=self._close)
        self.acts = bar(self.check_button, self.map_button, self.close_button)
        self.items = stack(self.summary, self.acts, self.sheet)
        self.items.visible = False
        self.sheet.param.watch(self._pick, "picked_row")
        state.param.watch(lambda *_: self.show_cell(), "cell")

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        which = bar(self.which, self.which_button)
        return panel(
            "What is confused with what",
            which,
            self.chart,
            self.title,
            bar(*self.buttons),
            self.items,
            note=NOTE,
        )

    def paint(self, counts: npt.NDArray[np.integer]) -> None:
        """Draw the confusions of the last round.

        Args:
            counts: (k, k) integers, k the last round's classes; row: label, column: predicted class.
        """
        self._counts = counts
        self._draw()
        names = self.state.names
        largest = largest_confusions(counts, most=LARGEST)
        self._cells = [(row, column) for row, column, _ in largest]
        for place, button in enumerate(self.buttons):
            if place < len(largest):
                row, column, items = largest[place]
                button.label = f"{items:,} × {_short(names[row])} taken for {_short(names[column])}"
            button.visible = place < len(largest)
        self.title.visible = bool(largest)
        self.show_cell()

    def show_cell(self) -> None:
        """Show the items of the chosen cell as they are now."""
        cell = self.state.chosen()
        self.items.visible = self.state.cell is not None
        self.sheet.visible = self.map_button.visible = self.check_button.visible = cell is not None
        if self.state.cell is None:
            return
        if cell is None:
            self.summary.object = NO_ITEMS
            self.sheet.items = []
            return
        self.summary.object = cell_html(cell)
        self.check_button.disabled = self.map_button.disabled = not len(cell.rows)
        self.sheet.items = [
            self._tile(int(row), cell.predicted, float(share))
            for row, share in zip(cell.rows[:SHEET], cell.probabilities[:SHEET], strict=True)
        ]

    def _draw(self) -> None:
        """Draw the chart, of the classes that are confused most where there are many."""
        names, count = self.state.names, len(self._counts)
        shown = most_confused(self._counts, most=count if self._shows_all else CLASSES_SHOWN)

        def on_cell(row: int, column: int) -> None:
            self.state.choose_cell(int(shown[row]), int(shown[column]))

        self.chart[:] = [
            confusion_matrix(
                self._counts[np.ix_(shown, shown)],
                [names[place] for place in shown],
                theme=self.state.dashboard.theme,
                on_cell=on_cell,
            )
        ]
        self.which.visible = self.which_button.visible = count > CLASSES_SHOWN
        part = (
            f"All {count} classes." if self._shows_all else f"The {CLASSES_SHOWN} of {count} confused most."
        )
        self.which.object = f'<p class="gp-quiet">{part}</p>'
        self.which_button.label = "Show the most confused" if self._shows_all else "Show all"

    def _turn(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self._shows_all = not self._shows_all
        self._draw()

    def _tile(self, row: int, predicted: str, share: float) -> dict[str, Any]:
        dashboard = self.state.dashboard
        pool = dashboard.context.project.pool
        colours = {entry.name: entry.colour or "" for entry in dashboard.classes}
        return {
            "key": pool.key(row),
            "row": row,
            "label": f"{share:.0%} {predicted}",
            "colour": colours.get(predicted, ""),
            **item_view(pool, row),
        }

    def _press(self, place: int, *_: Any) -> None:  # noqa: ANN401 - a click
        if place < len(self._cells):
            self.state.choose_cell(*self._cells[place])

    def _pick(self, event: Any) -> None:  # noqa: ANN401 - a param event
        if event.new >= 0:
            dashboard = self.state.dashboard
            dashboard.picked_row = -1
            dashboard.page = "Explore"
            dashboard.picked_row = int(event.new)

    def _show_on_map(self, *_: Any) -> None:  # noqa: ANN401 - a click
        cell = self.state.chosen()
        if cell is not None:
            self.state.dashboard.choose_on_map(lambda: cell.rows, cell.words)

    def _check(self, *_: Any) -> None:  # noqa: ANN401 - a click
        cell = self.state.chosen()
        if cell is None:
            return
        dashboard = self.state.dashboard
        dashboard.audit_keys = []
        dashboard.audit_keys = dashboard.context.project.pool.keys(cell.rows[:CHECKED_MOST])
        dashboard.page = "Confirm"

    def _close(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.state.cell = None


def cell_html(cell: Cell) -> str:
    """Return how many items a cell has and what they are, as HTML; every text in it is escaped."""
    count = len(cell.rows)
    items = "1 item" if count == 1 else f"{count:,} items"
    shown = f", the {SHEET} surest predictions below" if count > SHEET else ""
    return (
        f'<p class="gp-count" role="status" aria-live="polite"><strong>{items}</strong> '
        f"{escape(cell.words)}{shown}</p>"
    )


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1].rstrip()}…"
