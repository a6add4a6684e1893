"""What people did with items: appended, never changed. A label is what the annotations on an item add up to.

What counts on an item is said in `labeling.current`: the last adjudication, else the class that most annotators' latest
acts give it. An undo is itself an annotation; only its own annotator may undo an annotation, once, and an undo cannot
be undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from labeling.checks import INTEGER_MAX, KEY_MAX, check_uid, checked_integer, checked_text
from labeling.current import is_alone, standing, undone
from labeling.errors import (
    AnnotationConflictError,
    AnnotationInvalidError,
    DatabaseUnavailableError,
    UndoRefusedError,
)
from labeling.labels import (
    Counts,
    LabelTable,
    ProposalOutcome,
    act_counts,
    changed_labels,
    class_counts,
    current_labels,
    proposal_outcomes,
    revision,
    update_counts,
)
from labeling.statements import LOOK, TO_UNDO, insert_once
from labeling.tables import AnnotationTable, AnnotatorTable

__all__ = [
    "Act",
    "Annotation",
    "Counts",
    "LabelTable",
    "NewAnnotation",
    "ProposalOutcome",
    "Recorded",
    "act_counts",
    "annotations_since",
    "changed_labels",
    "class_counts",
    "current_labels",
    "history",
    "proposal_outcomes",
    "recent",
    "record",
    "revision",
    "standing_annotations",
    "update_counts",
]

COMMENT_MAX = 2_000


class Act(StrEnum):
    """What a person can do with an item."""

    LABEL = "label"
    SKIP = "skip"
    UNSURE = "unsure"
    FLAG = "flag"
    UNDO = "undo"
    ADJUDICATE = "adjudicate"


@dataclass(frozen=True)
class NewAnnotation:
    """An annotation as it comes from the browser or a file; `record` checks it.

    Attributes:
        uid: made where the annotation was made, 8 to 64 letters, digits, `_` or `-`; stored once.
        item_key: the item's key in the pool.
        act: one of Act.
        class_id: for label and adjudicate the class, for every other act None.
        undoes_uid: for undo the uid of the annotation to undo, else None.
        comment: free text, up to COMMENT_MAX characters.
        round_number: the round that proposed the item, None where none did.
        strategy: the strategy that proposed it.
        kind: why it was proposed (discover, balance, refine), or how else it came to the person.
        suggested_class_id: the class the model suggested on the screen.
        shown_ms: how long the item was on the screen.
    """

    uid: str
    item_key: str
    act: str
    class_id: int | None = None
    undoes_uid: str | None = None
    comment: str = ""
    round_number: int | None = None
    strategy: str = ""
    kind: str = ""
    suggested_class_id: int | None = None
    shown_ms: int | None = None


@dataclass(frozen=True)
class Recorded:
    """The answer to `record`: the annotation's number, and whether it was stored before already."""

    id: int
    uid: str
    duplicate: bool


@dataclass(frozen=True)
class Annotation:
    """A stored annotation.

    Attributes:
        id: its number; higher is later, also across server processes.
        undone: whether a later annotation undid it.
        undoes_id: for an undo, the number of what it undid.
        undoes_uid: the same as its uid.
    """

    id: int
    uid: str
    item_key: str
    act: Act
    class_id: int | None
    annotator_id: int
    annotator: str
    created_at: datetime
    undoes_id: int | None
    undoes_uid: str | None
    undone: bool
    comment: str
    round_number: int | None
    strategy: str
    kind: str
    suggested_class_id: int | None
    shown_ms: int | None


def record(session: Session, *, new: NewAnnotation, annotator_id: int, now: datetime) -> Recorded:
    """Store an annotation. It is safe once the caller's transaction is committed.

    The same uid again, with the same content, is stored once: the first number comes back with `duplicate`
    True, also where it could not be stored any more today (its class was archived since).

    Raises:
        AnnotationInvalidError: wrong or missing values, an unknown class or annotator, an archived class.
        AnnotationConflictError: the uid is stored already, with other content.
        UndoRefusedError: there is no such annotation, it is another annotator's, of another item, an undo
            itself, or undone already.
        DatabaseUnavailableError: in a session of REPEATABLE READ, the same uid came from elsewhere meanwhile.
    """
    check_uid(new.uid, what="the annotation's uid")
    found = _look(session, new=new, annotator_id=annotator_id)
    if found.id is not None:
        return _stored(found, new=new, annotator_id=annotator_id)
    check_values(new)
    _check_found(found, new=new, annotator_id=annotator_id)
    undoes_id = _undoable(session, new=new, annotator_id=annotator_id) if new.act == Act.UNDO else None
    values = annotation_row(new, annotator_id=annotator_id, now=now, undoes_id=undoes_id)
    number = session.execute(insert_once(session.get_bind().dialect.name), values).scalar_one_or_none()
    if number is not None:
        return Recorded(id=number, uid=new.uid, duplicate=False)
    found = _look(session, new=new, annotator_id=annotator_id)
    if found.id is None:
        raise DatabaseUnavailableError(
            f"annotation {new.uid!r} is being stored by another process; try again"
        )
    return _stored(found, new=new, annotator_id=annotator_id)


