"""Labels given by one act: a page confirmed, a selection on the map, a class merged. Stored and taken back whole.

A group needs no table of its own. Its uid begins with one of PREFIXES: pages and selections are stored here, checked
labels in `labeling.audits`, merged classes in `labeling.merging`, and all are taken back here. The annotations in it
are called after it and their place, `confirm-…-0007`, the undos of a group after the undo in the same way. So a retry
stores everything once, and the history of any item reads as if each had been labelled alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import Act, Annotation, NewAnnotation, recent
from labeling.audit_set import audit_keys_among
from labeling.bulk import busy_keys, record_labels, record_undos
from labeling.current import undone
from labeling.errors import AnnotationInvalidError, UndoRefusedError
from labeling.tables import AnnotationTable

GROUP_PREFIX, SELECTION_PREFIX, AUDIT_PREFIX, MERGE_PREFIX = "confirm-", "select-", "audit-", "merge-"
PREFIXES = (GROUP_PREFIX, SELECTION_PREFIX, AUDIT_PREFIX, MERGE_PREFIX)
GROUP_MAX, SELECTION_MAX = 200, 20_000
"""Items of one page, and of one selection, at most: storing more would keep everybody's labels waiting for seconds."""

STRATEGY, SELECTION_STRATEGY = "confirm", "select"
"""What is stored as the strategy of such labels, so that they can be told from others."""

_KINDS = {
    GROUP_PREFIX: ("page", GROUP_MAX, STRATEGY),
    SELECTION_PREFIX: ("selection", SELECTION_MAX, SELECTION_STRATEGY),
}
_GROUP_UID = re.compile(r"(?:confirm|select|audit|merge|undo)-[A-Za-z0-9]{8,40}")
_PLACED = re.compile(r"((?:confirm|select|audit|merge)-[A-Za-z0-9]{8,40})-[0-9]{4,6}")


@dataclass(frozen=True)
class NewGroup:
    """Labels as they were given by one act.

    Attributes:
        uid: `confirm-` or `select-` and 8 to 40 letters or digits; stored once.
        labels: (item key, class id) pairs: the confirmed class for most, another for an exception that was named.
        class_id: the class that was confirmed, or given to the selection.
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
        taken: keys of items left as they were, since somebody had said something of them meanwhile, or they are in the
            audit set.
    """

    stored: int
    duplicate: bool
    taken: tuple[str, ...]


@dataclass(frozen=True)
class LastGroup:
    """The group that the next undo takes back.

    Attributes:
        uid: the group's uid.
        class_id: the class that was confirmed, where it is known; of a merge the class that was merged; None for labels
            that were checked.
        count: labels of it that still count.
    """

    uid: str
    class_id: int | None
    count: int


def record_group(session: Session, *, group: NewGroup, annotator_id: int, now: datetime) -> RecordedGroup:
    """Store the labels of a group; safe, all of them or none, once the caller's transaction is committed.

    An item of which something was said since the page was made keeps that: it is left out and named in the answer; so
    is an item of the audit set.

    Raises:
        AnnotationInvalidError: a wrong uid, too many items, an item twice, or see `labeling.bulk.record_labels`.
        AnnotationConflictError: the uid is stored already, with other content.
    """
    check_group_uid(group.uid, tuple(_KINDS))
    what, most, strategy = _KINDS[group.uid[: group.uid.index("-") + 1]]
    keys = [key for key, _ in group.labels]
    if len(keys) > most or len(set(keys)) != len(keys):
        raise AnnotationInvalidError(
            f"a {what} holds at most {most:,} items, each once; this one has {len(keys):,}, {len(set(keys)):,} of them "
            "different"
        )
    known = set(session.execute(sa.select(AnnotationTable.uid).where(of_group(session, group.uid))).scalars())
    # An item of the audit set is labelled blind, by itself.
    busy = busy_keys(session, keys) | audit_keys_among(session, keys)
    taken, labels = [], []
    for uid, (key, class_id) in zip(member_uids(group.uid, len(keys)), group.labels, strict=True):
        if uid not in known and key in busy:
            taken.append(key)
            continue
        labels.append(
            NewAnnotation(
                uid=uid,
                item_key=key,
                act=Act.LABEL,
                class_id=class_id,
                round_number=group.round_number,
                strategy=strategy,
                suggested_class_id=group.class_id,
                shown_ms=group.shown_ms,
            )
        )
    fresh = record_labels(session, labels=labels, annotator_id=annotator_id, now=now)
    return RecordedGroup(stored=len(labels), duplicate=bool(labels) and not fresh, taken=tuple(taken))


