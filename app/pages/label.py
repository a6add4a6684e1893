"""The Label page: the item, the map with the item marked, the balance as it grows."""

from __future__ import annotations

from typing import Any

from app.access import may, why_not
from app.advice import latest_advice
from app.balance_data import class_balance
from app.components.balance_bars import balance_rows
from app.components.label_card import LabelCard
from app.components.layout import aside, html, panel
from app.components.stopping_card import stopping_line
from app.debounce import Debounced
from app.items import class_list
from app.pages.audit_set import AuditSetButton
from app.pages.pool_view import PoolView
from app.pages.progress import ProgressLine
from app.pages.seek import SeekCard
from app.session import DashboardState
from labeling.people import Role

BALANCE_PAUSE_MS, BALANCE_LONGEST_MS = 150, 1500


class LabelPage:
    """Views of the Label page over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state."""
        self.state = state
        self.card = LabelCard(
            classes=self._classes(),
            round_number=state.round_number,
            may_add_classes=may(state.context, Role.REVIEWER),
            sizing_mode="stretch_width",
        )
        self.pool_view = PoolView(state, document, page="Label", height_px=330)
        self.seek = SeekCard(state, document)
        self.audit_set = AuditSetButton(state, self._open_keys)
        self.progress = ProgressLine(state, document)
        self.balance = html(self._balance_html())
        self.stopping = html(stopping_line(latest_advice(state)))
        repaint = Debounced(
            document, self._repaint_balance, pause_ms=BALANCE_PAUSE_MS, longest_ms=BALANCE_LONGEST_MS
        )
        state.param.watch(repaint.ask, ["revision", "round_number", "classes_version"])
        state.param.watch(self._push_classes, ["classes_version"])
        state.param.watch(self._push_round, ["round_number"])
        state.param.watch(self._push_active, ["page"])
        state.param.watch(self._open_picked, ["picked_row"])
        state.param.watch(self._open_wanted, ["wanted_keys"])
        self.card.param.watch(self._note_current, ["current_row"])
        self._open_wanted()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout: the card, and beside it (below it when narrow) what is sought, map, balance."""
        reason = why_not(self.state.context, Role.ANNOTATOR, "Labelling")
        return aside(
            panel("You look on", html(reason)) if reason else self.card,
            self.audit_set.button,
            self.seek.view(),
            panel("The pool", self.pool_view.view()),
            panel("Balance of the classes", self.progress.view, self.balance, self.stopping),
        )

    def dispose(self) -> None:
        """Let go of what outlives a session otherwise."""
        self.pool_view.dispose()

    def _classes(self) -> list[dict[str, Any]]:
        status = self.state.status
        return class_list(self.state.classes, dict(status.counts) if status is not None else {})

    def _balance_html(self) -> str:
        if self.state.status is None:
            return balance_rows([])
        pool = self.state.context.project.pool
        return balance_rows(class_balance(self.state.status, self.state.meaning, pool_size=pool.n))

    def _repaint_balance(self) -> None:
        self.balance.object = self._balance_html()

    def _push_classes(self, *_: Any) -> None:  # noqa: ANN401
        self.card.classes = self._classes()

    def _push_round(self, *_: Any) -> None:  # noqa: ANN401
        self.card.round_number = self.state.round_number
        self.stopping.object = stopping_line(latest_advice(self.state))

    def _push_active(self, *_: Any) -> None:  # noqa: ANN401
        self.card.active = self.state.page == "Label"

    def _open_picked(self, *_: Any) -> None:  # noqa: ANN401
        if self.state.page == "Label" and self.state.picked_row >= 0:
            self.card.open_key = self.state.context.project.pool.key(self.state.picked_row)

    def _open_keys(self, keys: list[str]) -> None:
        self.card.open_keys = keys

    def _open_wanted(self, *_: Any) -> None:  # noqa: ANN401
        if self.state.wanted_keys:
            self.card.open_keys = list(self.state.wanted_keys)
            self.state.wanted_keys = []

    def _note_current(self, *_: Any) -> None:  # noqa: ANN401
        self.state.current_row = self.card.current_row
