"""Labels given by one act: a page confirmed at once is stored whole, and one undo takes it back whole.

A group needs no table of its own. Its uid begins with GROUP_PREFIX, and the annotations in it are called after it and
their place, `confirm-…-0007`. The undos of a group are called after the undo in
the same way. So a retry stores everything once, and the history of any item reads as if each had been labelled alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import Act, NewAnnotation, recent, record
from labeling.current import undone
from labeling.errors import AnnotationInvalidError, UndoRefusedError
from labeling.tables import AnnotationTable

GROUP_PREFIX = "confirm-"
GROUP_MAX = 200
"""Items of one group, at most."""

STRATEGY = "confirm"
"""What is stored as the strategy of such labels, so that they can be told from others."""

_GROUP_UID = re.compile(r"(?:confirm|undo)-[A-Za-z0-9]{8,40}")
_PLACED = re.compile(r"(confirm-[A-Za-z0-9]{8,40})-[0-9]{4}")


@dataclass(frozen=True)
class NewGroup:
    """A page as it was confirmed.

    Attributes:
        uid: made in the browser: `confirm-` and 8 to 40 letters or digits; stored once.
        labels: (item key, class id) pairs: the confirmed class for most, another for an exception that was named.
        class_id: the class that was confirmed.
        round_number: the round whose model filled the page.
        shown_ms: how long the page was on the screen.
    """

    uid: str
    labels: tuple[tuple[str, int], ...]
    class_id: int
    round_number: int | None = None
    shown_ms: int | None = None


@dataclass(frozen=True)
class RecordedGroup:
    """What became of a group.

    Attributes:
        stored: labels that are stored, now or by an earlier delivery.
        duplicate: whether all of them were stored before already.
        taken: keys of items left as they were, since somebody had said something of them meanwhile.
    """

    stored: int
    duplicate: bool
    taken: tuple[str, ...]


@dataclass(frozen=True)
class LastGroup:
    """The group that the next undo takes back.

    Attributes:
        uid: the group's uid.
        class_id: the class that was confirmed, where it is known.
        count: labels of it that still count.
    """

    uid: str
    class_id: int | None
    count: int


def record_group(session: Session, *, group: NewGroup, annotator_id: int, now: datetime) -> RecordedGroup:
    """Store the labels of a page; safe, all of them or none, once the caller's transaction is committed.

    An item of which something was said since the page was made keeps that: it is left out and named in the answer.

    Raises:
        AnnotationInvalidError: a wrong uid, too many items, an item twice, or see `labeling.annotations.record`.
        AnnotationConflictError: the uid is stored already, with other content.
    """
    _check_group_uid(group.uid, prefix=GROUP_PREFIX)
    keys = [key for key, _ in group.labels]
    if len(keys) > GROUP_MAX or len(set(keys)) != len(keys):
        raise AnnotationInvalidError(
            f"a page holds at most {GROUP_MAX} items, each once; this one has {len(keys)}, {len(set(keys))} of them "
            "different"
        )
    uids = _member_uids(group.uid, len(keys))
    known = _stored_uids(session, uids)
    busy = _busy_keys(session, keys)
    taken, numbers = [], []
    for uid, (key, class_id) in zip(uids, group.labels, strict=True):
        if uid not in known and key in busy:
            taken.append(key)
            continue
        new = NewAnnotation(
            uid=uid,
            item_key=key,
            act=Act.LABEL,
            class_id=class_id,
            round_number=group.round_number,
            strategy=STRATEGY,
            suggested_class_id=group.class_id,
            shown_ms=group.shown_ms,
        )
        numbers.append(record(session, new=new, annotator_id=annotator_id, now=now))
    duplicate = bool(numbers) and all(entry.duplicate for entry in numbers)
    return RecordedGroup(stored=len(numbers), duplicate=duplicate, taken=tuple(taken))


def undo_group(
    session: Session, *, group_uid: str, undo_uid: str, annotator_id: int, now: datetime
) -> tuple[str, ...]:
    """Take back every label of a group that still counts; the same undo again changes nothing.

    Args:
        session: of a write transaction.
        group_uid: the group.
        undo_uid: made in the browser: `undo-` and 8 to 40 letters or digits.
        annotator_id: who undoes; only who confirmed the page may.
        now: the moment, in UTC.

    Returns:
        The keys of the items whose label was taken back, now or by an earlier delivery of the same undo.

    Raises:
        AnnotationInvalidError: a wrong uid.
        UndoRefusedError: nothing of the group is left to undo, or it is another annotator's.
    """
    _check_group_uid(group_uid, prefix=GROUP_PREFIX)
    _check_group_uid(undo_uid, prefix="undo-")
    before = _keys_of(session, _member_uids(undo_uid, GROUP_MAX))
    if before:
        return before
    statement = (
        sa.select(AnnotationTable.uid, AnnotationTable.item_key)
        .where(AnnotationTable.uid.in_(_member_uids(group_uid, GROUP_MAX)), ~undone(AnnotationTable.id))
        .order_by(AnnotationTable.id)
    )
    rows = session.execute(statement).all()
    if not rows:
        raise UndoRefusedError(f"nothing of the page {group_uid!r} is left to undo")
    for (uid, key), own in zip(rows, _member_uids(undo_uid, len(rows)), strict=True):
        new = NewAnnotation(uid=own, item_key=key, act=Act.UNDO, undoes_uid=uid)
        record(session, new=new, annotator_id=annotator_id, now=now)
    return tuple(key for _, key in rows)


def last_group(session: Session, *, annotator_id: int) -> LastGroup | None:
    """Return the page that the annotator confirmed last and did not take back; None where there is none.

    Only the latest acts are looked at, two pages' worth.
    """
    members = [
        (entry, found.group(1))
        for entry in recent(session, annotator_id=annotator_id, limit=2 * GROUP_MAX)
        if not entry.undone and (found := _PLACED.fullmatch(entry.uid)) is not None
    ]
    if not members:
        return None
    newest, uid = members[0]
    count = sum(1 for _, other in members if other == uid)
    return LastGroup(uid=uid, class_id=newest.suggested_class_id, count=count)


def _check_group_uid(uid: object, *, prefix: str) -> None:
    if not isinstance(uid, str) or not uid.startswith(prefix) or not _GROUP_UID.fullmatch(uid):
        raise AnnotationInvalidError(
            f"the page's uid must be {prefix!r} and 8 to 40 letters or digits, not {uid!r:.80}"
        )


def _member_uids(uid: str, count: int) -> list[str]:
    return [f"{uid}-{place:04d}" for place in range(count)]


def _stored_uids(session: Session, uids: Sequence[str]) -> set[str]:
    return set(session.execute(sa.select(AnnotationTable.uid).where(AnnotationTable.uid.in_(uids))).scalars())


def _keys_of(session: Session, uids: Sequence[str]) -> tuple[str, ...]:
    statement = sa.select(AnnotationTable.item_key).where(AnnotationTable.uid.in_(uids))
    return tuple(session.execute(statement.order_by(AnnotationTable.id)).scalars())


def _busy_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Return the keys of items on which an act counts."""
    statement = sa.select(AnnotationTable.item_key).where(
        AnnotationTable.item_key.in_(keys), AnnotationTable.act != Act.UNDO, ~undone(AnnotationTable.id)
    )
    return set(session.execute(statement).scalars())
