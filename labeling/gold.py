"""Gold items: their label is known, and people are shown them among the others, to see who is right how often.

A gold item is one that was adjudicated and is marked as gold; its known label is the adjudication that stands, so that
answers to it change nothing. Whoever said anything of it already is not asked. An answer is an annotation of the kind
`gold`; it says nothing of how good a proposal was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotations import Act, NewAnnotation, record
from labeling.audit_set import audit_keys_among
from labeling.bulk import in_parts
from labeling.checks import KEY_MAX, checked_text
from labeling.classes import list_classes
from labeling.current import standing_of, undone
from labeling.errors import GoldError
from labeling.labels import MERGED, merged_into
from labeling.overlap import lot
from labeling.tables import AnnotationTable, AnnotatorTable, GoldTable

GOLD = "gold"
"""The kind of an annotation that answers a gold item, and the strategy of a label that made an item one."""


@dataclass(frozen=True)
class GoldScore:
    """How often an annotator was right on gold items.

    Attributes:
        right: answers that are the known label.
        answered: answers that give a class; who skips or is unsure is not wrong.
    """

    right: int
    answered: int


@dataclass(frozen=True)
class GoldMark:
    """An item that is marked as gold.

    Attributes:
        item_key: the item.
        annotator: the name of who marked it.
        created_at: when.
    """

    item_key: str
    annotator: str
    created_at: datetime


def add_gold(
    session: Session, *, labels: Mapping[str, int], uids: Sequence[str], annotator_id: int, now: datetime
) -> int:
    """Make items of known labels gold: adjudicate those that are not, and mark all.

    Args:
        session: of a write transaction.
        labels: class id by item key.
        uids: of the adjudications, one for each item.
        annotator_id: who knows the labels.
        now: the moment, in UTC.

    Returns:
        How many were no gold items before.

    Raises:
        GoldError: an item was adjudicated as another class, or is in the audit set.
        AnnotationInvalidError: an unknown or archived class.
    """
    known = _adjudicated(session, list(labels))
    other = [key for key, class_id in labels.items() if known.get(key, class_id) != class_id]
    if other:
        raise GoldError(
            f"{len(other)} of the items {'is' if len(other) == 1 else 'are'} adjudicated as another class "
            f"({', '.join(other[:5])}); adjudicate again on the Review page, or leave out what is wrong"
        )
    for uid, (key, class_id) in zip(uids, labels.items(), strict=True):
        if key not in known:
            new = NewAnnotation(uid=uid, item_key=key, act=Act.ADJUDICATE, class_id=class_id, strategy=GOLD)
            record(session, new=new, annotator_id=annotator_id, now=now)
    return mark_gold(session, item_keys=list(labels), annotator_id=annotator_id, now=now)


def mark_gold(session: Session, *, item_keys: Sequence[str], annotator_id: int, now: datetime) -> int:
    """Mark adjudicated items as gold; return how many were not.

    Raises:
        GoldError: an item is not adjudicated, or in the audit set.
    """
    for key in item_keys:
        checked_text(key, what="the item's key", error=GoldError, longest=KEY_MAX, shortest=1)
    held = audit_keys_among(session, item_keys)
    if held:
        raise GoldError(
            f"{len(held)} of the items are in the audit set ({', '.join(sorted(held)[:5])}), which is labelled blind "
            "and judges nobody; leave them out"
        )
    known = _adjudicated(session, item_keys)
    missing = [key for key in item_keys if key not in known]
    if missing:
        raise GoldError(
            f"{len(missing)} of the items {'is' if len(missing) == 1 else 'are'} not adjudicated "
            f"({', '.join(missing[:5])}); a gold item's label must be known: adjudicate first"
        )
    marked = _marked(session, item_keys)
    fresh = [key for key in dict.fromkeys(item_keys) if key not in marked]
    if fresh:
        rows = [{"item_key": key, "annotator_id": annotator_id, "created_at": now} for key in fresh]
        session.execute(sa.insert(GoldTable), rows)
    return len(fresh)


def restore_gold(session: Session, *, marks: Sequence[GoldMark], annotators: Mapping[str, int]) -> None:
    """Mark items as gold as they were elsewhere, also those whose adjudication was undone since.

    Args:
        session: of a write transaction.
        marks: the items; none of them may be marked already.
        annotators: id by name of those who marked them.

    Raises:
        GoldError: an item comes twice, or its key cannot be stored.
    """
    seen: set[str] = set()
    for mark in marks:
        key = checked_text(mark.item_key, what="the item's key", error=GoldError, longest=KEY_MAX, shortest=1)
        if key in seen:
            raise GoldError(f"the gold item {key!r} comes twice; list it once")
        seen.add(key)
    rows = [
        {"item_key": mark.item_key, "annotator_id": annotators[mark.annotator], "created_at": mark.created_at}
        for mark in marks
    ]
    if rows:
        session.execute(sa.insert(GoldTable), rows)


def unmark_gold(session: Session, *, item_keys: Sequence[str]) -> int:
    """Let items be gold no longer; return how many were. Their labels, and the answers given, stay."""
    count = 0
    for part in in_parts(item_keys):
        ended = sa.delete(GoldTable).where(GoldTable.item_key.in_(part)).returning(GoldTable.item_key)
        count += len(session.execute(ended).all())
    return count


def adjudicated_keys(session: Session) -> list[str]:
    """Return the keys of all items that are adjudicated now, in no order."""
    asked = sa.select(AnnotationTable.item_key).where(AnnotationTable.act == Act.ADJUDICATE)
    return [row[0] for row in session.execute(standing_of(asked)) if row[1] == Act.ADJUDICATE]


def gold_labels(session: Session) -> dict[str, int]:
    """Return the known class of each gold item, by item key; one whose adjudication was undone is left out."""
    rows = session.execute(standing_of(sa.select(GoldTable.item_key)))
    return {key: int(class_id) for key, act, class_id, _ in rows if act == Act.ADJUDICATE}


def gold_marks(session: Session) -> list[GoldMark]:
    """Return the items that are marked as gold, by key, with who marked them when."""
    statement = (
        sa.select(GoldTable.item_key, AnnotatorTable.name, GoldTable.created_at)
        .join(AnnotatorTable, AnnotatorTable.id == GoldTable.annotator_id)
        .order_by(GoldTable.item_key)
    )
    return [GoldMark(*row) for row in session.execute(statement)]


def has_gold(session: Session) -> bool:
    """Return whether any item is marked as gold."""
    return session.execute(sa.select(GoldTable.item_key).limit(1)).first() is not None


def is_gold(session: Session, *, item_key: str) -> bool:
    """Return whether an item is marked as gold."""
    return session.get(GoldTable, item_key) is not None


def gold_for(session: Session, *, annotator_id: int, seed: int, limit: int) -> list[str]:
    """Return the gold items that an annotator can be asked next: those they have said nothing of.

    Args:
        session: of a transaction.
        annotator_id: whom to ask.
        seed: each annotator's order follows from it, the same on all servers.
        limit: how many at most.
    """
    known = (
        sa.exists()
        .where(AnnotationTable.item_key == GoldTable.item_key, AnnotationTable.annotator_id == annotator_id)
        .where(AnnotationTable.act != "undo", AnnotationTable.strategy != MERGED)
        .where(~undone(AnnotationTable.id))
    )
    marked = sa.select(GoldTable.item_key).where(~known)
    rows = session.execute(standing_of(marked))
    keys = [row[0] for row in rows if row[1] == Act.ADJUDICATE]
    return sorted(keys, key=lambda key: lot(f"{seed}:{annotator_id}:{key}"))[:limit]


def annotations_of(session: Session, *, annotator_id: int) -> int:
    """Return how many annotations a person has made, undos and undone ones too: how far they are in their queue."""
    statement = sa.select(sa.func.count()).where(AnnotationTable.annotator_id == annotator_id)
    return int(session.execute(statement).scalar_one())


def gold_scores(session: Session) -> dict[int, GoldScore]:
    """Return how often each annotator was right on gold items, as they answered last, by annotator id.

    An answer that names a class that was merged since counts for the class it was merged into.
    """
    known = gold_labels(session)
    merged = merged_into(session, open_ids={entry.id for entry in list_classes(session)})
    statement = (
        sa.select(AnnotationTable.annotator_id, AnnotationTable.item_key, AnnotationTable.class_id)
        .where(AnnotationTable.item_key.in_(sa.select(GoldTable.item_key)), AnnotationTable.kind == GOLD)
        .where(AnnotationTable.act != "undo", ~undone(AnnotationTable.id))
        .order_by(AnnotationTable.id)
    )
    answers = {(row[0], row[1]): row[2] for row in session.execute(statement)}
    scores: dict[int, GoldScore] = {}
    for (annotator_id, key), class_id in answers.items():
        if class_id is None or key not in known:
            continue
        score = scores.get(annotator_id, GoldScore(0, 0))
        right = merged.get(class_id, class_id) == known[key]
        scores[annotator_id] = GoldScore(score.right + right, score.answered + 1)
    return scores


def _adjudicated(session: Session, item_keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in in_parts(item_keys):
        asked = sa.select(AnnotationTable.item_key).where(AnnotationTable.item_key.in_(part))
        rows = session.execute(standing_of(asked))
        found |= {key: int(class_id) for key, act, class_id, _ in rows if act == Act.ADJUDICATE}
    return found


def _marked(session: Session, item_keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in in_parts(item_keys):
        asked = sa.select(GoldTable.item_key).where(GoldTable.item_key.in_(part))
        found |= set(session.execute(asked).scalars())
    return found
