"""The named selections on the Explore page: saved, opened, renamed, deleted, taken along as a file."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.components.layout import bar, html, panel, stack
from app.components.text_entry import TextEntry, write
from app.notices import tell_done
from app.saved_state import SavedState
from app.selection_state import SelectionState
from labeling.people import Role
from labeling.selections import NamedSelection

EMPTY = (
    '<p class="gp-quiet">Nothing is saved yet. Choose items, give them a name, and they can be opened again any '
    "time.</p>"
)
LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""


class SavedCard:
    """Views of the named selections."""

    def __init__(self, selection: SelectionState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state.

        Args:
            selection: what is chosen in the tab.
            document: the tab's bokeh Document.
        """
        self.state = SavedState(selection)
        self.name = pmui.TextInput(label="Name", size="small", width=190, margin=LABEL_ROOM)
        self.save = _button("Save these items", self._save, variant="outlined")
        self.list = pmui.Select(label="Saved", options=[], size="small", width=260, margin=LABEL_ROOM)
        self.open = _button("Open", self._open, variant="outlined")
        self.rename = _button("Rename", self._ask_name, variant="text")
        self.delete = _button("Delete", self._ask_delete, variant="text")
        self.file = html()
        self.new_name = pmui.TextInput(label="New name", size="small", width=190, margin=LABEL_ROOM)
        self.naming = bar(
            self.new_name, _button("Rename it", self._rename), _button("Cancel", self._close, variant="text")
        )
        self.question = html()
        self.deleting = stack(
            self.question,
            bar(
                _button("Yes, delete it", self._delete, color="error"),
                _button("No", self._close, variant="outlined"),
            ),
        )
        self.said = html(EMPTY)
        self.problem = html(visible=False)
        self.saving = bar(self.name, self.save)
        self.present = bar(self.list, self.open, self.rename, self.delete, self.file)
        self.may_save = may(selection.dashboard.context, Role.ANNOTATOR)
        self.rename.visible = self.delete.visible = self.may_save
        self._titles: dict[str, int] = {}
        self._link(selection, document)
        self._close()
        self._show()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel(
            "Named selections",
            self.saving,
            self.problem,
            self.said,
            self.present,
            self.naming,
            self.deleting,
        )

    def refresh(self) -> None:
        """Read the list anew."""
        pn.state.execute(self.state.refresh)

    def _link(self, selection: SelectionState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        TextEntry(self.name, document, lambda: pn.state.execute(self._save))
        TextEntry(self.new_name, document, lambda: pn.state.execute(self._rename))
        self.list.param.watch(self._pick, "value")
        selection.param.watch(lambda *_: self._show_saving(), "version")
        self.state.param.watch(lambda *_: self._show(), "version")
        self.state.param.watch(self._close, "picked_id")
        self.state.param.watch(lambda *_: self._show_said(), ["problem", "busy", "picked_id"])

    def _show(self) -> None:
        state = self.state
        self._titles = {_title(entry): entry.id for entry in state.entries}
        picked = state.picked
        self.list.param.update(
            options=list(self._titles), value=_title(picked) if picked is not None else None
        )
        self.present.visible = bool(state.entries)
        self._show_said()
        self._show_saving()

    def _show_said(self) -> None:
        state, picked = self.state, self.state.picked
        self.problem.object = f'<p class="gp-problem">{escape(state.problem)}</p>'
        self.problem.visible = bool(state.problem)
        self.said.object = EMPTY if picked is None else selection_line(picked)
        link = "" if picked is None else f'<a href="/api/selections/{picked.id}.csv" download>Keys as CSV</a>'
        self.file.object = link
        for button in (self.open, self.rename, self.delete):
            button.disabled = state.busy or picked is None
        self.save.disabled = state.busy

    def _show_saving(self) -> None:
        self.saving.visible = self.may_save and bool(len(self.state.selection.rows))

    def _pick(self, event: Any) -> None:  # noqa: ANN401 - a param event
        self.state.picked_id = self._titles.get(event.new, self.state.picked_id)

    async def _save(self, *_: Any) -> None:  # noqa: ANN401 - a click
        said = await self.state.save(self.name.value_input or "")
        if said:
            write(self.name, "")
            tell_done(said)

    async def _open(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.open()

    def _ask_name(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self._close()
        if self.state.picked is not None:
            write(self.new_name, self.state.picked.name)
            self.naming.visible = True

    async def _rename(self, *_: Any) -> None:  # noqa: ANN401 - a click
        said = await self.state.rename(self.new_name.value_input or "")
        if said:
            self._close()
            tell_done(said)

    def _ask_delete(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self._close()
        if self.state.picked is not None:
            self.question.object = (
                f"<p><strong>Delete the selection {escape(self.state.picked.name)}?</strong> Its items and their "
                "labels stay.</p>"
            )
            self.deleting.visible = True

    async def _delete(self, *_: Any) -> None:  # noqa: ANN401 - a click
        said = await self.state.delete()
        self._close()
        if said:
            tell_done(said)

    def _close(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.naming.visible = self.deleting.visible = False


def selection_line(entry: NamedSelection) -> str:
    """Return what a named selection is, as HTML; every text in it is escaped."""
    how = f"{escape(entry.how)} · " if entry.how else ""
    when = f"{entry.created_at:%Y-%m-%d %H:%M} UTC"
    return f'<p class="gp-quiet gp-count">{how}saved by {escape(entry.annotator)}, {when}</p>'


def _title(entry: NamedSelection) -> str:
    return f"{entry.name} · {entry.count:,} items"


def _button(label: str, act: Any, **options: Any) -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.Button(label=label, margin=0, on_click=act, **({"color": "primary"} | options))
