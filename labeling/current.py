"""The SQL behind "what the annotations on an item add up to now"; used by annotations.py and queue.py.

One rule for one person and for many, at every label revision:

1. An annotation that is undone does not count.
2. The latest adjudication wins over everything else.
3. Of each annotator the latest other act is their vote; earlier ones do not count.
4. Among votes for classes the class with the most wins; a tie goes to the class that was voted for last.
5. Where nobody votes for a class, the latest vote counts: skip, unsure or flag.

With one person there is one vote, their latest act, so that the rule is the plain "the latest wins"; `alone` then asks
for less. What counts is one annotation, the last vote for the class that wins.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.tables import AnnotationTable

Revision = int | sa.BindParameter[int] | None
"""A label revision, or a parameter for one in a statement that is built once; None for no limit."""


def standing(*, revision: Revision = None, alone: bool = False) -> sa.Select[Any]:
    """Return the statement for the one act that counts on each annotated item.

    Args:
        revision: look only at annotations (undos too) with an id up to this one; None for all.
        alone: whether one person made all annotations, as `is_alone` says: the same rows in half the time.

    Returns:
        A select of (item_key, act, class_id, id), one row for each item with an act that counts, in no order.
    """
    return _latest(_standing_acts(revision)) if alone else _winners(_votes(revision))


def is_alone(session: Session) -> bool:
    """Return whether one person at most made all annotations, up to any revision."""
    column = AnnotationTable.annotator_id
    # Two statements: for the least and the most in one SQLite would read the whole index.
    least = session.execute(sa.select(sa.func.min(column))).scalar_one()
    return bool(least == session.execute(sa.select(sa.func.max(column))).scalar_one())


def standing_of(item_keys: sa.Select[Any], *, revision: Revision = None) -> sa.Select[Any]:
    """Return the same as `standing` for some items alone.

    Args:
        item_keys: a select of one column, the keys of the items.
        revision: as in `standing`.
    """
    return _winners(_votes(revision).where(AnnotationTable.item_key.in_(item_keys)))


def votes(*, item_keys: sa.Select[Any] | None = None, revision: Revision = None) -> sa.Select[Any]:
    """Return the statement for all that is weighed: each annotator's vote on an item, and their last adjudication.

    Args:
        item_keys: a select of one column, the keys of the items; None for all.
        revision: as in `standing`.

    Returns:
        A select of (item_key, act, class_id, id, annotator_id), at most two rows for an item and an annotator.
    """
    acts = _votes(revision)
    if item_keys is not None:
        acts = acts.where(AnnotationTable.item_key.in_(item_keys))
    found = acts.subquery("found")
    names = ("item_key", "act", "class_id", "id", "annotator_id")
    return sa.select(*(found.c[name] for name in names)).where(found.c.turn == 1)


def outvoting(
    session: Session, *, annotator_id: int, item_keys: sa.Select[Any] | None = None
) -> dict[str, set[int]]:
    """Return which classes one person's vote cannot take an item from: two others or more vote for them.

    Args:
        session: of a transaction.
        annotator_id: whose vote it would be.
        item_keys: as in `votes`.

    Returns:
        The ids of the classes by item key; items without any are left out.
    """
    if is_alone(session):
        return {}
    vote = votes(item_keys=item_keys).subquery("vote")
    statement = (
        sa.select(vote.c.item_key, vote.c.class_id)
        .where(vote.c.act == "label", vote.c.annotator_id != annotator_id)
        .group_by(vote.c.item_key, vote.c.class_id)
        .having(sa.func.count() >= 2)
    )
    found: dict[str, set[int]] = {}
    for key, class_id in session.execute(statement):
        found.setdefault(key, set()).add(class_id)
    return found


def is_open(item_key: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 - any column or expression
    """Return the condition that no act counts on the item: nobody annotated it, or all is undone.

    Args:
        item_key: the column that holds the item's key.
    """
    return ~sa.exists().where(
        AnnotationTable.item_key == item_key, AnnotationTable.act != "undo", ~undone(AnnotationTable.id)
    )


def undone(annotation_id: Any, *, revision: Revision = None) -> sa.ColumnElement[bool]:  # noqa: ANN401
    """Return the condition that an annotation is undone.

    Args:
        annotation_id: the column that holds the annotation's id.
        revision: only undos with an id up to this one count; None for all.
    """
    # The plain table, not an ORM alias: that one takes milliseconds to build, each time.
    undo = AnnotationTable.__table__.alias("undo")
    condition = undo.c.undoes_id == annotation_id
    if revision is not None:
        condition = sa.and_(condition, undo.c.id <= revision)
    return sa.exists().where(condition)


def _standing_acts(revision: Revision) -> sa.Select[*tuple[Any, ...]]:
    """Return everything that is not undone."""
    statement: sa.Select[*tuple[Any, ...]] = sa.select(
        AnnotationTable.item_key,
        AnnotationTable.act,
        AnnotationTable.class_id,
        AnnotationTable.id,
        AnnotationTable.annotator_id,
    ).where(AnnotationTable.act != "undo", ~undone(AnnotationTable.id, revision=revision))
    return statement if revision is None else statement.where(AnnotationTable.id <= revision)


def _votes(revision: Revision) -> sa.Select[*tuple[Any, ...]]:
    """Return the same with `turn`: 1 for each annotator's vote on an item, and for their last adjudication."""
    adjudicated = sa.case((AnnotationTable.act == "adjudicate", 1), else_=0)
    turn = sa.func.row_number().over(
        partition_by=[AnnotationTable.item_key, AnnotationTable.annotator_id, adjudicated],
        order_by=AnnotationTable.id.desc(),
    )
    return _standing_acts(revision).add_columns(turn.label("turn"))


def _latest(acts: sa.Select[*tuple[Any, ...]]) -> sa.Select[Any]:
    """Return the one act of each item that wins where all acts are one person's."""
    adjudicated_first = sa.case((AnnotationTable.act == "adjudicate", 0), else_=1)
    place = sa.func.row_number().over(
        partition_by=AnnotationTable.item_key, order_by=[adjudicated_first, AnnotationTable.id.desc()]
    )
    return _first(acts.add_columns(place.label("place")))


def _winners(found: sa.Select[*tuple[Any, ...]]) -> sa.Select[Any]:
    """Return the one act of each item that wins, of a `_votes` statement."""
    vote = found.subquery("vote")
    # 3 for an adjudication, 2 for a class, 1 for what is neither; only among the classes are votes counted.
    weight = sa.case((vote.c.act == "adjudicate", 3), (vote.c.act == "label", 2), else_=1)
    count = sa.func.count().over(partition_by=[vote.c.item_key, vote.c.act, vote.c.class_id])
    counted = (
        sa.select(
            vote.c.item_key,
            vote.c.act,
            vote.c.class_id,
            vote.c.id,
            weight.label("weight"),
            sa.case((vote.c.act == "label", count), else_=0).label("times"),
        )
        .where(vote.c.turn == 1)
        .subquery("counted")
    )
    place = sa.func.row_number().over(
        partition_by=counted.c.item_key,
        order_by=[counted.c.weight.desc(), counted.c.times.desc(), counted.c.id.desc()],
    )
    return _first(
        sa.select(counted.c.item_key, counted.c.act, counted.c.class_id, counted.c.id, place.label("place"))
    )


def _first(placed: sa.Select[Any]) -> sa.Select[Any]:
    ranked = placed.subquery("ranked")
    return sa.select(ranked.c.item_key, ranked.c.act, ranked.c.class_id, ranked.c.id).where(
        ranked.c.place == 1
    )
