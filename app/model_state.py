"""What a person looks at on the Model page of one tab, without any widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import param

from app.model_data import column_names
from app.round_files import RoundMeaning, read_unseen
from app.session import DashboardState
from models.curves import Curves, Reliability, class_curves, mean_curves, reliability
from models.predictions import OutOfFoldPredictions

SHEET = 24
"""Items of a cell on the contact sheet."""


@dataclass(frozen=True)
class ModelFigures:
    """What out-of-fold predictions say of one class, or of all.

    Attributes:
        class_name: the class; empty for all.
        share: its estimated share of the pool; None for all classes, or where it is not known.
        curves: among the labels; None where there are too few.
        pool_curves: at its share of the pool; None likewise.
        reliability: whether the probabilities come true.
    """

    class_name: str
    share: float | None
    curves: Curves | None
    pool_curves: Curves | None
    reliability: Reliability | None


@dataclass(frozen=True)
class Cell:
    """Labels of one class that were predicted to be another, or the same.

    Attributes:
        given: name of the class they were given.
        predicted: name of the class predicted.
        rows: (c,) int64 rows in the pool, the surest prediction first.
        probabilities: (c,) float32 probability of the predicted class.
    """

    given: str
    predicted: str
    rows: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    @property
    def words(self) -> str:
        """What the items are, in words, to follow their number."""
        if self.given == self.predicted:
            return f"labelled {self.given} and recognised"
        return f"labelled {self.given}, taken for {self.predicted}"


class ModelState(param.Parameterized):
    """The class looked at and the cell chosen; what the last round's out-of-fold predictions say of them."""

    class_id = param.Integer(default=0, doc="Id of the class whose curves are shown; 0 for the mean of all.")
    cell = param.Parameter(
        default=None, doc="Ids of the given and the predicted class of the chosen cell; None for none."
    )

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start with all classes and no cell.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self._unseen: tuple[RoundMeaning | None, OutOfFoldPredictions | None] = (None, None)

    @property
    def unseen(self) -> OutOfFoldPredictions | None:
        """The last round's out-of-fold predictions; None where it has none of this pool."""
        meaning = self.dashboard.meaning
        if meaning is not self._unseen[0]:
            rounds = self.dashboard.context.project.paths.rounds
            found = None if meaning is None else read_unseen(rounds, meaning.number)
            self._unseen = (meaning, found)
        return self._unseen[1]

    @property
    def names(self) -> list[str]:
        """Names of the last round's classes, as they are called now, in the order of its columns."""
        meaning = self.dashboard.meaning
        return [] if meaning is None else column_names(meaning, self.dashboard.classes)

    def choose_cell(self, given: int, predicted: int) -> None:
        """Choose a cell by its columns; a cell outside the classes is no choice."""
        ids = self.dashboard.meaning.class_ids if self.dashboard.meaning is not None else ()
        inside = 0 <= given < len(ids) and 0 <= predicted < len(ids)
        self.cell = (ids[given], ids[predicted]) if inside else None

    def chosen(self) -> Cell | None:
        """Return the items of the chosen cell as the last round counts them; None where none is chosen."""
        meaning, unseen = self.dashboard.meaning, self.unseen
        if self.cell is None or meaning is None or unseen is None:
            return None
        if not set(self.cell) <= set(meaning.class_ids):
            return None
        given, predicted = (meaning.class_ids.index(each) for each in self.cell)
        places = unseen.in_cell(given, predicted)
        return Cell(
            given=self.names[given],
            predicted=self.names[predicted],
            rows=unseen.rows[places],
            probabilities=np.asarray(unseen.probabilities[places, predicted], np.float32),
        )

    def figures(self) -> Callable[[], ModelFigures]:
        """Return what computes the curves of the class looked at; to be called in a thread, it takes a while."""
        meaning, unseen, names, class_id = self.dashboard.meaning, self.unseen, self.names, self.class_id
        if meaning is None or unseen is None:
            return lambda: ModelFigures("", None, None, None, None)
        if class_id not in meaning.class_ids:
            return lambda: ModelFigures("", None, mean_curves(unseen), None, reliability(unseen))
        column = meaning.class_ids.index(class_id)
        share = meaning.prior[column] if len(meaning.prior) > column else 0.0
        return lambda: class_figures(unseen, column, name=names[column], share=share)


def class_figures(unseen: OutOfFoldPredictions, column: int, *, name: str, share: float) -> ModelFigures:
    """Compute what out-of-fold predictions say of one class.

    Args:
        unseen: the predictions.
        column: the class.
        name: what it is called.
        share: its estimated share of the pool; not known where it is not between 0 and 1.
    """
    known = 0.0 < share < 1.0
    return ModelFigures(
        class_name=name,
        share=share if known else None,
        curves=class_curves(unseen, column),
        pool_curves=class_curves(unseen, column, share=share) if known else None,
        reliability=reliability(unseen, column) if (unseen.labels == column).any() else None,
    )


def largest_confusions(counts: npt.NDArray[np.integer], *, most: int) -> list[tuple[int, int, int]]:
    """Return the cells off the diagonal that count most, the largest first.

    Args:
        counts: (k, k); row: label, column: predicted class.
        most: how many at most.

    Returns:
        (row, column, items) of each; cells without items are left out.
    """
    wrong = np.array(counts, np.int64)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = zip(*np.unravel_index(order, wrong.shape), wrong.ravel()[order], strict=True)
    return [(int(row), int(column), int(items)) for row, column, items in cells if items]


def most_confused(counts: npt.NDArray[np.integer], *, most: int) -> npt.NDArray[np.int64]:
    """Return the classes with the most items off the diagonal, in the order of the columns.

    Args:
        counts: (k, k); row: label, column: predicted class.
        most: how many at most.

    Returns:
        (c,) int64, ascending; all classes where there are no more than `most`.
    """
    wrong = np.array(counts, np.int64)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return np.sort(order[:most]).astype(np.int64)
