"""What people say they look for: words, example items, or criteria on columns, each for a class or for none.

Appended, never changed: taking a seek back is a row of its own, so that it stays readable what was sought when. Whether
an item is in the pool and whether criteria can be read is for the caller to check; here only what can be stored is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from labeling.checks import KEY_MAX, checked_integer, checked_text
from labeling.errors import SeekError
from labeling.tables import AnnotatorTable, LabelClassTable, SeekTable

TEXT_MAX_BYTES = 10_000
"""Of what a person types, in UTF-8."""

KEYS_MAX = 100
"""Example items of one seek."""

OPEN_MAX = 100
"""Seeks that are open at once: each is a column of numbers as long as the pool."""

_WITHDRAWAL = "withdrawal"


class SeekKind(StrEnum):
    """How a person says what they look for."""

    WORDS = "words"
    EXAMPLE = "example"
    CRITERIA = "criteria"


@dataclass(frozen=True)
class NewSeek:
    """What a person says they look for; `add_seek` checks it.

    Attributes:
        kind: one of SeekKind.
        class_id: the class it is about, None for none.
        text: the words or criteria; for an example a remark, which may be empty.
        item_keys: the keys of the example items; empty for the other kinds.
    """

    kind: str
    class_id: int | None = None
    text: str = ""
    item_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seek:
    """What a person said they look for, as it is stored.

    Attributes:
        id: its number; higher is later.
        kind: words, example or criteria.
        class_id: the class it is about, None for none.
        text: the words or criteria.
        item_keys: the keys of the example items.
        annotator: the name of who said it.
        created_at: when.
        withdrawn_at: when it was taken back, None while it is open.
        withdrawn_by: the name of who took it back, "" while it is open.
    """

    id: int
    kind: SeekKind
    class_id: int | None
    text: str
    item_keys: tuple[str, ...]
    annotator: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""


@dataclass(frozen=True)
class PastSeek:
    """A seek that was said elsewhere.

    Attributes:
        new: what was said.
        annotator_id: who said it.
        created_at: when.
        withdrawn_at: when it was taken back, None where it is open.
        withdrawn_by_id: who took it back, None where it is open.
    """

    new: NewSeek
    annotator_id: int
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by_id: int | None = None


def add_seek(session: Session, *, new: NewSeek, annotator_id: int, now: datetime) -> Seek:
    """Store what a person says they look for; the same thing said again is stored once.

    Args:
        session: of a write transaction.
        new: what was said.
        annotator_id: who said it.
        now: the moment, in UTC.

    Returns:
        The seek: the one that is open already where nothing is new.

    Raises:
        SeekError: a value cannot be used, the class or annotator is unknown, or too many seeks are open.
    """
    checked = _checked(session, new)
    _check_annotator(session, annotator_id)
    present = list_seeks(session)
    for entry in present:
        if (entry.kind, entry.class_id, entry.text, entry.item_keys) == (
            checked.kind,
            checked.class_id,
            checked.text,
            checked.item_keys,
        ):
            return entry
    if len(present) >= OPEN_MAX:
        raise SeekError(f"{len(present)} things are sought already; withdraw one before you add another")
    number = _append(session, checked, annotator_id=annotator_id, now=now)
    return next(entry for entry in list_seeks(session) if entry.id == number)


def withdraw_seek(session: Session, *, seek_id: int, annotator_id: int, now: datetime) -> Seek:
    """Take back what was said; a seek that is taken back already stays as it is.

    Args:
        session: of a write transaction.
        seek_id: the seek's number.
        annotator_id: who takes it back; anybody may.
        now: the moment, in UTC.

    Returns:
        The seek with the moment of its withdrawal.

    Raises:
        SeekError: there is no seek of that number, or no such annotator.
    """
    checked_integer(seek_id, what="the number of what is sought", error=SeekError, least=1, most=2**63 - 1)
    _check_annotator(session, annotator_id)
    found = _find(session, seek_id)
    if found.withdrawn_at is not None:
        return found
    _append_withdrawal(session, seek_id, annotator_id=annotator_id, now=now)
    return _find(session, seek_id)


def list_seeks(session: Session, *, withdrawn: bool = False, revision: int | None = None) -> list[Seek]:
    """Return what is sought, oldest first; with `withdrawn` also what was taken back.

    Args:
        session: of a transaction.
        withdrawn: whether to return those that were taken back too.
        revision: as it was at that `seek_revision`, the same for ever; None for now.
    """
    back, taker = aliased(SeekTable), aliased(AnnotatorTable)
    joined = back.withdraws_id == SeekTable.id
    if revision is not None:
        joined = sa.and_(joined, back.id <= revision)
    statement = (
        sa.select(SeekTable, AnnotatorTable.name, back.created_at, taker.name)
        .join(AnnotatorTable, AnnotatorTable.id == SeekTable.annotator_id)
        .outerjoin(back, joined)
        .outerjoin(taker, taker.id == back.annotator_id)
        .where(SeekTable.kind != _WITHDRAWAL)
        .order_by(SeekTable.id)
    )
    if revision is not None:
        statement = statement.where(SeekTable.id <= revision)
    if not withdrawn:
        statement = statement.where(back.id.is_(None))
    return [_frozen(*row) for row in session.execute(statement)]


def seek_revision(session: Session) -> int:
    """Return a number that grows with every seek that is added or taken back; 0 where there never was one."""
    return session.execute(sa.select(sa.func.coalesce(sa.func.max(SeekTable.id), 0))).scalar_one()


def restore_seeks(session: Session, *, entries: Sequence[PastSeek]) -> list[int]:
    """Store seeks that were said elsewhere, as they were, also those about classes archived since.

    Args:
        session: of a write transaction.
        entries: the seeks, oldest first.

    Returns:
        The number that each got, ascending.

    Raises:
        SeekError: a value cannot be used, or a class or annotator is unknown.
    """
    numbers = []
    for entry in entries:
        checked = _checked(session, entry.new, archived=True)
        _check_annotator(session, entry.annotator_id)
        numbers.append(_append(session, checked, annotator_id=entry.annotator_id, now=entry.created_at))
    taken_back = [
        (entry.withdrawn_at, number, entry.withdrawn_by_id or entry.annotator_id)
        for entry, number in zip(entries, numbers, strict=True)
        if entry.withdrawn_at is not None
    ]
    for moment, number, annotator_id in sorted(taken_back):
        _check_annotator(session, annotator_id)
        _append_withdrawal(session, number, annotator_id=annotator_id, now=moment)
    return numbers


def _checked(session: Session, new: NewSeek, *, archived: bool = False) -> NewSeek:
    if new.kind not in set(SeekKind):
        raise SeekError(f"the kind of what is sought is {new.kind!r:.40}; allowed are {', '.join(SeekKind)}")
    text = checked_text(new.text, what="what is sought", error=SeekError, longest=TEXT_MAX_BYTES).strip()
    size = len(text.encode())
    if size > TEXT_MAX_BYTES:
        raise SeekError(f"what is sought has {size} bytes; at most {TEXT_MAX_BYTES} are allowed")
    keys = _checked_keys(new.item_keys)
    if new.kind == SeekKind.EXAMPLE and not keys:
        raise SeekError("an example needs at least one item; pick one on the map or give its key")
    if new.kind != SeekKind.EXAMPLE and (keys or not text):
        raise SeekError(f"{new.kind} need a text and no items; for items choose {SeekKind.EXAMPLE}")
    _check_class(session, new.class_id, archived=archived)
    return NewSeek(kind=SeekKind(new.kind), class_id=new.class_id, text=text, item_keys=keys)


def _checked_keys(item_keys: Sequence[str]) -> tuple[str, ...]:
    if len(item_keys) > KEYS_MAX:
        raise SeekError(f"{len(item_keys)} example items are given; at most {KEYS_MAX} are allowed at once")
    checked = [
        checked_text(key, what="an item's key", error=SeekError, longest=KEY_MAX, shortest=1)
        for key in item_keys
    ]
    return tuple(dict.fromkeys(checked))


def _check_class(session: Session, class_id: int | None, *, archived: bool) -> None:
    if class_id is None:
        return
    checked_integer(class_id, what="the class's id", error=SeekError, least=1)
    row = session.get(LabelClassTable, class_id)
    if row is None:
        raise SeekError(f"there is no class with id {class_id}; load the classes again")
    if row.archived and not archived:
        raise SeekError(f"the class {row.name!r} is archived; restore it first or choose another one")


def _check_annotator(session: Session, annotator_id: int) -> None:
    checked_integer(annotator_id, what="the annotator's id", error=SeekError, least=1)
    if session.get(AnnotatorTable, annotator_id) is None:
        raise SeekError(f"there is no annotator with id {annotator_id}")


def _find(session: Session, seek_id: int) -> Seek:
    found = next((entry for entry in list_seeks(session, withdrawn=True) if entry.id == seek_id), None)
    if found is None:
        raise SeekError(f"nothing that is sought has the number {seek_id}; load the list again")
    return found


def _append(session: Session, new: NewSeek, *, annotator_id: int, now: datetime) -> int:
    row = SeekTable(
        kind=str(new.kind),
        class_id=new.class_id,
        text=new.text,
        item_keys=list(new.item_keys),
        annotator_id=annotator_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def _append_withdrawal(session: Session, seek_id: int, *, annotator_id: int, now: datetime) -> None:
    row = SeekTable(
        kind=_WITHDRAWAL,
        text="",
        item_keys=[],
        annotator_id=annotator_id,
        created_at=now,
        withdraws_id=seek_id,
    )
    session.add(row)
    session.flush()


def _frozen(row: SeekTable, annotator: str, withdrawn_at: datetime | None, withdrawn_by: str | None) -> Seek:
    return Seek(
        id=row.id,
        kind=SeekKind(row.kind),
        class_id=row.class_id,
        text=row.text,
        item_keys=tuple(row.item_keys),
        annotator=annotator,
        created_at=row.created_at,
        withdrawn_at=withdrawn_at,
        withdrawn_by=withdrawn_by or "",
    )
