"""The audit trail: who did what when, from annotations, seeks and events, oldest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from labeling.annotators import annotator_names
from labeling.errors import TrailError
from labeling.tables import AnnotationTable, EventTable, LabelClassTable, SeekTable

_READ_ROWS = 2_000
"""Rows fetched at a time: a trail of a million acts is never held whole."""


@dataclass(frozen=True)
class TrailEntry:
    """One act of one person.

    Attributes:
        at: when, in UTC.
        person: who; empty where nobody is known.
        act: label, skip, undo, …; seek, seek_withdrawn; or a kind of `labeling.events.EventKind`.
        subject: what it was done to: an item's key, a class's name, what was sought.
        class_name: the class that was given or sought, as it is called now; empty for other acts.
        comment: what the person wrote with it.
        source: annotation, seek or event: the table that holds the act.
        number: its number there; higher is later, also where clocks disagreed.
        details: what else is on record.
    """

    at: datetime
    person: str
    act: str
    subject: str
    class_name: str
    comment: str
    source: str
    number: int
    details: dict[str, Any]


def read_trail(
    session: Session, *, since: datetime | None = None, person: str | None = None
) -> Iterator[TrailEntry]:
    """Give who did what when, oldest first; read as it is consumed.

    Args:
        session: of a reading transaction that stays open meanwhile.
        since: only acts from this moment on; None for all.
        person: only the acts of the person of that name; None for everybody's.

    Raises:
        TrailError: nobody has that name; raised before anything is given.
    """
    names = annotator_names(session)
    who = _number_of(names, person)
    classes = {
        row.id: row.name for row in session.execute(sa.select(LabelClassTable.id, LabelClassTable.name))
    }
    streams = (
        _annotations(session, since, who, names, classes),
        _seeks(session, since, who, names, classes),
        _events(session, since, who, names),
    )
    return heapq.merge(*streams, key=lambda entry: (entry.at, entry.source, entry.number))


def _number_of(names: dict[int, str], person: str | None) -> int | None:
    if person is None:
        return None
    found = next((number for number, name in names.items() if name == person), None)
    if found is None:
        known = ", ".join(sorted(names.values())[:20]) or "nobody yet"
        raise TrailError(f"nobody is called {person!r:.100} here; known: {known}")
    return found


def _annotations(
    session: Session,
    since: datetime | None,
    who: int | None,
    names: dict[int, str],
    classes: dict[int, str],
) -> Iterator[TrailEntry]:
    table, undone_one = AnnotationTable, aliased(AnnotationTable)
    statement = sa.select(
        table.id, table.created_at, table.annotator_id, table.act, table.item_key, table.class_id,
        table.comment, table.uid, table.round_number, table.strategy, table.kind, undone_one.uid.label("undoes"),
    ).outerjoin(undone_one, undone_one.id == table.undoes_id)  # fmt: skip
    for row in _stream(session, statement, table.created_at, table.annotator_id, table.id, since, who):
        more = {"undoes": row.undoes, "round": row.round_number, "strategy": row.strategy, "kind": row.kind}
        yield TrailEntry(
            at=row.created_at,
            person=names[row.annotator_id],
            act=row.act,
            subject=row.item_key,
            class_name="" if row.class_id is None else classes[row.class_id],
            comment=row.comment,
            source="annotation",
            number=row.id,
            details={"uid": row.uid, **{name: value for name, value in more.items() if value}},
        )


def _seeks(
    session: Session,
    since: datetime | None,
    who: int | None,
    names: dict[int, str],
    classes: dict[int, str],
) -> Iterator[TrailEntry]:
    table, withdrawn = SeekTable, aliased(SeekTable)
    statement = sa.select(
        table.id, table.created_at, table.annotator_id, table.kind, table.item_keys, table.text,
        table.withdraws_id, withdrawn.text.label("withdrawn_text"),
        sa.func.coalesce(table.class_id, withdrawn.class_id).label("class_id"),
    ).outerjoin(withdrawn, withdrawn.id == table.withdraws_id)  # fmt: skip
    for row in _stream(session, statement, table.created_at, table.annotator_id, table.id, since, who):
        gone = row.withdraws_id is not None
        yield TrailEntry(
            at=row.created_at,
            person=names[row.annotator_id],
            act="seek_withdrawn" if gone else "seek",
            subject=(row.withdrawn_text or "") if gone else row.text,
            class_name="" if row.class_id is None else classes[row.class_id],
            comment="",
            source="seek",
            number=row.id,
            details={"withdraws": row.withdraws_id} if gone else {"by": row.kind, "items": row.item_keys},
        )


def _events(
    session: Session, since: datetime | None, who: int | None, names: dict[int, str]
) -> Iterator[TrailEntry]:
    table = EventTable
    statement = sa.select(
        table.id, table.created_at, table.annotator_id, table.kind, table.subject, table.details
    )
    for row in _stream(session, statement, table.created_at, table.annotator_id, table.id, since, who):
        yield TrailEntry(
            at=row.created_at,
            person=names.get(row.annotator_id, ""),
            act=row.kind,
            subject=row.subject,
            class_name="",
            comment="",
            source="event",
            number=row.id,
            details=row.details,
        )


def _stream(
    session: Session,
    statement: sa.Select[*tuple[Any, ...]],
    created_at: InstrumentedAttribute[datetime],
    annotator_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    number: InstrumentedAttribute[int],
    since: datetime | None,
    who: int | None,
) -> Iterator[Any]:
    if since is not None:
        statement = statement.where(created_at >= since)
    if who is not None:
        statement = statement.where(annotator_id == who)
    ordered = statement.order_by(created_at, number)
    yield from session.execute(ordered, execution_options={"yield_per": _READ_ROWS})
