"""The card "Say what you seek": words, an example item or criteria, for a class or for none; and what came of it."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.components.class_select import ClassSelect
from app.components.layout import html, panel, stack, stylesheet
from app.components.seek_rows import seek_row
from app.components.text_entry import TextEntry, write
from app.debounce import Debounced
from app.seek_state import SeekState
from app.session import DashboardState
from labeling.people import Role
from labeling.seeks import TEXT_MAX_BYTES, Seek, SeekKind

COUNT_PAUSE_MS = 300
NAME_PAUSE_MS, NAME_LONGEST_MS = 200, 2000
NO_ITEM = "no item is on the card yet"
TITLE = "Say what you seek"
WHAT_IT_DOES = (
    "Optional: tell what you look for, and the next proposals begin with the items that fit best. It is trusted as far "
    "as your labels confirm it."
)
NAMES_COUNT = "The names and descriptions of your classes are sought already."
KIND_LABELS = {SeekKind.WORDS: "Words", SeekKind.EXAMPLE: "Example item", SeekKind.CRITERIA: "Criteria"}
KIND_SX = {"& .MuiToggleButton-root": {"whiteSpace": "nowrap", "px": 1.25}}
NO_CLASS = "– no class –"
SHOWN_COLUMNS = 40
OPEN_SX = {"justifyContent": "flex-start", "px": 0, "py": 0, "textTransform": "none", "minWidth": 0}


class SeekCard:
    """Views of the form and the list over a state."""

    def __init__(self, dashboard: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state.

        Args:
            dashboard: the tab's state.
            document: the tab's bokeh Document.
        """
        self.dashboard = dashboard
        self.state = SeekState(dashboard)
        self._make_fields()
        self._rows: dict[int, tuple[tuple[Any, ...], Any]] = {}
        self.list = stack()
        self.list.css_classes = ["gp-stack", "gp-seeks"]
        self.empty = html(css_class="gp-seek-empty")
        self.toggle = pmui.Button(variant="text", margin=0, sx=OPEN_SX, on_click=self._toggle)
        self.may_seek = may(dashboard.context, Role.ANNOTATOR)
        fields = [self.intro, self.kind, self.about.view, self.words, self.example, self.criteria, self.add]
        self.form = stack(*(fields if self.may_seek else []), self.problem, self.empty, self.list)
        self.form.visible = self.state.untouched
        self._link(document)
        self._show_kind()
        self._show_classes()
        self._show_list()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel(TITLE, self.toggle, self.form)

    def _make_fields(self) -> None:
        state = self.state
        notes = [WHAT_IT_DOES] + (
            [NAMES_COUNT] if state.abilities.words else [state.abilities.words_obstacle]
        )
        self.intro = html("".join(f'<p class="gp-quiet">{escape(_sentence(note))}</p>' for note in notes))
        self.kind = pmui.RadioButtonGroup(
            options={KIND_LABELS[SeekKind(kind)]: kind for kind in state.kinds},
            value=state.kind,
            size="small",
            sx=KIND_SX,
            margin=0,
        )
        self.about = ClassSelect(
            "For class",
            none=NO_CLASS,
            on_choose=lambda class_id: setattr(state, "class_id", class_id),
            sizing_mode="stretch_width",
        )
        self.words = _field("What you look for, in words", "a card that was lost or stolen")
        self.key = _field("Key of the item", NO_ITEM)
        self.example = self.key
        self.condition = _field("Criteria on columns", "u - g < 0.6 and z > 18")
        self.count = html()
        self.criteria = stack(self.condition, self.count, html(_columns_html(state.abilities.columns)))
        self.add = pmui.Button(label="Seek this", color="primary", margin=0, on_click=self._add)
        self.problem = html(visible=False)

    def _link(self, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        state, dashboard = self.state, self.dashboard
        self.kind.param.watch(lambda event: setattr(state, "kind", event.new or state.kind), "value")
        for field, name in ((self.words, "words"), (self.key, "item_key"), (self.condition, "criteria")):
            field.param.watch(lambda event, name=name: setattr(state, name, event.new or ""), "value_input")
            TextEntry(field, document, lambda: pn.state.execute(self._add))
            state.param.watch(lambda event, field=field: _show_text(field, event.new), name)
        counting = Debounced(document, self._count, pause_ms=COUNT_PAUSE_MS)
        state.param.watch(counting.ask, ["criteria"])
        state.param.watch(lambda *_: self._show_kind(), ["kind"])
        state.param.watch(lambda *_: self._show_said(), ["problem", "matching", "matching_wrong", "busy"])
        dashboard.param.watch(lambda *_: self._show_classes(), ["classes_version"])
        dashboard.param.watch(
            lambda *_: self._show_list(), ["seeks_version", "round_number", "classes_version"]
        )
        dashboard.param.watch(lambda *_: self._note_card(), ["current_row"])
        # Put off, so that it never delays the acknowledgement of a label.
        naming = Debounced(document, self._show_card_key, pause_ms=NAME_PAUSE_MS, longest_ms=NAME_LONGEST_MS)
        state.param.watch(naming.ask, ["card_key"])

    async def _add(self, *_: Any) -> None:  # noqa: ANN401
        await self.state.add()

    def _count(self) -> None:
        pn.state.execute(self.state.count)

    def _toggle(self, *_: Any) -> None:  # noqa: ANN401
        self.form.visible = not self.form.visible
        self._show_toggle()

    def _note_card(self) -> None:
        row = self.dashboard.current_row
        self.state.card_key = self.dashboard.context.project.pool.key(row) if row >= 0 else ""

    def _show_card_key(self) -> None:
        key = self.state.card_key
        self.key.placeholder = f"{key}, the item on the card" if key else NO_ITEM

    def _show_toggle(self) -> None:
        number = len(self.state.seeks)
        what = (
            "nothing yet"
            if not number
            else "1 thing is sought"
            if number == 1
            else f"{number} things are sought"
        )
        self.toggle.label = f"Hide ({what})" if self.form.visible else f"Show ({what})"

    def _show_kind(self) -> None:
        kind = self.state.kind
        self.kind.value = kind
        self.words.visible = kind == SeekKind.WORDS
        self.example.visible = kind == SeekKind.EXAMPLE
        self.criteria.visible = kind == SeekKind.CRITERIA
        self.add.label = "Seek more like this" if kind == SeekKind.EXAMPLE else "Seek this"

    def _show_said(self) -> None:
        state = self.state
        self.problem.object = f'<p class="gp-problem" role="alert">{escape(state.problem)}</p>'
        self.problem.visible = bool(state.problem)
        style = "gp-seek-problem" if state.matching_wrong else "gp-quiet"
        self.count.object = f'<p class="{style}" role="status">{escape(state.matching)}</p>'
        self.add.param.update(loading=state.busy, disabled=state.busy)

    def _show_classes(self) -> None:
        self.about.show(self.state.classes, self.state.class_id)

    def _show_list(self) -> None:
        """Bring the list up to date; a row whose content stays is kept, so that the focus is not lost."""
        reports = self.state.reports
        names = {entry.id: (entry.name, entry.colour or "#8793a0") for entry in self.state.classes}
        rows: dict[int, tuple[tuple[Any, ...], Any]] = {}
        for seek in reversed(self.state.seeks):
            name, colour = names.get(seek.class_id or 0, ("", ""))
            text = seek_row(seek, class_name=name, colour=colour, report=reports.get(seek.id))
            known = self._rows.get(seek.id)
            rows[seek.id] = (
                known if known is not None and known[0] == (text,) else ((text,), self._line(seek, text))
            )
        if [row for _, row in rows.values()] != list(self.list):
            self.list[:] = [row for _, row in rows.values()]
        self._rows = rows
        self.empty.object = "" if rows else '<p class="gp-quiet">Nothing more is sought yet.</p>'
        self.empty.visible = not rows
        self._show_toggle()

    def _line(self, seek: Seek, text: str) -> Any:  # noqa: ANN401 - a Panel layout
        async def withdraw(*_: Any) -> None:  # noqa: ANN401
            await self.state.withdraw(seek.id)

        button = pmui.Button(label="Withdraw", variant="text", size="small", margin=0, on_click=withdraw)
        return pn.Column(
            html(text), *([button] if self.may_seek else []), css_classes=["gp-seek-line"], stylesheets=[stylesheet()],
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip


def _field(label: str, placeholder: str) -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.TextInput(
        label=label,
        placeholder=placeholder,
        max_length=TEXT_MAX_BYTES,
        size="small",
        sizing_mode="stretch_width",
        margin=0,
    )


def _show_text(field: Any, text: str) -> None:  # noqa: ANN401 - a Panel widget
    """Show a text that did not come from the field itself: it is emptied once what it held is stored."""
    if text != (field.value_input or ""):
        write(field, text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _columns_html(columns: tuple[str, ...]) -> str:
    shown = " ".join(f"<code>{escape(name)}</code>" for name in columns[:SHOWN_COLUMNS])
    more = f" and {len(columns) - SHOWN_COLUMNS} more" if len(columns) > SHOWN_COLUMNS else ""
    return (
        f'<p class="gp-quiet">Columns: {shown}{more}. Join comparisons by and, or, not; '
        "in and is missing work too. A name with spaces stands in backticks.</p>"
    )
