"""The Balance page: labelled, predicted in the pool, wanted; and the classes themselves."""

from __future__ import annotations

from html import escape
from typing import Any

import panel_material_ui as pmui

from app import api_classes
from app.balance_data import balance_frame, class_balance
from app.components.charts import balance_chart
from app.components.layout import bar, html, panel, stack
from app.components.text_entry import TextEntry, write
from app.debounce import Debounced
from app.notices import tell_problem
from app.session import DashboardState
from config.errors import GoldpanError

PAUSE_MS = 600


class BalancePage:
    """Views of the Balance page over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state."""
        self.state = state
        self.chart = stack()
        self.summary = html()
        self.name = pmui.TextInput(
            label="New class", placeholder="Its name", width=280, margin=0, size="small"
        )
        self.add = pmui.Button(label="Add class", color="primary", on_click=self._add, margin=0)
        self._entry = TextEntry(self.name, document, self._add)
        self._repaint = Debounced(document, self.paint, pause_ms=PAUSE_MS)
        state.param.watch(self._repaint.ask, ["revision", "round_number", "classes_version", "dark"])
        state.param.watch(lambda *_: self.paint(), ["page"])

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        return stack(
            panel("Balance of the classes", self.summary, self.chart),
            panel(
                "Classes",
                bar(self.name, self.add),
                note="A class can be added at any time; the next round uses it.",
            ),
        )

    def paint(self) -> None:
        """Draw the chart anew; nothing happens while another page is shown."""
        if self.state.page != "Balance" or self.state.status is None:
            return
        pool = self.state.context.project.pool
        rows = class_balance(self.state.status, self.state.meaning, pool_size=pool.n)
        self.chart[:] = [balance_chart(balance_frame(rows, pool_size=pool.n), theme=self.state.theme)]
        self.summary.object = self._summary(rows)

    def _summary(self, rows: Any) -> str:  # noqa: ANN401 - class balances
        labelled = sum(row.labelled for row in rows)
        lacking = [row.name for row in rows if row.labelled < row.wanted_share * labelled * 0.5]
        text = f"{labelled:,} of {self.state.context.project.pool.n:,} items are labelled."
        if labelled and lacking:
            names = ", ".join(escape(name) for name in lacking[:6])
            rest = f" and {len(lacking) - 6} more" if len(lacking) > 6 else ""
            text += f" Far below their target: <b>{names}</b>{rest}."
        return f"<p>{text}</p>"

    def _add(self, *_: Any) -> None:  # noqa: ANN401
        name = self.name.value_input or self.name.value or ""
        try:
            api_classes.add(self.state.context, {"name": name})
        except GoldpanError as problem:
            tell_problem(str(problem))
            return
        write(self.name, "")
        self.state.context.supervisor.wake()
