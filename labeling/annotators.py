"""The people who annotate."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import checked_name
from labeling.errors import AnnotatorError
from labeling.tables import AnnotatorTable


def ensure_annotator(session: Session, *, name: str) -> int:
    """Return the id of the annotator of that name, who is added where there was none.

    Raises:
        AnnotatorError: the name is empty, longer than 200 characters, or holds control characters.
    """
    stored = checked_name(name, what="the annotator's name", error=AnnotatorError)
    found = session.execute(
        sa.select(AnnotatorTable.id).where(AnnotatorTable.name == stored)
    ).scalar_one_or_none()
    if found is not None:
        return found
    row = AnnotatorTable(name=stored)
    session.add(row)
    session.flush()
    return row.id


def annotator_names(session: Session) -> dict[int, str]:
    """Return the names of all annotators by id."""
    rows = session.execute(sa.select(AnnotatorTable.id, AnnotatorTable.name).order_by(AnnotatorTable.id))
    return {row.id: row.name for row in rows}