def history(session: Session, *, item_key: str) -> list[Annotation]:
    """Return everything ever done to an item, oldest first, undone or not."""
    statement = _annotations().where(AnnotationTable.item_key == item_key).order_by(AnnotationTable.id)
    return _read(session, statement)


def recent(
    session: Session,
    *,
    annotator_id: int,
    limit: int,
    before: int | None = None,
    undos: bool = True,
    without: Iterable[str] = (),
) -> list[Annotation]:
    """Return the last annotations of an annotator, newest first.

    Args:
        session: of a transaction.
        annotator_id: whose.
        limit: how many at most.
        before: only those with a lower number; None for all.
        undos: whether acts of undoing are among them.
        without: beginnings of uids that are left out.
    """
    statement = _annotations().where(AnnotationTable.annotator_id == annotator_id)
    if before is not None:
        statement = statement.where(AnnotationTable.id < before)
    if not undos:
        statement = statement.where(AnnotationTable.act != Act.UNDO)
    for beginning in without:
        statement = statement.where(~AnnotationTable.uid.startswith(beginning, autoescape=True))
    return _read(session, statement.order_by(AnnotationTable.id.desc()).limit(max(0, limit)))


def standing_annotations(session: Session, *, revision: int) -> list[Annotation]:
    """Return the one annotation that counts on each annotated item at a label revision, oldest first."""
    counting = standing(revision=revision, alone=is_alone(session)).subquery("counting")
    statement = _annotations().join(counting, counting.c.id == AnnotationTable.id)
    return _read(session, statement.order_by(AnnotationTable.id))


def annotations_since(session: Session, *, revision: int) -> list[Annotation]:
    """Return the annotations with a higher number than `revision`, oldest first; 0 for all of them."""
    statement = _annotations().where(AnnotationTable.id > revision).order_by(AnnotationTable.id)
    return _read(session, statement)


def annotation_row(
    new: NewAnnotation, *, annotator_id: int, now: datetime, undoes_id: int | None
) -> dict[str, Any]:
    """Return the columns of an annotation that was checked.

    Args:
        new: the annotation.
        annotator_id: whose.
        now: the moment, in UTC.
        undoes_id: number of the annotation that an undo takes back; None for any other act.
    """
    return {
        "uid": new.uid,
        "item_key": new.item_key,
        "act": str(new.act),
        "class_id": new.class_id,
        "annotator_id": annotator_id,
        "created_at": now,
        "undoes_id": undoes_id,
        "comment": new.comment,
        "round_number": new.round_number,
        "strategy": new.strategy,
        "kind": new.kind,
        "suggested_class_id": new.suggested_class_id,
        "shown_ms": new.shown_ms,
    }


def check_people_and_classes(session: Session, *, new: NewAnnotation, annotator_id: int) -> None:
    """Check what only a database knows: who annotates, and of which class.

    Raises:
        AnnotationInvalidError: an unknown class or annotator, or an archived class.
    """
    _check_found(_look(session, new=new, annotator_id=annotator_id), new=new, annotator_id=annotator_id)


def _look(session: Session, *, new: NewAnnotation, annotator_id: int) -> Any:  # noqa: ANN401 - a row of LOOK
    """Return what the database knows of an annotation's uid, annotator and classes; values may be anything yet."""
    numbers = {
        "annotator_id": annotator_id,
        "class_id": new.class_id,
        "suggested_class_id": new.suggested_class_id,
    }
    usable = {name: number if _is_id(number) else None for name, number in numbers.items()}
    return session.execute(LOOK, {"uid": new.uid, **usable}).one()


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= INTEGER_MAX


def _check_found(found: Any, *, new: NewAnnotation, annotator_id: int) -> None:  # noqa: ANN401 - a row of LOOK
    checked_integer(annotator_id, what="the annotator's id", error=AnnotationInvalidError, least=1)
    if found.known_annotator is None:
        raise AnnotationInvalidError(f"there is no annotator with id {annotator_id}")
    names = (
        ("class", new.class_id, found.class_name),
        ("suggested class", new.suggested_class_id, found.suggested_name),
    )
    for what, class_id, name in names:
        if class_id is None:
            continue
        checked_integer(class_id, what=f"the {what}'s id", error=AnnotationInvalidError, least=1)
        if name is None:
            raise AnnotationInvalidError(f"there is no {what} with id {class_id}; load the classes again")
        if found.class_archived and what == "class":
            raise AnnotationInvalidError(f"the class {name!r} is archived; choose another one")


