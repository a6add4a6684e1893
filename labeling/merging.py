"""Merges one class into another: its items get annotations of the other class, and it is archived.

A merge is something a person did to items, so it is stored as such: one annotation for each item that the class was
the label of, as one group (`labeling.groups`) that one undo takes back. The alternative, a note on the class that
every reader of labels follows, would change what the annotations added up to at past revisions: rounds could not be
repeated, running counts would be wrong without a new revision, and a shared config would need the note to mean the
same. This way the item's history says who merged what and when, and everything that reads labels (counts, rounds,
exports, shared configs) says the other class without knowing of merges. A class can be merged on, into a third one;
circles cannot arise, since a merged class is archived and nothing is merged into an archived one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import Act, NewAnnotation, annotation_row
from labeling.bulk import ASKED_AT_ONCE
from labeling.classes import archive_class, list_classes, restore_class
from labeling.current import is_alone, outvoting, standing
from labeling.errors import LabelClassError, UndoRefusedError
from labeling.groups import MERGE_PREFIX, check_group_uid, member_uids, of_group, undo_group
from labeling.labels import MERGED
from labeling.seeks import NewSeek, add_seek, list_seeks, withdraw_seek
from labeling.tables import AnnotationTable, LabelClassTable

MERGE_MAX = 200_000
"""Items that one merge gives another label: more would keep everybody's labels waiting for more than a few seconds."""


@dataclass(frozen=True)
class Merged:
    """What became of a merge.

    Attributes:
        items: how many items got the other class.
        duplicate: whether it had been stored before already.
    """

    items: int
    duplicate: bool


def merge_class(
    session: Session, *, class_id: int, into_id: int, uid: str, annotator_id: int, now: datetime
) -> Merged:
    """Give every item labelled with a class another class, and archive the first; the same uid again changes nothing.

    An item's adjudication is followed by an adjudication, as is a label that two other people or more gave, which one
    vote could not change; any other label by a label. The classes under the merged one
    come under the other; what is sought for it is sought for the other.

    Args:
        session: of a write transaction.
        class_id: the class to merge; it may be archived already.
        into_id: the class that its items get; it must be open.
        uid: `merge-` and 8 to 40 letters or digits, made where the merge was asked for.
        annotator_id: who merges.
        now: the moment, in UTC.

    Raises:
        LabelClassError: one of the classes is unknown, both are the same, the second is archived, or the first has
            more than MERGE_MAX labels.
        AnnotationInvalidError: a wrong uid.
    """
    check_group_uid(uid, (MERGE_PREFIX,))
    known = session.execute(
        sa.select(sa.func.count()).select_from(AnnotationTable).where(of_group(session, uid))
    ).scalar_one()
    if known:
        return Merged(items=known, duplicate=True)
    _check(session, class_id, into_id)
    items = _relabel(session, class_id, into_id, uid=uid, annotator_id=annotator_id, now=now)
    _move_children(session, class_id, into_id)
    _move_seeks(session, class_id, into_id, annotator_id=annotator_id, now=now)
    archive_class(session, class_id=class_id)
    return Merged(items=items, duplicate=False)


def undo_merge(
    session: Session, *, group_uid: str, undo_uid: str, annotator_id: int, now: datetime
) -> tuple[str, ...]:
    """Take a merge back: its items have the merged class again, which is in use again.

    Classes and seeks that came under the other class stay there.

    Args:
        session: of a write transaction.
        group_uid: the merge.
        undo_uid: made where the undo was asked for: `undo-` and 8 to 40 letters or digits.
        annotator_id: who undoes; only who merged may.
        now: the moment, in UTC.

    Returns:
        The keys of the items whose label was taken back, now or by an earlier delivery of the same undo.

    Raises:
        AnnotationInvalidError: a wrong uid.
        UndoRefusedError: nothing of the merge is left to undo, or it is another annotator's.
    """
    check_group_uid(group_uid, (MERGE_PREFIX,))
    merged = session.execute(
        sa.select(AnnotationTable.suggested_class_id).where(of_group(session, group_uid)).limit(1)
    ).scalar_one_or_none()
    if merged is None:
        raise UndoRefusedError(f"nothing of the merge {group_uid!r} is left to undo")
    keys = undo_group(session, group_uid=group_uid, undo_uid=undo_uid, annotator_id=annotator_id, now=now)
    restore_class(session, class_id=merged)
    return keys


def _check(session: Session, class_id: int, into_id: int) -> None:
    classes = {entry.id: entry for entry in list_classes(session, archived=True)}
    for number in (class_id, into_id):
        if number not in classes:
            raise LabelClassError(f"there is no class with id {number!r:.50}; load the classes again")
    into = classes[into_id]
    if class_id == into_id:
        raise LabelClassError(f"the class {into.name!r} cannot be merged into itself; choose another one")
    if into.archived:
        raise LabelClassError(
            f"the class {into.name!r} is archived, and nothing is merged into it; restore it first or choose another"
        )


def _relabel(
    session: Session, class_id: int, into_id: int, *, uid: str, annotator_id: int, now: datetime
) -> int:
    """Append an annotation of the other class for each item of the class; return how many there were."""
    counting = standing(alone=is_alone(session)).subquery("counting")
    found = session.execute(
        sa.select(counting.c.item_key, counting.c.act)
        .where(counting.c.class_id == class_id)
        .order_by(counting.c.id)
    ).all()
    if len(found) > MERGE_MAX:
        raise LabelClassError(
            f"the class has {len(found):,} labels; at most {MERGE_MAX:,} can be merged at once: merge the other way "
            "round, or archive it"
        )
    outvoted = outvoting(session, annotator_id=annotator_id)
    rows = [
        annotation_row(
            NewAnnotation(
                uid=member,
                item_key=key,
                act=Act.ADJUDICATE if outvoted.get(key, set()) - {into_id} else act,
                class_id=into_id,
                strategy=MERGED,
                suggested_class_id=class_id,
            ),
            annotator_id=annotator_id,
            now=now,
            undoes_id=None,
        )
        for member, (key, act) in zip(member_uids(uid, len(found)), found, strict=True)
    ]
    for start in range(0, len(rows), ASKED_AT_ONCE):
        session.execute(sa.insert(AnnotationTable), rows[start : start + ASKED_AT_ONCE])
    return len(rows)


def _move_children(session: Session, class_id: int, into_id: int) -> None:
    """Put the classes under one under another; where the other is among them, it takes the place of the first."""
    parents = {entry.id: entry.parent_id for entry in list_classes(session, archived=True)}
    on_the_way: set[int] = set()
    above: int | None = into_id
    while above is not None:
        on_the_way.add(above)
        above = parents[above]
    for child, parent in parents.items():
        if parent != class_id:
            continue
        row = session.get_one(LabelClassTable, child)
        row.parent_id = parents[class_id] if child in on_the_way else into_id
    session.flush()


def _move_seeks(session: Session, class_id: int, into_id: int, *, annotator_id: int, now: datetime) -> None:
    for entry in list_seeks(session):
        if entry.class_id != class_id:
            continue
        withdraw_seek(session, seek_id=entry.id, annotator_id=annotator_id, now=now)
        new = NewSeek(kind=entry.kind, class_id=into_id, text=entry.text, item_keys=entry.item_keys)
        add_seek(session, new=new, annotator_id=annotator_id, now=now)
