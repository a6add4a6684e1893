"""The form on the Model page that draws an audit set, of the whole pool or of the items that match a criterion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any

import panel_material_ui as pmui

from app.access import may, require
from app.audit_frame import count_free
from app.audit_set import draw_audit_set
from app.background import Background
from app.components.layout import NUMBER_SX, bar, html, stack
from app.debounce import Debounced
from app.notices import tell_done, tell_problem
from app.session import DashboardState
from config.errors import GoldpanError
from labeling.people import Role
from labeling.pools.contract import Column
from labeling.pools.criteria_text import TEXT_MAX

FIRST_SIZE = 300
"""Items that are drawn unless another number is given; half an hour's work, and intervals of a few percent."""

LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""

COUNT_PAUSE_MS = 400

LEAST = 2
MOST = 100_000
HINT = (
    "With a criterion, only items that match it are drawn, and the figures hold for these alone. "
    "Without one they hold for the whole pool."
)


class AuditDrawForm:
    """A criterion, a number and a button, over a dashboard state."""

    def __init__(
        self,
        state: DashboardState,
        document: Any,  # noqa: ANN401 - a bokeh Document
        on_drawn: Callable[[str], None],
    ) -> None:
        """Build the views; `show` says whether something is drawn already.

        Args:
            state: the tab's dashboard state.
            document: the tab's bokeh Document.
            on_drawn: called with the criterion of a draw that was made, "" for none.
        """
        self.state, self._on_drawn = state, on_drawn
        self._background = Background(document, state.context.reader)
        self._suggested = {FIRST_SIZE}
        columns = state.context.project.pool.columns
        self.where = pmui.TextInput(
            label="Only items where",
            placeholder=example_of(columns),
            max_length=TEXT_MAX,
            size="small",
            width=300,
            margin=LABEL_ROOM,
            visible=bool(columns),
        )
        self.size = pmui.IntInput(
            label="Items",
            value=FIRST_SIZE,
            start=LEAST,
            end=MOST,
            size="small",
            width=120,
            margin=LABEL_ROOM,
            sx=NUMBER_SX,
        )
        self.button = pmui.Button(
            label="Draw an audit set", variant="outlined", on_click=self.press, margin=0
        )
        self.count = html()
        hint = html(f'<p class="gp-quiet">{HINT}</p>', visible=bool(columns))
        self.view = stack(bar(self.where, self.size, self.button), self.count, hint)
        self.view.visible = False
        counting = Debounced(document, self._count, pause_ms=COUNT_PAUSE_MS)
        self.where.param.watch(counting.ask, "value_input")

    def show(self, *, drawn: bool) -> None:
        """Show the form to whom it is for.

        Args:
            drawn: whether there is an audit set already.
        """
        self.view.visible = may(self.state.context, Role.REVIEWER)
        self.button.label = "Draw more" if drawn else "Draw an audit set"
        if not self._typed():
            self._suggest(self._left() // 4)

    def _typed(self) -> str:
        return (self.where.value_input or "").strip()

    def _left(self) -> int:
        """Return how many items nobody annotated, as far as the page knows."""
        status = self.state.status
        return self.state.context.readable - (0 if status is None else sum(count for _, count in status.acts))

    def _suggest(self, most: int) -> None:
        """Fill in a number, unless the person gave another: a small pool is not held out as a whole."""
        suggested = max(LEAST, min(FIRST_SIZE, most))
        # The browser may send an earlier one back that it was just showing.
        if self.size.value is None or self.size.value in self._suggested:
            self.size.value = suggested
        self._suggested.add(suggested)

    def _count(self) -> None:
        """Say how many items match what is typed, without holding up the page."""
        text = self._typed()
        if not text:
            self.count.object = ""
            self._suggest(self._left() // 4)
            # What is still being counted is void.
            self._background.ask(lambda: None, lambda _: None, failed=lambda _: None)
            return
        self._background.ask(lambda: self._counted(text), self._show_count, failed=self._fail)

    def _counted(self, text: str) -> tuple[int, int] | str:
        try:
            return count_free(self.state.context.project, text)
        except GoldpanError as problem:
            return str(problem)

    def _show_count(self, found: tuple[int, int] | str) -> None:
        if isinstance(found, str):
            self.count.object = f'<p class="gp-quiet" role="status">{escape(found)}</p>'
            return
        matching, free = found
        self.count.object = (
            f'<p class="gp-quiet" role="status">{matching:,} items match, {free:,} of them can be drawn: those that '
            "nobody has annotated and that are in no audit set.</p>"
        )
        self._suggest(free // 2)

    def _fail(self, message: str) -> None:
        self.count.object = f'<p class="gp-problem">{escape(message)}</p>'

    async def press(self, *_: Any) -> None:  # noqa: ANN401
        """Draw in the writer's thread: of a large pool that takes a second, and other pages must go on."""
        context, where = self.state.context, self._typed()
        size = FIRST_SIZE if self.size.value is None else int(self.size.value)
        self.button.param.update(loading=True, disabled=True)
        try:
            require(context, Role.REVIEWER)
            drawn = await asyncio.get_running_loop().run_in_executor(
                context.writer,
                lambda: draw_audit_set(
                    context.project, size=size, annotator_id=context.annotator_id, where=where
                ),
            )
        except GoldpanError as problem:
            tell_problem(str(problem))
            return
        finally:
            self.button.param.update(loading=False, disabled=False)
        context.supervisor.wake()
        tell_done(f"{len(drawn.new.item_keys)} items are drawn; label them on the Label page.")
        self.where.param.update(value="", value_input="")
        self._on_drawn(drawn.new.where)


def example_of(columns: tuple[Column, ...]) -> str:
    """Return a criterion on one of the columns, to show what one looks like."""
    numeric = next((column.name for column in columns if column.role == "numeric"), None)
    name = numeric or (columns[0].name if columns else "x")
    shown = name if name.isidentifier() else f"`{name}`"
    return f"{shown} > 0" if numeric else f"{shown} == 'a'"
