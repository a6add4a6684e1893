"""The SQL behind "what the annotations on an item add up to now"; used by annotations.py and queue.py."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from labeling.tables import AnnotationTable

Revision = int | sa.BindParameter[int] | None
"""A label revision, or a parameter for one in a statement that is built once; None for no limit."""


def standing(*, revision: Revision = None) -> sa.Select[Any]:
    """Return the statement for the one act that counts on each annotated item.

    Undone annotations do not count; of the others an adjudication wins over all, then the latest wins.

    Args:
        revision: look only at annotations (undos too) with an id up to this one; None for all.

    Returns:
        A select of (item_key, act, class_id, id), one row for each item with an act that counts, in no order.
    """
    ranked = _ranked(revision).subquery("ranked")
    return sa.select(ranked.c.item_key, ranked.c.act, ranked.c.class_id, ranked.c.id).where(
        ranked.c.place == 1
    )


def standing_of(item_keys: sa.Select[Any], *, revision: Revision = None) -> sa.Select[Any]:
    """Return the same as `standing` for some items alone.

    Args:
        item_keys: a select of one column, the keys of the items.
        revision: as in `standing`.
    """
    ranked = _ranked(revision).where(AnnotationTable.item_key.in_(item_keys)).subquery("ranked")
    return sa.select(ranked.c.item_key, ranked.c.act, ranked.c.class_id, ranked.c.id).where(
        ranked.c.place == 1
    )


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


def _ranked(revision: Revision) -> sa.Select[Any]:
    adjudicated_first = sa.case((AnnotationTable.act == "adjudicate", 0), else_=1)
    place = sa.func.row_number().over(
        partition_by=AnnotationTable.item_key, order_by=[adjudicated_first, AnnotationTable.id.desc()]
    )
    statement = sa.select(
        AnnotationTable.item_key,
        AnnotationTable.act,
        AnnotationTable.class_id,
        AnnotationTable.id,
        place.label("place"),
    ).where(AnnotationTable.act != "undo", ~undone(AnnotationTable.id, revision=revision))
    return statement if revision is None else statement.where(AnnotationTable.id <= revision)
