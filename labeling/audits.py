"""Labels that were checked: kept or corrected, many by one act, each over the label that was looked at.

A decision is a label like any other, appended: a correction is the new class, "keep" the same class once more, with the
class that the model suggested. Where two other people or more gave the item another class, one label more would change
nothing: there the decision is an adjudication, if the person may adjudicate. So the history of an item says that it was
checked, when, by whom and against what, and an undo of the group (`labeling.groups.undo_group`) brings the label back
that stood before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import Act, NewAnnotation
from labeling.bulk import record_labels
from labeling.current import outvoting, standing_of, undone
from labeling.errors import AnnotationInvalidError
from labeling.groups import AUDIT_PREFIX, GROUP_MAX, RecordedGroup, check_group_uid, member_uids, of_group
from labeling.tables import AnnotationTable

AUDIT_STRATEGY = "audit"
"""What is stored as the strategy of such labels, so that they can be told from others."""


@dataclass(frozen=True)
class AuditDecision:
    """What a person decided on one label.

    Attributes:
        item_key: the item.
        seen_class_id: the label that was looked at.
        class_id: the label it shall have: the same to keep it.
        suggested_class_id: the class that the model thinks it is; None where it was not asked.
    """

    item_key: str
    seen_class_id: int
    class_id: int
    suggested_class_id: int | None = None


@dataclass(frozen=True)
class NewAudit:
    """Decisions as they were made by one act.

    Attributes:
        uid: `audit-` and 8 to 40 letters or digits; stored once.
        decisions: one for each item.
        round_number: the round whose model doubted the labels.
        shown_ms: how long the page was on the screen.
    """

    uid: str
    decisions: tuple[AuditDecision, ...]
    round_number: int | None = None
    shown_ms: int | None = None


@dataclass(frozen=True)
class Audited:
    """The last check of an item that still counts.

    Attributes:
        class_id: the label that was decided on.
        suggested_class_id: the class that the model thought it was then.
    """

    class_id: int
    suggested_class_id: int | None


def record_audit(
    session: Session, *, audit: NewAudit, annotator_id: int, now: datetime, adjudicates: bool = True
) -> RecordedGroup:
    """Store decisions on labels; safe, all of them or none, once the caller's transaction is committed.

    An item whose label is not the one that was looked at any more keeps what it has, as does one that was adjudicated,
    or that takes an adjudication of somebody who may not: it is left out and named in the answer.

    Args:
        session: of a write transaction.
        audit: the decisions.
        annotator_id: who decided.
        now: the moment, in UTC.
        adjudicates: whether the person may adjudicate.

    Raises:
        AnnotationInvalidError: a wrong uid, too many items, an item twice, or see `labeling.bulk.record_labels`.
        AnnotationConflictError: the uid is stored already, with other content.
    """
    check_group_uid(audit.uid, (AUDIT_PREFIX,))
    keys = [entry.item_key for entry in audit.decisions]
    if len(keys) > GROUP_MAX or len(set(keys)) != len(keys):
        raise AnnotationInvalidError(
            f"at most {GROUP_MAX} labels are checked at once, each once; these are {len(keys):,}, {len(set(keys)):,} "
            "of them different"
        )
    members = sa.select(AnnotationTable.uid, AnnotationTable.act).where(of_group(session, audit.uid))
    known = {row[0]: str(row[1]) for row in session.execute(members)}
    stand = _standing_labels(session, keys)
    asked = sa.select(AnnotationTable.item_key).where(AnnotationTable.item_key.in_(keys))
    outvoted = outvoting(session, annotator_id=annotator_id, item_keys=asked)
    taken, labels = [], []
    for uid, entry in zip(member_uids(audit.uid, len(keys)), audit.decisions, strict=True):
        decides = bool(outvoted.get(entry.item_key, set()) - {entry.class_id})
        if uid not in known and (
            stand.get(entry.item_key) != entry.seen_class_id or (decides and not adjudicates)
        ):
            taken.append(entry.item_key)
            continue
        labels.append(
            NewAnnotation(
                uid=uid,
                item_key=entry.item_key,
                act=known.get(uid) or (Act.ADJUDICATE if decides else Act.LABEL),
                class_id=entry.class_id,
                round_number=audit.round_number,
                strategy=AUDIT_STRATEGY,
                suggested_class_id=entry.suggested_class_id,
                shown_ms=audit.shown_ms,
            )
        )
    fresh = record_labels(session, labels=labels, annotator_id=annotator_id, now=now)
    return RecordedGroup(stored=len(labels), duplicate=bool(labels) and not fresh, taken=tuple(taken))


def audited(session: Session) -> dict[str, Audited]:
    """Return the last check of each item that was checked and not taken back, by item key."""
    statement = (
        sa.select(AnnotationTable.item_key, AnnotationTable.class_id, AnnotationTable.suggested_class_id)
        .where(of_group(session, AUDIT_PREFIX.removesuffix("-")), AnnotationTable.class_id.is_not(None))
        .where(~undone(AnnotationTable.id))
        .order_by(AnnotationTable.id)
    )
    rows = session.execute(statement).all()
    return {key: Audited(int(class_id or 0), suggested) for key, class_id, suggested in rows}


def _standing_labels(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """Return the class of the label that counts on each item, by key; adjudicated items are left out."""
    asked = sa.select(AnnotationTable.item_key).where(AnnotationTable.item_key.in_(keys))
    rows = session.execute(standing_of(asked)).all()
    return {key: int(class_id) for key, act, class_id, _ in rows if act == Act.LABEL}