def undo_group(
    session: Session, *, group_uid: str, undo_uid: str, annotator_id: int, now: datetime
) -> tuple[str, ...]:
    """Take back every label of a group that still counts; the same undo again changes nothing.

    Args:
        session: of a write transaction.
        group_uid: the group.
        undo_uid: made where the undo was asked for: `undo-` and 8 to 40 letters or digits.
        annotator_id: who undoes; only who gave the labels may.
        now: the moment, in UTC.

    Returns:
        The keys of the items whose label was taken back, now or by an earlier delivery of the same undo.

    Raises:
        AnnotationInvalidError: a wrong uid.
        UndoRefusedError: nothing of the group is left to undo, or it is another annotator's.
    """
    check_group_uid(group_uid, PREFIXES)
    check_group_uid(undo_uid, ("undo-",))
    before = session.execute(
        sa.select(AnnotationTable.item_key).where(of_group(session, undo_uid)).order_by(AnnotationTable.id)
    ).scalars()
    done = tuple(before)
    if done:
        return done
    statement = (
        sa.select(AnnotationTable.id, AnnotationTable.item_key, AnnotationTable.annotator_id)
        .where(of_group(session, group_uid), ~undone(AnnotationTable.id))
        .order_by(AnnotationTable.id)
    )
    rows = session.execute(statement).all()
    if not rows:
        raise UndoRefusedError(f"nothing of the group {group_uid!r} is left to undo")
    if any(owner != annotator_id for _, _, owner in rows):
        raise UndoRefusedError(
            f"the group {group_uid!r} was made by another annotator; only its own annotator can undo it"
        )
    record_undos(
        session,
        targets=[(number, key) for number, key, _ in rows],
        uids=member_uids(undo_uid, len(rows)),
        annotator_id=annotator_id,
        now=now,
    )
    return tuple(key for _, key, _ in rows)


def last_group(session: Session, *, annotator_id: int, prefix: str = GROUP_PREFIX) -> LastGroup | None:
    """Return the page that the annotator confirmed last and did not take back; None where there is none.

    Only the latest acts are looked at, two pages' worth beside groups of other kinds.

    Args:
        session: of a transaction.
        annotator_id: whose.
        prefix: of the kind of group: a page that was confirmed, unless another one is named.
    """
    others = [each for each in PREFIXES if each != prefix]
    members = [
        (entry, found.group(1))
        for entry in recent(session, annotator_id=annotator_id, limit=2 * GROUP_MAX, without=others)
        if not entry.undone and (found := _PLACED.fullmatch(entry.uid)) is not None
    ]
    if not members:
        return None
    newest, uid = members[0]
    count = sum(1 for _, other in members if other == uid)
    return LastGroup(uid=uid, class_id=_class_of(newest, uid), count=count)


def recent_steps(session: Session, *, annotator_id: int, limit: int) -> list[Annotation | LastGroup]:
    """Return what an annotator did last, newest first, a group as one step; acts of undoing are left out.

    Args:
        session: of a transaction.
        annotator_id: whose.
        limit: how many steps at most.
    """
    steps: list[Annotation | LastGroup] = []
    groups: list[str] = []
    before: int | None = None
    while len(steps) < limit:
        entries = recent(
            session,
            annotator_id=annotator_id,
            limit=limit,
            before=before,
            undos=False,
            without=[f"{uid}-" for uid in groups],
        )
        if not entries:
            break
        before = entries[-1].id
        for entry in entries:
            found = _PLACED.fullmatch(entry.uid)
            if found is None:
                steps.append(entry)
            elif found.group(1) not in groups:
                groups.append(found.group(1))
                steps.append(_group_of(session, groups[-1], entry))
    return steps[:limit]


def check_group_uid(uid: object, prefixes: Sequence[str]) -> None:
    """Refuse what is no group's uid.

    Args:
        uid: what was given.
        prefixes: the beginnings that are allowed.

    Raises:
        AnnotationInvalidError: it is none.
    """
    if not isinstance(uid, str) or not uid.startswith(tuple(prefixes)) or not _GROUP_UID.fullmatch(uid):
        raise AnnotationInvalidError(
            f"the group's uid must be {' or '.join(map(repr, prefixes))} and 8 to 40 letters or digits, not {uid!r:.80}"
        )


def member_uids(uid: str, count: int) -> list[str]:
    """Return the uids of the annotations in a group.

    Args:
        uid: the group's.
        count: how many there are.
    """
    return [f"{uid}-{place:04d}" for place in range(count)]


def of_group(session: Session, uid: str) -> sa.ColumnElement[bool]:
    """Return the condition that an annotation is called after a group: a range, which the index of uids serves."""
    column: sa.ColumnElement[str] = sa.type_coerce(AnnotationTable.uid, sa.String)
    if session.get_bind().dialect.name != "sqlite":  # a database of some language sorts signs otherwise
        column = column.collate("C")
    return sa.and_(column >= f"{uid}-", column < f"{uid}.")  # "." is the sign after "-"


def _group_of(session: Session, uid: str, member: Annotation) -> LastGroup:
    statement = sa.select(sa.func.count()).select_from(AnnotationTable)
    count = session.execute(statement.where(of_group(session, uid), ~undone(AnnotationTable.id))).scalar_one()
    return LastGroup(uid=uid, class_id=_class_of(member, uid), count=int(count))


def _class_of(member: Annotation, uid: str) -> int | None:
    """Return the class that a group is of; labels that were checked are of many."""
    return None if uid.startswith(AUDIT_PREFIX) else member.suggested_class_id