def _stored(found: Any, *, new: NewAnnotation, annotator_id: int) -> Recorded:  # noqa: ANN401 - a row of LOOK
    """Return what is stored under the uid; circumstances (round, time on screen) may differ."""
    names = ("item_key", "act", "class_id", "undoes_uid", "comment", "annotator")
    given = (new.item_key, new.act, new.class_id, new.undoes_uid, new.comment, annotator_id)
    stored = tuple(found)[1:7]
    different = [name for name, old, value in zip(names, stored, given, strict=True) if old != value]
    if different:
        raise AnnotationConflictError(
            f"annotation {new.uid!r} is stored already with another {', '.join(different)}; "
            "every annotation needs a uid of its own"
        )
    return Recorded(id=found.id, uid=new.uid, duplicate=True)


def check_values(new: NewAnnotation) -> None:
    """Check what can be checked without a database.

    Raises:
        AnnotationInvalidError: a value is wrong or missing, or does not go with the act.
    """
    invalid = AnnotationInvalidError
    if new.act not in list(Act):
        raise invalid(f"unknown act {new.act!r:.50}; allowed are {', '.join(Act)}")
    checked_text(new.item_key, what="the item's key", error=invalid, longest=KEY_MAX, shortest=1)
    checked_text(new.comment, what="the comment", error=invalid, longest=COMMENT_MAX)
    checked_text(new.strategy, what="the strategy's name", error=invalid, longest=64)
    checked_text(new.kind, what="the kind", error=invalid, longest=64)
    for what, number in (("the round's number", new.round_number), ("shown_ms", new.shown_ms)):
        if number is not None:
            checked_integer(number, what=what, error=invalid)
    needs_class = new.act in (Act.LABEL, Act.ADJUDICATE)
    if needs_class != (new.class_id is not None):
        raise invalid(f"the act {str(new.act)!r} {'needs a class' if needs_class else 'takes no class'}")
    if (new.act == Act.UNDO) != (new.undoes_uid is not None):
        raise invalid("undoes_uid must be given with the act 'undo', and with no other")


def _undoable(session: Session, *, new: NewAnnotation, annotator_id: int) -> int:
    check_uid(new.undoes_uid, what="undoes_uid")
    row = session.execute(TO_UNDO, {"uid": new.undoes_uid}).one_or_none()
    if row is None:
        raise UndoRefusedError(f"there is no annotation {new.undoes_uid!r} to undo")
    number, act, item_key, owner, is_undone = row
    refusals = {
        "is an undo, which cannot be undone; annotate the item again": act == Act.UNDO,
        "was made by another annotator; only its own annotator can undo it": owner != annotator_id,
        f"is of another item than {new.item_key!r}": item_key != new.item_key,
        "is undone already": is_undone,
    }
    for reason, refused in refusals.items():
        if refused:
            raise UndoRefusedError(f"annotation {new.undoes_uid!r} {reason}")
    return int(number)


def _annotations() -> sa.Select[*tuple[Any, ...]]:
    """Return the select of what an Annotation holds, in the order of its attributes."""
    undone_one = aliased(AnnotationTable)
    return (
        sa.select(
            AnnotationTable.id,
            AnnotationTable.uid,
            AnnotationTable.item_key,
            AnnotationTable.act,
            AnnotationTable.class_id,
            AnnotationTable.annotator_id,
            AnnotatorTable.name,
            AnnotationTable.created_at,
            AnnotationTable.undoes_id,
            undone_one.uid,
            undone(AnnotationTable.id),
            AnnotationTable.comment,
            AnnotationTable.round_number,
            AnnotationTable.strategy,
            AnnotationTable.kind,
            AnnotationTable.suggested_class_id,
            AnnotationTable.shown_ms,
        )
        .join(AnnotatorTable, AnnotatorTable.id == AnnotationTable.annotator_id)
        .outerjoin(undone_one, undone_one.id == AnnotationTable.undoes_id)
    )


def _read(session: Session, statement: sa.Select[*tuple[Any, ...]]) -> list[Annotation]:
    rows: Iterable[Any] = session.execute(statement)
    return [_annotation(*row) for row in rows]


def _annotation(*values: Any) -> Annotation:  # noqa: ANN401 - a row, as _annotations has it
    act, is_undone = Act(values[3]), bool(values[10])
    parts: tuple[Any, ...] = (*values[:3], act, *values[4:10], is_undone, *values[11:])
    return Annotation(*parts)
