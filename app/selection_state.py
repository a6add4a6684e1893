"""What a person has chosen on the Explore page of one tab, without any widget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import param

from app import selecting
from app.attempts import Attempts
from app.components.raster_select import Line, rows_inside
from app.layouts import FloatArray
from app.likeness import similar_rows
from app.session import DashboardState

IntArray = npt.NDArray[np.int64]

SHEET, FIRST_MOST, SIMILAR = 24, 60, 24
"""Items on the contact sheet; items that may be sent to the label card; items like one."""

ASK_ABOVE = 50
"""Labelling more items than this at once is asked about first."""


@dataclass(frozen=True)
class Summary:
    """What the chosen items are.

    Attributes:
        open_count: how many have no label.
        mix: their classes, the largest first.
        sheet: (s,) int64, rows to look at: the nearest of items like one, evenly spaced ones of others.
        sheet_codes: (s,) int16 place of the label of each among the classes, -1 for none.
    """

    open_count: int = 0
    mix: tuple[selecting.ClassShare, ...] = ()
    sheet: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    sheet_codes: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))


class SelectionState(Attempts):
    """The chosen items and what is done with them. Views watch `version`, `busy` and `problem`."""

    version = param.Integer(default=0, doc="Counts up when other items are chosen.")
    looked = param.Integer(
        default=0, doc="Counts up when the same items are labelled or predicted otherwise."
    )
    how = param.String(default="", doc="How they were chosen, in words; empty while none are.")
    class_id = param.Integer(default=0, doc="Id of the class to give them; 0 for none yet.")
    query = param.String(default="", doc="The words or criteria typed to choose items by.")
    undoable = param.String(default="", doc="Uid of the group that was labelled last here; empty for none.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start with nothing chosen.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.rows: IntArray = np.empty(0, np.int64)
        self.line: Line | None = None
        self.place = ""
        self.summary = Summary()
        state.param.watch(self._forget_line, ["layout", "layout_version"])

    @property
    def searches_texts(self) -> bool:
        """Whether items are found by words they hold; else by criteria on columns."""
        return self.dashboard.context.project.pool.kind == "text"

    @property
    def can_query(self) -> bool:
        """Whether items can be found by what is typed."""
        return self.searches_texts or bool(self.dashboard.context.project.pool.columns)

    def open_rows(self) -> IntArray:
        """Return the chosen items without a label; reads the labels."""
        return self.rows[self.dashboard.label_codes()[self.rows] < 0]

    def clear(self) -> None:
        """Choose nothing."""
        self._choose(np.empty(0, np.int64), Summary(), "")

    async def choose_inside(
        self, line: Line, positions: FloatArray | None = None, *, place: str = ""
    ) -> None:
        """Choose the items inside a line drawn on the map or a plot.

        Args:
            line: in the units of the positions.
            positions: (n, 2) what was shown there when it was drawn, items without a position are never inside; None
                for where the map shows all items now.
            place: the plot that the line was drawn on, which alone shows it; empty for the map.
        """
        shown = self.dashboard.positions() if positions is None else positions
        await self._find(lambda: rows_inside(shown, *line), "inside the line", line=line, place=place)

    async def choose_shown(self, positions: npt.NDArray[np.float32], *, whole: bool) -> None:
        """Choose all items.

        Args:
            positions: (n, 2) float32; items without a position are left out, as those that the legend hides.
            whole: whether the legend hides none; then items without a position are chosen too.
        """
        if whole:
            await self._find(lambda: np.arange(len(positions)), "the whole pool")
        else:
            await self._find(
                lambda: np.flatnonzero(np.isfinite(positions).all(axis=1)), "all that the map shows"
            )

    async def choose_found(self, find: Callable[[], IntArray], how: str) -> None:
        """Choose what is found.

        Args:
            find: returns rows of the pool; called in a thread.
            how: how they were chosen, in words that follow their number.
        """
        await self._find(find, how)

    async def choose_similar(self, row: int) -> None:
        """Choose the items most like one."""
        project = self.dashboard.context.project
        find = partial(similar_rows, project, np.array([row], np.int64), count=SIMILAR)
        await self._find(find, f"most like {project.pool.key(row)}")

    async def choose_more(self) -> None:
        """Choose the items most like any of those that are chosen, without these."""
        rows = self.rows
        if not len(rows):
            self.problem = "Choose items first; then those most like them can be found."
            return
        if len(rows) == 1:
            await self.choose_similar(int(rows[0]))
            return
        find = partial(similar_rows, self.dashboard.context.project, rows, count=SIMILAR)
        await self._find(find, f"most like the {len(rows):,} that were chosen")

    async def choose_matching(self) -> None:
        """Choose the items that hold the words, or match the criteria, typed."""
        project, text = self.dashboard.context.project, self.query.strip()
        find = selecting.rows_holding if self.searches_texts else selecting.rows_where
        how = f"with {text!r}" if self.searches_texts else f"where {text}"
        if await self._find(lambda: find(project, text), how) and not len(self.rows):
            self.problem = f"No item {'holds' if self.searches_texts else 'matches'} {text!r}."

    async def look_again(self) -> None:
        """Look anew at what the chosen items are, after labels or predictions changed."""
        rows = self.rows
        reader = self.dashboard.context.reader
        summary = await asyncio.get_running_loop().run_in_executor(reader, self._summarise, rows)
        if rows is self.rows:
            self.summary = summary
            self.looked += 1

    async def label(self) -> str:
        """Give the chosen items the class; return what became of it, "" where it could not be done."""
        context, rows, class_id = self.dashboard.context, self.rows, self.class_id
        name = next((entry.name for entry in self.dashboard.classes if entry.id == class_id), "")
        if not name:
            self.problem = "Choose a class first."
            return ""
        stored = await self.attempt(context.writer, lambda: selecting.label_rows(context, rows, class_id))
        if stored is None:
            return ""
        uid, found = stored
        if found.stored:
            self.undoable = uid
            context.supervisor.wake()
        kept = f"; {len(found.taken):,} had an answer and keep it" if found.taken else ""
        return f"{found.stored:,} items labelled {name}{kept}"

    async def undo(self) -> str:
        """Take back what was labelled last here; return what became of it, "" where it could not be done."""
        context, uid = self.dashboard.context, self.undoable
        if not uid:
            return ""
        count = await self.attempt(context.writer, lambda: selecting.take_back(context, uid))
        self.undoable = ""
        if count is None:
            return ""
        context.supervisor.wake()
        return f"{count:,} labels taken back"

    def keys_to_label(self) -> list[str]:
        """Return the keys of chosen items without a label, for the label card: the first of them, evenly spaced."""
        rows = selecting.spread_rows(self.open_rows(), FIRST_MOST)
        return self.dashboard.context.project.pool.keys(rows)

    def _forget_line(self, *_: Any) -> None:  # noqa: ANN401
        """Forget a line on the map when the items move; what was chosen by it stays."""
        if not self.place:
            self.line = None

    async def _find(
        self, find: Callable[[], IntArray], how: str, *, line: Line | None = None, place: str = ""
    ) -> bool:
        """Choose what is found, and look at it, in one thread; return whether that could be done."""

        def look() -> tuple[IntArray, Summary]:
            rows = find()
            return rows, self._summarise(rows)

        found = await self.attempt(self.dashboard.context.reader, look)
        if found is not None:
            self._choose(*found, how, line=line, place=place)
        return found is not None

    def _summarise(self, rows: IntArray) -> Summary:
        """Return what some items are; runs in a thread and changes nothing of this object."""
        if not len(rows):
            return Summary()
        state = self.dashboard
        labels, predictions = state.label_codes(), state.prediction_codes()
        classes = [(entry.name, entry.colour or "") for entry in state.classes]
        sheet = selecting.spread_rows(rows, SHEET)
        return Summary(
            open_count=int(np.count_nonzero(labels[rows] < 0)),
            mix=tuple(selecting.class_mix(rows, labels, predictions, classes)),
            sheet=sheet,
            sheet_codes=labels[sheet],
        )

    def _choose(
        self, rows: IntArray, summary: Summary, how: str, *, line: Line | None = None, place: str = ""
    ) -> None:
        self.rows, self.summary, self.line, self.place = rows, summary, line, place
        self.param.update(version=self.version + 1, how=how, problem="")
