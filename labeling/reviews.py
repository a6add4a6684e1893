"""Items that a reviewer should look at: people disagree, or doubt or flag them, or answer a gold item wrongly.

An item waits for review until an adjudication decides it. After that only what is said later brings it back: a flag, or
a wrong answer to a gold item, which may mean that its known label is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.classes import list_classes
from labeling.current import votes
from labeling.gold import GOLD
from labeling.labels import merged_into
from labeling.tables import AnnotationTable, AnnotatorTable, GoldTable


class Reason(StrEnum):
    """Why an item waits for review, the most pressing first."""

    DISAGREE = "disagree"
    GOLD = "gold"
    FLAG = "flag"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Vote:
    """What one annotator said of an item last.

    Attributes:
        annotation_id: the annotation.
        annotator: whose.
        act: what was said.
        class_id: the class that was given, if one was.
        created_at: when.
        comment: what the annotator wrote.
        gold: whether it answers a gold item.
    """

    annotation_id: int
    annotator: str
    act: str
    class_id: int | None
    created_at: datetime
    comment: str
    gold: bool


@dataclass(frozen=True)
class ReviewItem:
    """An item that waits for review.

    Attributes:
        item_key: the item.
        reason: the most pressing of its reasons.
        votes: what each annotator said last, an adjudication before it too; oldest first.
        margin: by how many votes the leading class leads; 0 for a tie.
        is_gold: whether it is marked as gold.
    """

    item_key: str
    reason: Reason
    votes: tuple[Vote, ...]
    margin: int
    is_gold: bool


@dataclass(frozen=True)
class Reviews:
    """What waits for review.

    Attributes:
        items: the first of them, the most pressing first.
        counts: how many wait, by reason; reasons without any are left out.
    """

    items: tuple[ReviewItem, ...]
    counts: dict[Reason, int]


def waiting_reviews(
    session: Session, *, limit: int, without: Sequence[str] = (), first: Sequence[str] = ()
) -> Reviews:
    """Return what waits for review, by reason in the order of `Reason`; closest votes first, then old before new.

    Args:
        session: of a transaction.
        limit: how many items at most.
        without: keys of items that are left out of them, yet counted.
        first: keys of items that come before all others, where they wait.
    """
    by_item: dict[str, list[Any]] = {}
    for row in session.execute(_contested(session)):
        by_item.setdefault(row.item_key, []).append(row)
    marked = set(session.execute(sa.select(GoldTable.item_key)).scalars())
    ranked, order, wanted = [], list(Reason), set(first)
    counts: Counter[Reason] = Counter()
    for key, rows in by_item.items():
        reason = _reason(rows)
        if reason is None:
            continue
        counts[reason] += 1
        ranked.append((key not in wanted, order.index(reason), _margin(rows), rows[0].id, key, reason))
    left = set(without) - wanted
    chosen = [entry for entry in sorted(ranked) if entry[4] not in left][:limit]
    comments = _comments(session, [row.id for entry in chosen for row in by_item[entry[4]]])
    return Reviews(
        items=tuple(
            ReviewItem(
                key, reason, tuple(_vote(row, comments) for row in by_item[key]), margin, key in marked
            )
            for _, _, margin, _, key, reason in chosen
        ),
        counts=dict(counts),
    )


def _contested(session: Session) -> sa.Select[Any]:
    """Return all votes, oldest first, on the items on which there may be something to decide.

    A vote for a class that was merged since is one for the class it was merged into: a merge makes nobody disagree.
    """
    open_ids = {entry.id for entry in list_classes(session)}
    merged = merged_into(session, open_ids=open_ids)
    vote = _votes_now(merged).subquery("vote")
    about = AnnotationTable.__table__.alias("about")
    candidates = (
        sa.select(vote.c.item_key)
        .join(about, about.c.id == vote.c.id)
        .group_by(vote.c.item_key)
        .having(
            sa.or_(
                sa.func.min(vote.c.class_id) < sa.func.max(vote.c.class_id),
                sa.func.max(sa.case((vote.c.act.in_(("flag", "unsure")), 1), else_=0)) == 1,
                sa.func.max(sa.case((about.c.kind == GOLD, 1), else_=0)) == 1,
            )
        )
    )
    again = _votes_now(merged, candidates).subquery("again")
    return (
        sa.select(
            again.c.item_key,
            again.c.act,
            again.c.class_id,
            again.c.id,
            again.c.annotator_id,
            AnnotationTable.kind,
        )
        .join(AnnotationTable, AnnotationTable.id == again.c.id)
        .order_by(again.c.id)
    )


def _votes_now(merged: Mapping[int, int], item_keys: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """Return the statement of all votes, with the class that stands now in the place of a merged one."""
    vote = votes(item_keys=item_keys).subquery()
    class_id = sa.case(merged, value=vote.c.class_id, else_=vote.c.class_id) if merged else vote.c.class_id
    return sa.select(vote.c.item_key, vote.c.act, class_id.label("class_id"), vote.c.id, vote.c.annotator_id)


def _reason(rows: Sequence[Any]) -> Reason | None:
    """Return why an item waits, None where nothing is to decide; `rows` are its votes, oldest first."""
    rulings = [row for row in rows if row.act == "adjudicate"]
    if rulings:
        later = [row for row in rows if row.id > rulings[-1].id]
        wrong = any(row.kind == GOLD and row.class_id not in (None, rulings[-1].class_id) for row in later)
        flagged = any(row.act == "flag" for row in later)
        return Reason.GOLD if wrong else Reason.FLAG if flagged else None
    acts = {row.act for row in rows}
    if len({row.class_id for row in rows} - {None}) > 1:
        return Reason.DISAGREE
    return Reason.FLAG if "flag" in acts else Reason.UNSURE if "unsure" in acts else None


def _margin(rows: Sequence[Any]) -> int:
    counted = Counter(row.class_id for row in rows if row.act == "label").most_common(2)
    return 0 if not counted else counted[0][1] - (counted[1][1] if len(counted) > 1 else 0)


def _comments(session: Session, annotation_ids: Sequence[int]) -> dict[int, tuple[str, datetime, str]]:
    statement = (
        sa.select(
            AnnotationTable.id, AnnotatorTable.name, AnnotationTable.created_at, AnnotationTable.comment
        )
        .join(AnnotatorTable, AnnotatorTable.id == AnnotationTable.annotator_id)
        .where(AnnotationTable.id.in_(annotation_ids))
    )
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(statement)}


def _vote(row: Any, comments: dict[int, tuple[str, datetime, str]]) -> Vote:  # noqa: ANN401 - a database row
    name, created_at, comment = comments[row.id]
    return Vote(row.id, name, row.act, row.class_id, created_at, comment, row.kind == GOLD)
