"""Many labels of one act stored together, and taken back together: one statement for all in place of one for each.

The same rules as in `labeling.annotations.record`: checked first, stored once, safe once the caller's transaction is
committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import (
    Act,
    NewAnnotation,
    Recorded,
    annotation_row,
    check_people_and_classes,
    check_values,
    record,
)
from labeling.checks import check_uid
from labeling.current import undone
from labeling.errors import (
    AnnotationConflictError,
    AnnotationInvalidError,
    DatabaseUnavailableError,
    LabelingError,
)
from labeling.tables import AnnotationTable

ASKED_AT_ONCE = 5_000
"""Values in one IN list; SQLite takes 32,766 parameters in a statement."""

NAMES = ("item_key", "act", "class_id", "annotator")
"""What of an annotation must be the same where it comes again."""

Value = TypeVar("Value")


def record_each(
    session: Session, *, news: Sequence[NewAnnotation], annotator_id: int, now: datetime
) -> list[Recorded | LabelingError]:
    """Store annotations of any act in their order; what is refused is told, and holds up none of the others.

    Args:
        session: of a write transaction.
        news: the annotations.
        annotator_id: whose.
        now: the moment, in UTC.

    Returns:
        For each, in order: what was stored, or why it was not (see `labeling.annotations.record`).

    Raises:
        DatabaseUnavailableError: nothing can be stored now; the caller's transaction is to be rolled back.
    """
    found: list[Recorded | LabelingError] = []
    for new in news:
        try:
            # What is refused was refused before anything of it was written: no savepoint is needed.
            found.append(record(session, new=new, annotator_id=annotator_id, now=now))
        except DatabaseUnavailableError:
            raise
        except LabelingError as refusal:
            found.append(refusal)
    return found


def record_labels(
    session: Session, *, labels: Sequence[NewAnnotation], annotator_id: int, now: datetime
) -> int:
    """Store many labels; those that are stored already with the same content stay as they are.

    Args:
        session: of a write transaction.
        labels: each of the act `label` or `adjudicate`, with a uid of its own.
        annotator_id: whose.
        now: the moment, in UTC.

    Returns:
        How many were not stored before.

    Raises:
        AnnotationInvalidError: another act, or see `labeling.annotations.record`.
        AnnotationConflictError: a uid comes twice, or is stored already with other content.
    """
    for new in labels:
        check_uid(new.uid, what="the annotation's uid")
        check_values(new)
        if new.act not in (Act.LABEL, Act.ADJUDICATE):
            raise AnnotationInvalidError(f"only labels are stored together, not the act {str(new.act)!r}")
    by_uid = {new.uid: new for new in labels}
    if len(by_uid) < len(labels):
        raise AnnotationConflictError(
            "an annotation's uid comes twice; every annotation needs one of its own"
        )
    known = _known(session, by_uid, annotator_id)
    for new in {(new.class_id, new.suggested_class_id): new for new in labels}.values():
        check_people_and_classes(session, new=new, annotator_id=annotator_id)
    fresh = [new for new in labels if new.uid not in known]
    _insert(
        session, [annotation_row(new, annotator_id=annotator_id, now=now, undoes_id=None) for new in fresh]
    )
    return len(fresh)


def record_undos(
    session: Session,
    *,
    targets: Sequence[tuple[int, str]],
    uids: Sequence[str],
    annotator_id: int,
    now: datetime,
) -> None:
    """Store undos of many annotations that the caller knows to be the annotator's own and not undone.

    Args:
        session: of a write transaction.
        targets: number and item key of each annotation that is undone.
        uids: of the undos, one for each.
        annotator_id: who undoes.
        now: the moment, in UTC.

    Raises:
        AnnotationInvalidError: a wrong uid.
    """
    rows = []
    for (number, key), uid in zip(targets, uids, strict=True):
        check_uid(uid, what="the undo's uid")
        undo = NewAnnotation(uid=uid, item_key=key, act=Act.UNDO)
        rows.append(annotation_row(undo, annotator_id=annotator_id, now=now, undoes_id=number))
    _insert(session, rows)


def busy_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Return the keys of items on which an act counts.

    Args:
        session: of a transaction.
        keys: of the items asked for.
    """
    found: set[str] = set()
    for part in in_parts(keys):
        statement = sa.select(AnnotationTable.item_key).where(
            AnnotationTable.item_key.in_(part), AnnotationTable.act != Act.UNDO, ~undone(AnnotationTable.id)
        )
        found |= set(session.execute(statement).scalars())
    return found


def in_parts(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Return the values in parts that fit into one IN list."""
    for start in range(0, len(values), ASKED_AT_ONCE):
        yield values[start : start + ASKED_AT_ONCE]


def _known(session: Session, by_uid: dict[str, NewAnnotation], annotator_id: int) -> set[str]:
    """Return the uids that are stored already, with the same content."""
    columns = (
        AnnotationTable.item_key,
        AnnotationTable.act,
        AnnotationTable.class_id,
        AnnotationTable.annotator_id,
    )
    known: set[str] = set()
    for part in in_parts(list(by_uid)):
        for uid, *stored in session.execute(
            sa.select(AnnotationTable.uid, *columns).where(AnnotationTable.uid.in_(part))
        ):
            new = by_uid[uid]
            given = (new.item_key, new.act, new.class_id, annotator_id)
            different = [name for name, old, value in zip(NAMES, stored, given, strict=True) if old != value]
            if different:
                raise AnnotationConflictError(
                    f"annotation {uid!r} is stored already with another {', '.join(different)}; every annotation needs "
                    "a uid of its own"
                )
            known.add(uid)
    return known


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:  # the transaction's write lock keeps others from storing one of the uids meanwhile
        session.execute(sa.insert(AnnotationTable), rows)
