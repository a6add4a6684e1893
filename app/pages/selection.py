"""The selection on the Explore page: how items are chosen, what they are, and what is done with them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.components.class_select import ClassSelect
from app.components.contact_sheet import ContactSheet
from app.components.layout import bar, html, panel, stack
from app.components.text_entry import TextEntry
from app.debounce import Debounced
from app.items import item_view
from app.notices import tell_done
from app.selecting import ClassShare
from app.selection_state import ASK_ABOVE, SelectionState
from app.session import DashboardState
from labeling.people import Role

EMPTY = (
    '<div class="gp-empty"><h3>Choose many at once</h3><p>Draw around items with the lasso or the box above the map, '
    "or find them by what they hold. You can then label them together.</p></div>"
)
NO_CLASS = "– choose a class –"
REFRESH_PAUSE_MS = 250
LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""


class SelectionCard:
    """Views of the chosen items over a state."""

    def __init__(
        self,
        dashboard: DashboardState,
        document: Any,  # noqa: ANN401 - a bokeh Document
        *,
        choose_shown: Callable[[], Any],
    ) -> None:
        """Build the views and link them to the state.

        Args:
            dashboard: the tab's state.
            document: the tab's bokeh Document.
            choose_shown: a coroutine that chooses all that the map shows.
        """
        self.dashboard = dashboard
        self._choose_shown = choose_shown
        self.state = SelectionState(dashboard)
        self.query = _query_field(self.state)
        self.find = pmui.Button(label="Find", variant="outlined", margin=0, on_click=self._find)
        self.shown = pmui.Button(
            label="All that is shown", variant="outlined", margin=0, on_click=self._all_shown
        )
        self.summary = html(EMPTY)
        self.sheet = ContactSheet(sizing_mode="stretch_width", visible=False)
        self.about = ClassSelect(
            "Class",
            none=NO_CLASS,
            on_choose=lambda class_id: setattr(self.state, "class_id", class_id),
            width=190,
            margin=LABEL_ROOM,
        )
        self.label_button = pmui.Button(label="Label them", color="primary", margin=0, on_click=self._ask)
        self.first_button = pmui.Button(
            label="Label one by one", variant="outlined", margin=0, on_click=self._first
        )
        self.more_button = pmui.Button(
            label="Find more like these", variant="outlined", margin=0, on_click=self._more
        )
        self.clear_button = pmui.Button(label="Clear", variant="text", margin=0, on_click=self._clear)
        self.yes = pmui.Button(label="Yes, label them", color="primary", margin=0, on_click=self._label)
        self.no = pmui.Button(label="No", variant="outlined", margin=0, on_click=self._stop_asking)
        self.question = html()
        self.ask = stack(self.question, bar(self.yes, self.no))
        self.undo_button = pmui.Button(
            label="Undo", variant="outlined", margin=0, visible=False, on_click=self._undo
        )
        self.problem = html(visible=False)
        self.acts = bar(
            self.about.view, self.label_button, self.first_button, self.more_button, self.clear_button
        )
        self.may_label = may(dashboard.context, Role.ANNOTATOR)
        for acting in (self.about.view, self.label_button, self.first_button):
            acting.visible = self.may_label
        self._link(document)
        self._stop_asking()
        self._show_classes()
        self._show()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        fields = [self.query, self.find] if self.state.can_query else []
        find = bar(*fields, self.shown)
        return panel(
            "Selection", find, self.problem, self.summary, self.acts, self.ask, self.undo_button, self.sheet
        )

    def _link(self, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        state, dashboard = self.state, self.dashboard
        self.query.param.watch(lambda event: setattr(state, "query", event.new or ""), "value_input")
        TextEntry(self.query, document, lambda: pn.state.execute(self._find))
        self.sheet.param.watch(self._pick, "picked_row")
        state.param.watch(lambda *_: self._show(), ["version", "looked"])
        state.param.watch(self._stop_asking, "version")
        state.param.watch(lambda *_: self._show_said(), ["problem", "busy", "undoable", "class_id"])
        dashboard.param.watch(lambda *_: self._show_classes(), "classes_version")
        # Put off, and only while it is on show: a label on another page must not wait for it.
        refresh = Debounced(document, self._refresh, pause_ms=REFRESH_PAUSE_MS)
        dashboard.param.watch(refresh.ask, ["revision", "round_number", "classes_version", "page"])

    def _show_classes(self) -> None:
        self.about.show(self.dashboard.classes, self.state.class_id)

    def _refresh(self) -> None:
        if len(self.state.rows) and self.dashboard.page == "Explore":
            pn.state.execute(self.state.look_again)

    def _show(self) -> None:
        state = self.state
        chosen, summary = len(state.rows), state.summary
        self.summary.object = selection_html(chosen, state.how, summary.mix) if chosen else EMPTY
        pairs = zip(summary.sheet.tolist(), summary.sheet_codes.tolist(), strict=True)
        self.sheet.items = [self._tile(row, code) for row, code in pairs]
        self.sheet.visible = self.acts.visible = bool(chosen)
        self._show_said()

    def _show_said(self) -> None:
        state, count = self.state, self.state.summary.open_count
        self.problem.object = f'<p class="gp-problem">{escape(state.problem)}</p>'
        self.problem.visible = bool(state.problem)
        self.undo_button.visible = bool(state.undoable)
        self.label_button.label = f"Label {count:,} items" if count != 1 else "Label 1 item"
        self.label_button.disabled = state.busy or not count
        self.first_button.disabled = not count
        self.find.disabled = self.shown.disabled = self.more_button.disabled = state.busy

    def _tile(self, row: int, code: int) -> dict[str, Any]:
        pool = self.dashboard.context.project.pool
        classes = self.dashboard.classes
        entry = classes[code] if 0 <= code < len(classes) else None
        return {
            "key": pool.key(row),
            "row": row,
            "label": entry.name if entry is not None else "",
            "colour": (entry.colour or "") if entry is not None else "",
            **item_view(pool, row),
        }

    def _pick(self, event: Any) -> None:  # noqa: ANN401 - a param event
        if event.new >= 0:
            self.dashboard.picked_row = -1
            self.dashboard.picked_row = int(event.new)

    async def _all_shown(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self._choose_shown()

    async def _more(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.choose_more()

    async def _find(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.choose_matching()

    async def _ask(self, *_: Any) -> None:  # noqa: ANN401 - a click
        count = self.state.summary.open_count
        name = next((each.name for each in self.dashboard.classes if each.id == self.state.class_id), "")
        if count <= ASK_ABOVE or not name:
            await self._label()
            return
        self.question.object = (
            f"<p><strong>Give {count:,} items the label {escape(name)}?</strong> They are stored as one act, which one "
            "undo takes back.</p>"
        )
        self.ask.visible = True

    async def _label(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.ask.visible = False
        said = await self.state.label()
        if said:
            tell_done(said)

    def _stop_asking(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.ask.visible = False

    async def _undo(self, *_: Any) -> None:  # noqa: ANN401 - a click
        said = await self.state.undo()
        if said:
            tell_done(said)

    def _first(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.dashboard.wanted_keys = self.state.keys_to_label()
        self.dashboard.page = "Label"

    def _clear(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.state.clear()


def selection_html(count: int, how: str, mix: Sequence[ClassShare]) -> str:
    """Return how many items are chosen and what they are, as HTML; every text in it is escaped."""
    rows = "".join(_mix_row(share, count) for share in mix)
    items = "1 item" if count == 1 else f"{count:,} items"
    return (
        f'<p class="gp-count" role="status" aria-live="polite"><strong>{items}</strong> {escape(how)}</p>'
        '<table class="gp-fields"><thead><tr><th>class</th><td>labelled</td><td>predicted</td></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _mix_row(share: ClassShare, count: int) -> str:
    if not share.name:
        return f"<tr><th>no label or prediction</th><td></td><td>{share.predicted:,}</td></tr>"
    chip = f'<i class="gp-chip" style="background:{escape(share.colour)}"></i>' if share.colour else ""
    part = (share.labelled + share.predicted) / count
    return (
        f"<tr><th>{chip}{escape(share.name)} <small>{part:.0%}</small></th>"
        f"<td>{share.labelled:,}</td><td>{share.predicted:,}</td></tr>"
    )


def _query_field(state: SelectionState) -> Any:  # noqa: ANN401 - a Panel widget
    words = state.searches_texts
    return pmui.TextInput(
        label="Find texts that hold" if words else "Find items where",
        placeholder="words of the text" if words else _example(state),
        size="small",
        width=260,
        margin=LABEL_ROOM,
    )


def _example(state: SelectionState) -> str:
    columns = state.dashboard.context.project.pool.columns
    name = columns[0].name if columns else "x"
    return f"{name} > 0" if name.isidentifier() else f"`{name}` > 0"
