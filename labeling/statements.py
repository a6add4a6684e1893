"""Statements that run for every annotation, built once and over the plain tables.

Building them, and the ORM's part in running them, takes several times as long as the database needs.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from labeling.tables import AnnotationTable, AnnotatorTable, LabelClassTable

_ANNOTATIONS: Final = sa.Table("annotation", AnnotationTable.metadata)
_ANNOTATORS: Final = sa.Table("annotator", AnnotatorTable.metadata)
_CLASSES: Final = sa.Table("label_class", LabelClassTable.metadata)

_UNDONE: Final = _ANNOTATIONS.alias("undone_one")
_UNDO: Final = _ANNOTATIONS.alias("undo")
_SUGGESTED: Final = _CLASSES.alias("suggested")
_ONE_ROW: Final = sa.select(sa.literal_column("1").label("one")).subquery("one_row")


def _given(name: str, kind: type[sa.types.TypeEngine[Any]] = sa.Integer) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind())


LOOK: Final = sa.select(
    _ANNOTATIONS.c.id,
    _ANNOTATIONS.c.item_key,
    _ANNOTATIONS.c.act,
    _ANNOTATIONS.c.class_id,
    _UNDONE.c.uid.label("undoes_uid"),
    _ANNOTATIONS.c.comment,
    _ANNOTATIONS.c.annotator_id,
    _ANNOTATORS.c.id.label("known_annotator"),
    _CLASSES.c.name.label("class_name"),
    _CLASSES.c.archived.label("class_archived"),
    _SUGGESTED.c.name.label("suggested_name"),
).select_from(
    _ONE_ROW.outerjoin(_ANNOTATIONS, _ANNOTATIONS.c.uid == _given("uid", sa.String))
    .outerjoin(_UNDONE, _UNDONE.c.id == _ANNOTATIONS.c.undoes_id)
    .outerjoin(_ANNOTATORS, _ANNOTATORS.c.id == _given("annotator_id"))
    .outerjoin(_CLASSES, _CLASSES.c.id == _given("class_id"))
    .outerjoin(_SUGGESTED, _SUGGESTED.c.id == _given("suggested_class_id"))
)
"""All that must be known before an annotation is stored, in one row and one trip to the database: what is stored under
its `uid` (NULL where nothing is), and whether its annotator, class and suggested class are there."""

TO_UNDO: Final = sa.select(
    _ANNOTATIONS.c.id,
    _ANNOTATIONS.c.act,
    _ANNOTATIONS.c.item_key,
    _ANNOTATIONS.c.annotator_id,
    sa.exists().where(_UNDO.c.undoes_id == _ANNOTATIONS.c.id).label("is_undone"),
).where(_ANNOTATIONS.c.uid == _given("uid", sa.String))
"""What an undo of a `uid` must look at."""


@cache
def insert_once(dialect: str) -> Any:  # noqa: ANN401 - an insert that returns one number
    """Return the insert of an annotation that gives back its number, or nothing where its uid is stored already.

    Two may come at once with the same uid: in a session without the write lock a look before may be too early.

    Args:
        dialect: the name of the database's dialect.
    """
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    return (
        insert(_ANNOTATIONS)
        .on_conflict_do_nothing(index_elements=[_ANNOTATIONS.c.uid])
        .returning(_ANNOTATIONS.c.id)
    )
