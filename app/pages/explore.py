"""The Explore page: the map at full size and the item that was picked on it."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from app.access import may
from app.components.layout import aside, bar, html, panel, stack
from app.components.raster_select import Line
from app.components.series_picture import series_svg
from app.cutouts import elsewhere
from app.debounce import Debounced
from app.notices import tell_done, tell_problem
from app.pages.columns import ColumnsCard
from app.pages.find import FindCard
from app.pages.plots import PlotsCard
from app.pages.pool_view import PoolView
from app.pages.saved import SavedCard
from app.pages.selection import SelectionCard
from app.seek_state import SeekState
from app.session import DashboardState
from labeling.annotations import history
from labeling.classes import list_classes
from labeling.people import Role
from labeling.seeks import SeekKind

RING_PAUSE_MS, AGAIN_PAUSE_MS = 10, 250
HISTORY_SHOWN = 8
TEXT_SHOWN = 3_000
"""Characters of a text that are shown beside the map; the label card shows all of it."""

EMPTY = (
    '<div class="gp-empty"><h3>Pick an item</h3><p>Click a point on the map to see the item here. '
    "Scroll to zoom, drag to move.</p></div>"
)


class ExplorePage:
    """Views of the Explore page over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state."""
        self.state = state
        self.selection = SelectionCard(state, document, choose_shown=self._choose_shown)
        self.saved = SavedCard(self.selection.state, document)
        self.pool_view = PoolView(state, document, page="Explore", height_px=620, on_line=self._drawn)
        self.plots = PlotsCard(self.pool_view, self.selection.state, document)
        self.columns = ColumnsCard(state) if state.context.project.pool.columns else None
        self.find = FindCard(state, document, self.pool_view.pick)
        self.detail = html(EMPTY)
        self.label_button = pmui.Button(
            label="Label this item", color="primary", visible=False, on_click=self._label_picked, margin=0
        )
        self.similar_button = pmui.Button(
            label="Find similar", variant="outlined", visible=False, on_click=self._find_similar, margin=0
        )
        self.seek_button = pmui.Button(
            label="Seek more like this",
            variant="outlined",
            visible=False,
            on_click=self._seek_picked,
            margin=0,
        )
        state.param.watch(self._show_picked, ["picked_row"])
        # Put off, and only while it is on show: a label on another page must not wait for it.
        again = Debounced(document, self._show_picked, pause_ms=AGAIN_PAUSE_MS)
        state.param.watch(again.ask, ["revision", "round_number", "page"])
        # The choice ends in a coroutine, which does not hold the document's lock that the figure needs.
        chosen = Debounced(document, self._show_chosen, pause_ms=RING_PAUSE_MS)
        self.selection.state.param.watch(chosen.ask, "version")
        state.param.watch(lambda *_: self._refresh_saved(), "page")
        self._refresh_saved()
        state.param.watch(self._take_over, ["handed_over"])
        self._take_over()
        state.param.watch(self._look_at_columns, "columns_wanted")
        self._look_at_columns()

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        pool = panel(
            "The pool",
            self.pool_view.view(),
            note="Each point is an item; near points look alike to the model. Scroll to zoom, drag to move; with "
            "lasso or box, drag around items.",
        )
        columns = [] if self.columns is None else [self.columns.view()]
        return aside(
            stack(pool, *self.plots.views(), *columns),
            self.find.view(),
            self.selection.view(),
            self.saved.view(),
            panel("Item", self.detail, bar(self.label_button, self.similar_button, self.seek_button)),
        )

    def dispose(self) -> None:
        """Let go of what outlives a session otherwise."""
        self.pool_view.dispose()
        self.plots.dispose()

    def _show_picked(self, *_: Any) -> None:  # noqa: ANN401
        row = self.state.picked_row
        if row < 0 or self.state.page != "Explore":
            return
        self.detail.object = item_html(self.state, row)
        self.similar_button.visible = True
        self.label_button.visible = self.seek_button.visible = may(self.state.context, Role.ANNOTATOR)

    def _drawn(self, line: Line) -> None:
        # The positions that the line was drawn on: the map may be rearranged before its turn comes.
        pn.state.execute(partial(self.selection.state.choose_inside, line, self.pool_view.map.shown))

    def _look_at_columns(self, *_: Any) -> None:  # noqa: ANN401 - a param event
        if self.state.columns_wanted:
            self.state.columns_wanted = False
            if self.columns is not None:
                self.columns.look()

    def _refresh_saved(self) -> None:
        if self.state.page == "Explore":
            self.saved.refresh()

    async def _choose_shown(self) -> None:
        shown = self.pool_view.map
        await self.selection.state.choose_shown(shown.shown, whole=shown.shows_all)

    async def _find_similar(self, *_: Any) -> None:  # noqa: ANN401
        await self.selection.state.choose_similar(self.state.picked_row)

    def _take_over(self, *_: Any) -> None:  # noqa: ANN401
        """Choose what another page asks for."""
        wish = self.state.handed_over
        if wish is not None:
            self.state.handed_over = None
            pn.state.execute(partial(self.selection.state.choose_found, wish.find, wish.how))

    def _show_chosen(self) -> None:
        chosen = self.selection.state
        self.pool_view.map.show_chosen(chosen.rows, chosen.line if not chosen.place else None)

    def _label_picked(self, *_: Any) -> None:  # noqa: ANN401
        row = self.state.picked_row
        self.state.page = "Label"
        self.state.picked_row = -1
        self.state.picked_row = row

    async def _seek_picked(self, *_: Any) -> None:  # noqa: ANN401
        key = self.state.context.project.pool.key(self.state.picked_row)
        wish = SeekState(self.state)
        wish.param.update(kind=str(SeekKind.EXAMPLE), item_key=key)
        if await wish.add():
            tell_done(f"The next round looks for more like {key}; the Label page lists what is sought")
        else:
            tell_problem(wish.problem)


def item_html(state: DashboardState, row: int) -> str:
    """Return an item, its label and the model's view of it as HTML; every text in it is escaped."""
    pool = state.context.project.pool
    seen = pool.view(row)
    parts = [f'<h3 class="gp-key">{escape(seen.key)}</h3>']
    if seen.has_image:
        parts.append(f'<img class="gp-picture" alt="" src="/media/{row}?v={pool.hash[:12]}">')
    for picture in elsewhere(pool, row, state.context.project.config.views)["cutouts"]:
        parts.append(
            f'<img class="gp-picture" referrerpolicy="no-referrer" src="{escape(picture["url"])}" '
            f'alt="{escape(picture["name"])} did not send a picture: off line, or none there">'
        )
    if seen.text:
        parts.append(f'<p class="gp-text">{escape(_shortened(seen.text))}</p>')
    if seen.has_series:
        found = pool.series(row, row + 1)[0]
        parts.append("" if found is None else series_svg(found))
    if seen.problem:
        parts.append(f'<p class="gp-problem">{escape(seen.problem)}</p>')
    parts.append(_table("Item", seen.fields))
    parts.append(_table("Extra information", seen.extra))
    parts.append(_table("Label and model", _said_of(state, row)))
    parts.append(_table("History", _history_of(state, seen.key)))
    return "".join(parts)


