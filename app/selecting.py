"""Many items at once: which match criteria or hold a text; what classes they have; labelled as one act.

Runs in the server's threads and imports no torch; nothing here is kept per session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from app.access import require
from app.context import ServerContext
from app.errors import RequestError
from app.project import Project
from labeling.clock import database_now
from labeling.groups import (
    SELECTION_MAX,
    SELECTION_PREFIX,
    NewGroup,
    RecordedGroup,
    record_group,
    undo_group,
)
from labeling.people import Role
from labeling.pools.criteria import matching_rows, parse_criteria

CHUNK_ROWS = 65_536
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassShare:
    """What a selection holds of one class.

    Attributes:
        name: the class; empty for items without a label or prediction.
        colour: its colour as hex.
        labelled: items with this label.
        predicted: items without a label that the model takes for it.
    """

    name: str
    colour: str
    labelled: int
    predicted: int


def rows_where(project: Project, text: str) -> IntArray:
    """Return the rows of the items that match criteria on columns.

    Raises:
        CriteriaError: they cannot be read; the message says what is allowed.
    """
    return np.flatnonzero(matching_rows(project.pool, parse_criteria(text, project.pool.columns)))


def rows_holding(project: Project, text: str) -> IntArray:
    """Return the rows of the items whose text holds some words, in any case.

    Raises:
        RequestError: no words are given.
        PoolKindError: the pool has no texts.
    """
    wanted = text.strip().casefold()
    if not wanted:
        raise RequestError("type the words that the texts shall hold")
    found = [
        start + place
        for start in range(0, project.pool.n, CHUNK_ROWS)
        for place, each in enumerate(project.pool.texts(start, min(start + CHUNK_ROWS, project.pool.n)))
        if wanted in each.casefold()
    ]
    return np.asarray(found, np.int64)


def class_mix(
    rows: IntArray,
    labels: npt.NDArray[np.int16],
    predictions: npt.NDArray[np.int16] | None,
    classes: Sequence[tuple[str, str]],
) -> list[ClassShare]:
    """Count what a selection holds, the largest first, and last what has neither label nor prediction.

    Args:
        rows: (m,) the chosen items.
        labels: (n,) place of each item's class in `classes`, -1 for none.
        predictions: (n,) likewise what the model takes it for; None without a model.
        classes: name and colour of each class.
    """
    given = labels[rows]
    counts = np.bincount(given[given >= 0], minlength=len(classes))
    guessed = np.full(len(rows), -1) if predictions is None else predictions[rows]
    guessed = np.where(given >= 0, -1, guessed)
    likely = np.bincount(guessed[guessed >= 0], minlength=len(classes))
    found = [
        ClassShare(name, colour, int(counts[place]), int(likely[place]))
        for place, (name, colour) in enumerate(classes)
        if counts[place] or likely[place]
    ]
    found.sort(key=lambda share: -(share.labelled + share.predicted))
    rest = int(np.count_nonzero((given < 0) & (guessed < 0)))
    return [*found, ClassShare("", "", 0, rest)] if rest else found


def spread_rows(rows: IntArray, count: int) -> IntArray:
    """Return at most `count` of the rows, evenly spaced, to look at."""
    taken = min(len(rows), count)
    return rows[(np.arange(taken) * len(rows)) // max(taken, 1)]


def rows_of_class(
    labels: npt.NDArray[np.int16], predicted: npt.NDArray[np.int16] | None, place: int
) -> npt.NDArray[np.int64]:
    """Return the rows of a class: those labelled so, and those without a label that the model takes for it.

    Args:
        labels: (n,) position of each item's label, -1 where it has none.
        predicted: (n,) position of its likeliest class; None without a model.
        place: position of the class.
    """
    of_it = labels == place
    if predicted is not None:
        of_it |= (labels < 0) & (predicted == place)
    return np.flatnonzero(of_it)


def label_rows(context: ServerContext, rows: IntArray, class_id: int) -> tuple[str, RecordedGroup]:
    """Give all items of a selection one label, in one transaction; items with an answer keep it.

    Args:
        context: the running server.
        rows: the chosen items.
        class_id: the class.

    Returns:
        The group's uid, which one undo takes back, and what became of it.

    Raises:
        RequestError: nothing is chosen, or too much.
        AnnotationInvalidError: there is no such class, or it is archived.
        AccessError: the person may not label.
    """
    if not 0 < len(rows) <= SELECTION_MAX:
        raise RequestError(
            f"{len(rows):,} items are chosen; choose between 1 and {SELECTION_MAX:,} to label them at once"
        )
    require(context, Role.ANNOTATOR)
    uid = f"{SELECTION_PREFIX}{uuid4().hex}"
    labels = tuple((key, class_id) for key in context.project.pool.keys(rows))
    with context.project.database.transaction() as session:
        found = record_group(
            session,
            group=NewGroup(uid=uid, labels=labels, class_id=class_id),
            annotator_id=context.annotator_id,
            now=database_now(session),
        )
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    return uid, found


def take_back(context: ServerContext, group_uid: str) -> int:
    """Take the labels of a selection back; return how many there were.

    Raises:
        UndoRefusedError: nothing of it is left to take back.
        AccessError: the person may not label.
    """
    require(context, Role.ANNOTATOR)
    with context.project.database.transaction() as session:
        keys = undo_group(
            session,
            group_uid=group_uid,
            undo_uid=f"undo-{uuid4().hex}",
            annotator_id=context.annotator_id,
            now=database_now(session),
        )
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    return len(keys)
