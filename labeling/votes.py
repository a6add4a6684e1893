"""The votes of several people, read from the annotations: each one's latest standing label of each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.audit_set import held_out
from labeling.consensus.contract import IntArray, Votes
from labeling.current import undone
from labeling.labels import MERGED, merged_into
from labeling.tables import AnnotationTable, AnnotatorTable


@dataclass(frozen=True)
class VoteTable:
    """Votes with what their numbers mean.

    Attributes:
        votes: the votes; its classes are places in the `class_ids` that were asked for.
        item_keys: m keys, in the order of characters.
        annotators: a names, in the order of characters, of those who have votes.
        revision: the label revision this is the state of.
    """

    votes: Votes
    item_keys: tuple[str, ...]
    annotators: tuple[str, ...]
    revision: int

    @property
    def several(self) -> IntArray:
        """The items with votes of two people or more that no reviewer settled, ascending."""
        found = (self.votes.per_item >= 2) & (self.votes.settled < 0)
        return np.flatnonzero(found).astype(np.int64)


def read_votes(session: Session, *, class_ids: Sequence[int], revision: int) -> VoteTable:
    """Read who says which class of which item.

    An annotator's vote on an item is their latest act on it that is not undone, if it is a label; a skip, unsure or
    flag after it takes it back. An adjudication settles an item. A merge of classes is no vote: votes for a class that
    is out of use count for the one it was merged into, and for none where there is no such class. Items of the audit
    set take no part.

    The order of items and annotators is that of their names: the same project gives the same arrays on any machine.

    Args:
        session: of a transaction.
        class_ids: the classes that count, in the order of the columns.
        revision: as it was after that annotation.
    """
    columns = _columns(session, class_ids, revision)
    rows = [
        (key, name, columns[class_id])
        for key, name, class_id in session.execute(_latest_labels(revision))
        if class_id in columns
    ]
    settled = {
        key: columns[class_id]
        for key, class_id in session.execute(_latest_adjudications(revision))
        if class_id in columns
    }
    keys = sorted({row[0] for row in rows} | settled.keys())
    names = sorted({row[1] for row in rows})
    place = {key: number for number, key in enumerate(keys)}
    number = {name: column for column, name in enumerate(names)}
    found = np.array([(place[key], number[name], column) for key, name, column in rows], np.int64)
    found = found.reshape(-1, 3)
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    votes = Votes(
        items=found[:, 0].copy(),
        annotators=found[:, 1].copy(),
        classes=found[:, 2].copy(),
        settled=np.array([settled.get(key, -1) for key in keys], np.int64),
        annotator_count=len(names),
        class_count=len(class_ids),
    )
    return VoteTable(votes, tuple(keys), tuple(names), revision)


def voter_count(session: Session, *, revision: int | None = None) -> int:
    """Return how many people have given a label that is not undone: below 2 there is nothing to agree on.

    Args:
        session: of a transaction.
        revision: as it was after that annotation; None for now.
    """
    statement = sa.select(sa.func.count(AnnotationTable.annotator_id.distinct())).where(
        AnnotationTable.act == "label",
        AnnotationTable.strategy != MERGED,
        ~undone(AnnotationTable.id, revision=revision),
    )
    if revision is not None:
        statement = statement.where(AnnotationTable.id <= revision)
    return int(session.execute(statement).scalar_one())


def _columns(session: Session, class_ids: Sequence[int], revision: int) -> dict[int, int]:
    """Return the column that each class counts in, those merged into an open one too."""
    columns = {class_id: column for column, class_id in enumerate(class_ids)}
    merged = merged_into(session, open_ids=class_ids, revision=revision)
    return columns | {class_id: columns[into] for class_id, into in merged.items()}


def _latest_labels(revision: int) -> sa.Select[Any]:
    """Return the select of (item_key, annotator's name, class_id) of each annotator's standing label of each item."""
    place = sa.func.row_number().over(
        partition_by=(AnnotationTable.item_key, AnnotationTable.annotator_id),
        order_by=AnnotationTable.id.desc(),
    )
    ranked = (
        sa.select(
            AnnotationTable.item_key,
            AnnotationTable.annotator_id,
            AnnotationTable.act,
            AnnotationTable.class_id,
            place.label("place"),
        )
        .where(AnnotationTable.act.not_in(("undo", "adjudicate")), AnnotationTable.strategy != MERGED)
        .where(~held_out(AnnotationTable.item_key))
        .where(AnnotationTable.id <= revision, ~undone(AnnotationTable.id, revision=revision))
        .subquery("ranked")
    )
    return (
        sa.select(ranked.c.item_key, AnnotatorTable.name, ranked.c.class_id)
        .join(AnnotatorTable, AnnotatorTable.id == ranked.c.annotator_id)
        .where(ranked.c.place == 1, ranked.c.act == "label")
    )


def _latest_adjudications(revision: int) -> sa.Select[Any]:
    """Return the select of (item_key, class_id) of the adjudication that settles each item that has one."""
    place = sa.func.row_number().over(
        partition_by=AnnotationTable.item_key, order_by=AnnotationTable.id.desc()
    )
    ranked = (
        sa.select(AnnotationTable.item_key, AnnotationTable.class_id, place.label("place"))
        .where(AnnotationTable.act == "adjudicate", AnnotationTable.id <= revision)
        .where(~held_out(AnnotationTable.item_key))
        .where(~undone(AnnotationTable.id, revision=revision))
        .subquery("settling")
    )
    return sa.select(ranked.c.item_key, ranked.c.class_id).where(ranked.c.place == 1)
