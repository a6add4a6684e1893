"""The state of one open dashboard: what its views show, without any widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import param

from app.colouring import PLAIN
from app.context import ServerContext
from app.labelled import class_codes, predicted_codes
from app.layouts import LAYOUTS, FloatArray
from app.round_files import RoundArrays, RoundMeaning, read_arrays, read_meaning
from app.status import Status, describe_round
from app.visited import Visited
from labeling.classes import LabelClass
from labeling.people import Role

PAGES = ("Label", "Confirm", "Explore", "Balance", "Model", "Export")
REVIEW = "Review"
"""The page that is there where several people work, for those who may decide."""


@dataclass(frozen=True)
class HandedOver:
    """Items that one page chose for the map of another.

    Attributes:
        find: returns (m,) int64 rows in the pool; called in a thread.
        how: how they were chosen, in words that follow their number.
    """

    find: Callable[[], npt.NDArray[np.int64]]
    how: str


class DashboardState(param.Parameterized):
    """What one browser tab looks at. Views watch the parameters; only `apply` and the widgets' links set them."""

    page = param.Selector(default="Label", objects=[*PAGES, REVIEW], doc="The page that is shown.")
    dark = param.Boolean(default=False, doc="Whether the dark theme is on.")
    colour_by = param.String(
        default=PLAIN[0], doc="What the map's colours mean, as `views.map_colour` has it."
    )
    layout = param.Selector(
        default="arranged",
        objects=list(LAYOUTS),
        doc="The map's layout; the principal axes while there is no other.",
    )
    layout_version = param.Integer(
        default=0, doc="Counts up when a better layout of the map can be shown; 0 before the first."
    )
    current_row = param.Integer(default=-1, doc="Row of the item on the label card; -1 for none.")
    picked_row = param.Integer(default=-1, doc="Row of the item picked on the map; -1 for none.")
    visited_version = param.Integer(default=0, doc="Counts up when another item was looked at.")
    wanted_keys = param.List(default=[], doc="Keys of chosen items that the label card shall show next.")
    confirm_class = param.Integer(
        default=0, doc="Id of a class that the Confirm page shall show a page of; 0 for none."
    )
    handed_over = param.Parameter(
        default=None, doc="What the Explore page shall choose for another page, as HandedOver; None for none."
    )
    columns_wanted = param.Boolean(
        default=False, doc="Whether the Explore page shall show what each column is for."
    )
    audit_keys = param.List(default=[], doc="Keys of labelled items that the Confirm page shall check next.")
    team = param.Boolean(
        default=False, doc="Whether there is anything to review: several people, or gold items."
    )
    revision = param.Integer(default=0, doc="The label revision that is shown.")
    round_number = param.Integer(default=0, doc="The last finished round; 0 before the first.")
    classes_version = param.Integer(
        default=0, doc="Counts up when a class was added, renamed, recoloured or retired."
    )
    seeks_version = param.Integer(default=0, doc="Counts up when something was sought or withdrawn.")
    audit_left = param.Integer(default=0, doc="Items of the audit set that nobody has answered.")
    status_line = param.String(default="", doc="What the worker is doing, in one line.")
    busy_share = param.Number(
        default=None, allow_None=True, doc="Share of the running round that is done, 0 to 1."
    )
    failure = param.String(default="", doc="Why the last round failed; empty if it did not.")

    def __init__(self, context: ServerContext, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Make the state of a new tab, filled from the newest status.

        Args:
            context: the running server.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.context = context
        self.visited = Visited()
        self.param.watch(self._note_visit, ["current_row", "picked_row"])
        self.status: Status | None = None
        self._meaning: RoundMeaning | None = None
        self._arrays: RoundArrays | None = None
        if context.hub.status is not None:
            self.apply(context.hub.status)

    def apply(self, status: Status) -> None:
        """Take over a new status; parameters change at most once each."""
        before = self.status
        self.status = status
        if status.round_number != self.round_number or self._meaning is None:
            rounds = self.context.project.paths.rounds
            self._meaning = read_meaning(rounds, status.round_number)
            if (
                self._meaning is not None
                and self._meaning.hashes.get("pool") != self.context.project.pool.hash
            ):
                # A round over the pool as it was before `goldpan refresh` says nothing about today's rows.
                self._meaning = None
            self._arrays = read_arrays(rounds, status.round_number) if self._meaning is not None else None
        changed_classes = before is None or before.classes != status.classes
        running = status.running
        self.param.update(
            revision=status.revision,
            round_number=status.round_number,
            classes_version=self.classes_version + int(changed_classes),
            seeks_version=self.seeks_version + int(before is None or before.seeks != status.seeks),
            layout_version=status.layout.version,
            audit_left=status.audit_left,
            team=status.team or self.context.overlap.wanted.labels > 1,
            status_line=describe_round(status),
            busy_share=None if running is None else float(running.progress or 0.0),
            failure=status.failed.error or "" if status.failed is not None and running is None else "",
        )

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages that the person can go to, in order."""
        if not self.team or not self.context.person.role.may(Role.REVIEWER):
            return PAGES
        return (*PAGES[:-1], REVIEW, PAGES[-1])

    @property
    def theme(self) -> Literal["light", "dark"]:
        """The theme's name, as the charts take it."""
        return "dark" if self.dark else "light"

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """The open classes, in order."""
        return self.status.classes if self.status is not None else ()

    @property
    def meaning(self) -> RoundMeaning | None:
        """What the last round's arrays mean; None before the first round."""
        return self._meaning

    @property
    def arrays(self) -> RoundArrays | None:
        """The last round's arrays; None where it trained no model."""
        return self._arrays

    def positions(self) -> FloatArray:
        """Return (n, 2) float32: where the map shows each item; the same array until that changes."""
        return self.context.layouts.positions(self.layout)

    def choose_on_map(self, find: Callable[[], npt.NDArray[np.int64]], how: str) -> None:
        """Show items as the selection of the Explore page.

        Args:
            find: returns (m,) rows in the pool; called in a thread, so that it may look through the whole pool.
            how: how they were chosen, in words that follow their number.
        """
        self.handed_over = HandedOver(find, how)
        self.page = "Explore"

    def label_codes(self) -> npt.NDArray[np.int16]:
        """Return (n,) int16: position in `classes` of each item's label, -1 where it has none."""
        with self.context.project.database.reading() as session:
            ids = self.context.labelled.read(session)
        return class_codes(ids, [entry.id for entry in self.classes])

    def label_code(self, row: int) -> int:
        """Return the position in `classes` of one item's label, -1 where it has none."""
        with self.context.project.database.reading() as session:
            ids = self.context.labelled.read(session)
        return int(class_codes(ids[row : row + 1], [entry.id for entry in self.classes])[0])

    def prediction_codes(self) -> npt.NDArray[np.int16] | None:
        """Return (n,) int16: position in `classes` of each item's likeliest class; None without a model."""
        if self._arrays is None or self._meaning is None:
            return None
        ordered = [entry.id for entry in self.classes]
        return predicted_codes(self._arrays.predicted, self._meaning.class_ids, ordered)

    def _note_visit(self, event: Any) -> None:  # noqa: ANN401 - a param event
        if self.visited.add(event.new):
            self.visited_version += 1
