"""Where labels and proposals come from: who labelled an item, which round proposed it or first learned its label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.current import is_alone, standing
from labeling.tables import AnnotationTable, ProposalTable, RoundTable

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelOrigins:
    """Where the labels of items come from, oldest first; m items that have a label.

    Attributes:
        item_keys: m keys, each once.
        annotation_ids: (m,) int64, the annotation that counts, ascending.
        annotator_ids: (m,) int64, who made it.
        first_rounds: (m,) int64, the first finished round that learned from it; 0 where none has yet.
    """

    item_keys: tuple[str, ...]
    annotation_ids: IntArray
    annotator_ids: IntArray
    first_rounds: IntArray


def label_origins(session: Session) -> LabelOrigins:
    """Return where the labels of items come from; skipped, unsure and flagged items are left out."""
    counted = standing(alone=is_alone(session)).subquery("counted")
    statement = (
        sa.select(counted.c.item_key, counted.c.id, AnnotationTable.annotator_id)
        .join(AnnotationTable, AnnotationTable.id == counted.c.id)
        .where(counted.c.class_id.is_not(None))
        .order_by(counted.c.id)
    )
    rows = session.execute(statement).all()
    ids = np.array([row[1] for row in rows], np.int64)
    return LabelOrigins(
        item_keys=tuple(row[0] for row in rows),
        annotation_ids=ids,
        annotator_ids=np.array([row[2] for row in rows], np.int64),
        first_rounds=_first_rounds(session, ids),
    )


def proposal_rounds(session: Session) -> tuple[tuple[str, ...], IntArray]:
    """Return the keys of all items that any round proposed, and (m,) int64, the newest round that proposed each."""
    statement = sa.select(ProposalTable.item_key, sa.func.max(ProposalTable.round_number)).group_by(
        ProposalTable.item_key
    )
    rows = session.execute(statement).all()
    return tuple(row[0] for row in rows), np.array([row[1] for row in rows], np.int64)


def _first_rounds(session: Session, annotation_ids: IntArray) -> IntArray:
    statement = sa.select(RoundTable.number, RoundTable.revision).where(RoundTable.state == "done")
    rounds = session.execute(statement.order_by(RoundTable.number)).all()
    numbers = np.array([row[0] for row in rounds] + [0], np.int64)
    # A later round never saw fewer annotations than one before.
    revisions = np.array([row[1] for row in rounds], np.int64)
    return numbers[np.searchsorted(revisions, annotation_ids, side="left")]
