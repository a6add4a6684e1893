"""The Balance page: labelled, predicted in the pool, wanted; what is missing; and the classes themselves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.balance_data import balance_frame
from app.balance_state import BalanceState
from app.class_needs import class_groups, group_limits
from app.components.balance_bars import ClassBalance
from app.components.balance_words import groups_html, needs_html, work_html
from app.components.charts import balance_chart
from app.components.class_rows import ClassRows
from app.components.layout import aside, bar, html, panel, stack
from app.debounce import Debounced
from app.notices import tell_done, tell_problem
from app.session import DashboardState
from labeling.people import Role

EDITING = (
    "What you change here is kept when you leave the field, and the label card follows; the next round uses it. A "
    "target is a weight: twice as much asks for twice as many labels."
)
READING = "An admin of the project changes the classes; a reviewer can add one."
PAUSE_MS = 600
SHOWN_LACKING = 6
WAITING = '<p class="gp-quiet">Being worked out …</p>'
CHART_MOST = 60
"""Classes in the chart at most: a taller one would be more than a screen can show."""


class BalancePage:
    """Views of the Balance page over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state.

        Args:
            state: the tab's state.
            document: the tab's bokeh Document.
        """
        self.dashboard = state
        self.state = BalanceState(state)
        self.chart = stack()
        self.summary = html()
        self.work = html()
        self.confirm = _button("Confirm a page", lambda *_: self.state.confirm(), color="primary")
        self.seek = _button("Seek it", self._seek, variant="outlined")
        self.show = _button("Show on the map", lambda *_: self.state.show_on_map(), variant="outlined")
        self.needs = html(WAITING)
        context = state.context
        self.rows = ClassRows(
            may_add=may(context, Role.REVIEWER),
            may_change=may(context, Role.ADMIN),
            sizing_mode="stretch_width",
        )
        self._link(document)
        self._push_rows()
        self._show_work()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        return stack(
            aside(
                panel("Balance of the classes", self.summary, self.chart),
                panel("Work on a class", self.work, bar(*self._acts())),
            ),
            panel("What is missing", self.needs),
            panel(
                "Classes",
                self.rows,
                note=EDITING if may(self.dashboard.context, Role.ADMIN) else READING,
            ),
        )

    def _acts(self) -> list[Any]:
        """Return the buttons for what the person may do with a class."""
        labels = may(self.dashboard.context, Role.ANNOTATOR)
        return [self.confirm, self.seek, self.show] if labels else [self.show]

    def paint(self) -> None:
        """Draw the chart anew; nothing happens while another page is shown."""
        if self.dashboard.page != "Balance" or self.dashboard.status is None:
            return
        pool, rows = self.dashboard.context.project.pool, self.state.rows
        frame = balance_frame(_most_lacking(rows), pool_size=pool.n)
        self.chart[:] = [balance_chart(frame, theme=self.dashboard.theme, on_choose=self._choose)]
        self.summary.object = self._summary(rows)
        pn.state.execute(self.state.work_out)

    def _link(self, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        state = self.dashboard
        repaint = Debounced(document, self.paint, pause_ms=PAUSE_MS)
        state.param.watch(repaint.ask, ["revision", "round_number", "classes_version", "dark"])
        state.param.watch(lambda *_: self.paint(), ["page"])
        state.param.watch(self._push_rows, ["revision", "classes_version", "page"])
        self.rows.param.watch(lambda event: self._choose(event.new), "chosen_id")
        self.state.param.watch(lambda *_: self._show_work(), ["chosen_id", "needs_version"])
        self.state.param.watch(lambda *_: self._show_needs(), ["needs_version"])
        self.state.param.watch(lambda *_: self._tell(), ["problem", "done"])

    def _summary(self, rows: Sequence[ClassBalance]) -> str:
        labelled = sum(row.labelled for row in rows)
        lacking = [row.name for row in rows if row.labelled < row.wanted_share * labelled * 0.5]
        text = f"{labelled:,} of {self.dashboard.context.project.pool.n:,} items are labelled."
        if labelled and lacking:
            names = ", ".join(escape(name) for name in lacking[:SHOWN_LACKING])
            rest = f" and {len(lacking) - SHOWN_LACKING} more" if len(lacking) > SHOWN_LACKING else ""
            text += f" Far below their target: <b>{names}</b>{rest}."
        if len(rows) > CHART_MOST:
            text += (
                f" The chart shows the {CHART_MOST} of {len(rows):,} classes that lack most for their target."
            )
        groups = groups_html(class_groups(rows), group_limits(rows)) if labelled else ""
        return f"<p>{text}</p>{groups}"

    def _choose(self, class_id: int) -> None:
        self.state.chosen_id = class_id
        self.rows.chosen_id = class_id

    async def _seek(self, *_: Any) -> None:  # noqa: ANN401
        await self.state.seek()

    def _tell(self) -> None:
        if self.state.problem:
            tell_problem(self.state.problem)
        if self.state.done:
            tell_done(self.state.done)

    def _show_needs(self) -> None:
        self.needs.object = needs_html(self.state.needs)

    def _show_work(self) -> None:
        state = self.state
        pool_size = self.dashboard.context.project.pool.n
        labelled = sum(row.labelled for row in state.rows)
        if state.chosen is not None and state.chosen_need is None:
            self.work.object = WAITING
        else:
            self.work.object = work_html(state.chosen_need, pool_size=pool_size, labelled=labelled)
        for button in (self.confirm, self.seek, self.show):
            button.disabled = state.chosen is None

    def _push_rows(self, *_: Any) -> None:  # noqa: ANN401
        state = self.dashboard
        self.rows.active = state.page == "Balance"
        if self.rows.active:
            self.rows.param.update(revision=state.revision, classes_version=state.classes_version)


def _most_lacking(rows: Sequence[ClassBalance]) -> list[ClassBalance]:
    """Return the classes for the chart: all, or those with the fewest labels for their target, in their order."""
    if len(rows) <= CHART_MOST:
        return list(rows)
    order = sorted(rows, key=lambda row: row.labelled / max(row.wanted_share, 1e-9))
    kept = {row.class_id for row in order[:CHART_MOST]}
    return [row for row in rows if row.class_id in kept]


def _button(label: str, on_click: Any, **options: Any) -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.Button(label=label, on_click=on_click, margin=0, disabled=True, **options)
