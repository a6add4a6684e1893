"""What a person has chosen on the Explore page of one tab, without any widget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import param

from app import selecting
from app.components.raster_select import Line, rows_inside
from app.layouts import FloatArray
from app.session import DashboardState
from config.errors import GoldpanError

Result = TypeVar("Result")
IntArray = npt.NDArray[np.int64]

SHEET, FIRST_MOST, SIMILAR = 24, 60, 24
"""Items on the contact sheet; items that may be sent to the label card; items like one."""

ASK_ABOVE = 50
"""Labelling more items than this at once is asked about first."""


class SelectionState(param.Parameterized):
    """The chosen items and what is done with them. Views watch `version`, `busy` and `problem`."""

    version = param.Integer(default=0, doc="Counts up when other items are chosen.")
    how = param.String(default="", doc="How they were chosen, in words; empty while none are.")
    class_id = param.Integer(default=0, doc="Id of the class to give them; 0 for none yet.")
    query = param.String(default="", doc="The words or criteria typed to choose items by.")
    problem = param.String(default="", doc="Why the last thing could not be done; empty if it could.")
    busy = param.Boolean(default=False, doc="Whether something is being looked for or stored.")
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
        state.param.watch(self._forget_line, ["layout", "layout_version"])
        state.param.watch(self._take_over, "handed_over")
        self._take_over()

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

    def mix(self, labels: npt.NDArray[np.int16]) -> list[selecting.ClassShare]:
        """Return what the chosen items are, by class.

        Args:
            labels: (n,) as of `DashboardState.label_codes`.
        """
        state = self.dashboard
        classes = [(entry.name, entry.colour or "") for entry in state.classes]
        return selecting.class_mix(self.rows, labels, state.prediction_codes(), classes)

    def sheet(self) -> IntArray:
        """Return the rows to look at: the nearest of items like one, evenly spaced ones of others."""
        return selecting.spread_rows(self.rows, SHEET)

    def clear(self) -> None:
        """Choose nothing."""
        self._choose(np.empty(0, np.int64), "")

    async def choose_inside(self, line: Line, positions: FloatArray | None = None) -> None:
        """Choose the items inside a line drawn on the map.

        Args:
            line: the line.
            positions: (n, 2) where the map showed the items when it was drawn; None for where it shows them now.
        """
        shown = self.dashboard.positions() if positions is None else positions
        rows = await self._attempt(self.dashboard.context.reader, lambda: rows_inside(shown, *line))
        if rows is not None:
            self._choose(rows, "inside the line", line=line)

    async def choose_similar(self, row: int) -> None:
        """Choose the items most like one."""
        project = self.dashboard.context.project
        rows = await self._attempt(
            self.dashboard.context.reader, lambda: selecting.similar_rows(project, row, count=SIMILAR)
        )
        if rows is not None:
            self._choose(rows, f"most like {project.pool.key(row)}")

    async def choose_class(self, class_id: int) -> None:
        """Choose the items that are labelled with a class, or that the model takes for it and nobody labelled."""
        state = self.dashboard
        place = next((at for at, entry in enumerate(state.classes) if entry.id == class_id), None)
        if place is None:
            return
        rows = await self._attempt(
            state.context.reader,
            lambda: selecting.rows_of_class(state.label_codes(), state.prediction_codes(), place),
        )
        if rows is not None:
            self._choose(rows, f"labelled or predicted {state.classes[place].name}")

    async def choose_matching(self) -> None:
        """Choose the items that hold the words, or match the criteria, typed."""
        project, text = self.dashboard.context.project, self.query.strip()
        find = selecting.rows_holding if self.searches_texts else selecting.rows_where
        rows = await self._attempt(self.dashboard.context.reader, lambda: find(project, text))
        if rows is not None:
            self._choose(rows, f"with {text!r}" if self.searches_texts else f"where {text}")
            if not len(rows):
                self.problem = f"No item {'holds' if self.searches_texts else 'matches'} {text!r}."

    async def label(self) -> str:
        """Give the chosen items the class; return what became of it, "" where it could not be done."""
        context, rows, class_id = self.dashboard.context, self.rows, self.class_id
        name = next((entry.name for entry in self.dashboard.classes if entry.id == class_id), "")
        if not name:
            self.problem = "Choose a class first."
            return ""
        stored = await self._attempt(context.writer, lambda: selecting.label_rows(context, rows, class_id))
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
        count = await self._attempt(context.writer, lambda: selecting.take_back(context, uid))
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
        """Forget the line when the items move; what was chosen by it stays."""
        self.line = None

    def _take_over(self, *_: Any) -> None:  # noqa: ANN401 - a param event
        handed = self.dashboard.handed_over
        if handed is not None:
            self._choose(handed.rows, handed.how)

    def _choose(self, rows: IntArray, how: str, *, line: Line | None = None) -> None:
        self.rows, self.line = rows, line
        self.param.update(version=self.version + 1, how=how, problem="")

    async def _attempt(self, executor: ThreadPoolExecutor, step: Callable[[], Result]) -> Result | None:
        if self.busy:
            return None
        self.param.update(busy=True, problem="")
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, step)
        except GoldpanError as problem:
            self.problem = str(problem)
            return None
        finally:
            self.busy = False
