"""The people who annotate, by name alone; `labeling.people` knows their roles."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import checked_name
from labeling.errors import AnnotatorError
from labeling.people import Role
from labeling.tables import AnnotatorTable


def ensure_annotator(session: Session, *, name: str, role: Role | None = None) -> int:
    """Return the id of the annotator of that name, who is added where there was none.

    Args:
        session: of a write transaction.
        name: how others see them.
        role: what they shall be, whatever they were; None for as they are, and annotator where they are new.

    Raises:
        AnnotatorError: the name is empty, longer than 200 characters, or holds control characters.
    """
    stored = checked_name(name, what="the annotator's name", error=AnnotatorError)
    row = session.execute(sa.select(AnnotatorTable).where(AnnotatorTable.name == stored)).scalar_one_or_none()
    if row is None:
        row = AnnotatorTable(
            name=stored, role=Role.ANNOTATOR.value, active=True, created_at=datetime.now(UTC)
        )
        session.add(row)
    if role is not None and row.role != role.value:
        row.role = role.value
    session.flush()
    return row.id


def annotator_names(session: Session) -> dict[int, str]:
    """Return the names of all annotators by id."""
    rows = session.execute(sa.select(AnnotatorTable.id, AnnotatorTable.name).order_by(AnnotatorTable.id))
    return {row.id: row.name for row in rows}
