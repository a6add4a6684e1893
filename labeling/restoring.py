"""Takes over annotations that were made elsewhere, as they were: a shared config's, in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import Act, NewAnnotation, check_values
from labeling.checks import check_uid
from labeling.errors import AnnotationConflictError, AnnotationInvalidError, UndoRefusedError
from labeling.tables import AnnotationTable, AnnotatorTable, LabelClassTable


@dataclass(frozen=True)
class PastAnnotation:
    """An annotation that was made elsewhere.

    Attributes:
        new: what was done.
        annotator_id: who did it.
        created_at: when.
    """

    new: NewAnnotation
    annotator_id: int
    created_at: datetime


def restore_annotations(session: Session, *, entries: Sequence[PastAnnotation]) -> list[int]:
    """Store annotations that were made elsewhere, oldest first, also those of classes archived since.

    Args:
        session: of a write transaction.
        entries: the annotations; none of them may be stored already.

    Returns:
        The number that each got, ascending.

    Raises:
        AnnotationInvalidError: wrong or missing values, an unknown class or annotator.
        AnnotationConflictError: a uid comes twice.
        UndoRefusedError: an undo does not fit what comes before it.
    """
    _check_all(session, entries)
    numbers: dict[str, int] = {}
    batch: list[dict[str, Any]] = []
    for entry in entries:
        # The number of what is undone is known only when that is stored.
        if entry.new.undoes_uid is not None and entry.new.undoes_uid not in numbers:
            _store(session, batch, numbers)
        batch.append(_values(entry, numbers))
    _store(session, batch, numbers)
    return [numbers[entry.new.uid] for entry in entries]


def _check_all(session: Session, entries: Sequence[PastAnnotation]) -> None:
    known = {
        "annotator": set(session.execute(sa.select(AnnotatorTable.id)).scalars()),
        "class": set(session.execute(sa.select(LabelClassTable.id)).scalars()),
    }
    open_ones: dict[str, PastAnnotation] = {}
    seen: set[str] = set()
    for entry in entries:
        new = entry.new
        check_uid(new.uid, what="the annotation's uid")
        check_values(new)
        named = (
            ("annotator", entry.annotator_id),
            ("class", new.class_id),
            ("class", new.suggested_class_id),
        )
        for what, number in named:
            if number is not None and number not in known[what]:
                raise AnnotationInvalidError(f"annotation {new.uid!r}: there is no {what} with id {number}")
        if new.uid in seen:
            raise AnnotationConflictError(
                f"annotation {new.uid!r} comes twice; every annotation needs its own uid"
            )
        seen.add(new.uid)
        if new.act == Act.UNDO:
            _check_undo(entry, open_ones.pop(new.undoes_uid or "", None))
        else:
            open_ones[new.uid] = entry


def _check_undo(entry: PastAnnotation, undone: PastAnnotation | None) -> None:
    if undone is None:
        raise UndoRefusedError(
            f"annotation {entry.new.uid!r} undoes {entry.new.undoes_uid!r}, which does not come before it, is an undo "
            "or is undone already"
        )
    if (undone.annotator_id, undone.new.item_key) != (entry.annotator_id, entry.new.item_key):
        raise UndoRefusedError(
            f"annotation {entry.new.uid!r} undoes {entry.new.undoes_uid!r}, which is another annotator's or another "
            "item's"
        )


def _values(entry: PastAnnotation, numbers: dict[str, int]) -> dict[str, Any]:
    values = dict(vars(entry.new))
    undoes = values.pop("undoes_uid")
    values["act"] = str(entry.new.act)
    values["undoes_id"] = None if undoes is None else numbers[undoes]
    return {**values, "annotator_id": entry.annotator_id, "created_at": entry.created_at}


def _store(session: Session, batch: list[dict[str, Any]], numbers: dict[str, int]) -> None:
    """Insert the batch in its order, note the numbers it got, and empty it."""
    if not batch:
        return
    newest = sa.select(sa.func.coalesce(sa.func.max(AnnotationTable.id), 0))
    before = session.execute(newest).scalar_one()
    session.execute(sa.insert(AnnotationTable), batch)
    stored = sa.select(AnnotationTable.uid, AnnotationTable.id).where(AnnotationTable.id > before)
    numbers.update((row[0], row[1]) for row in session.execute(stored))
    batch.clear()