def _said_of(state: DashboardState, row: int) -> list[tuple[str, str]]:
    names = [entry.name for entry in state.classes]
    code = state.label_code(row)
    said = [("label", names[code] if code >= 0 else "none yet")]
    if state.arrays is not None and state.meaning is not None:
        values = np.asarray(state.arrays.probabilities[row], dtype=np.float32)
        for column in np.argsort(-values)[:3]:
            said.append((state.meaning.class_names[column], f"{values[column]:.0%}"))
        said.append(("uncertainty", f"{float(state.arrays.uncertainty[row]):.0%}"))
    return said


def _history_of(state: DashboardState, key: str) -> list[tuple[str, str]]:
    """Return what people did with the item, newest first: when and who, and what they said."""
    with state.context.project.database.reading() as session:
        acts = history(session, item_key=key)[-HISTORY_SHOWN:]
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
    told = []
    for act in reversed(acts):
        words = [names.get(act.class_id or 0, ""), act.comment, "undone" if act.undone else ""]
        said = ": ".join([str(act.act), " · ".join(word for word in words if word)]).removesuffix(": ")
        told.append((f"{act.created_at:%Y-%m-%d %H:%M} · {act.annotator}", said))
    return told


def _shortened(text: str) -> str:
    if len(text) <= TEXT_SHOWN:
        return text
    return f"{text[:TEXT_SHOWN]}… ({len(text) - TEXT_SHOWN:,} characters more: press 'Label this item' to read on)"


def _table(title: str, pairs: Any) -> str:  # noqa: ANN401 - pairs of texts
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in pairs
    )
    return f'<h4>{title}</h4><table class="gp-fields">{rows}</table>' if rows else ""
