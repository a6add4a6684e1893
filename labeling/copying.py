"""Copies a whole project's database into an empty one, from SQLite to PostgreSQL or back: every row, every number.

One transaction of the target: all of it is there afterwards, compared with what was read, or nothing is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling import migrations
from labeling.database import Database
from labeling.errors import CopyError
from labeling.tables import Base

Row = dict[str, Any]
Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and the table that is copied."""

_AT_ONCE = 5_000
"""Rows read and written at a time."""


@dataclass(frozen=True)
class TableContent:
    """What a table holds.

    Attributes:
        rows: how many rows.
        sha256: of all their values in the order of the primary key, the same on every kind of database.
    """

    rows: int
    sha256: str


def copy_database(
    source: Database, target: Database, *, progress: Progress = lambda share, table: None
) -> dict[str, TableContent]:
    """Copy all rows with their numbers, and compare both databases before the copy is committed.

    The source takes no writes meanwhile. Stop the servers first all the same: what they would write after it is lost
    to the copy.

    Args:
        source: an opened database of this goldpan's version.
        target: an opened database of this goldpan's version without rows.
        progress: how far it is.

    Returns:
        What was copied, by table.

    Raises:
        CopyError: one of them has another version, the target holds something, or the two differ afterwards.
        DatabaseUnavailableError: one of them cannot be used just now; nothing was copied.
    """
    for role, database in (("source", source), ("target", target)):
        found = database.version()
        if found != migrations.head_version():
            raise CopyError(
                f"the {role} has tables of version {found}, this goldpan works with {migrations.head_version()}; run "
                "`goldpan db upgrade` first"
            )
    with source.transaction() as reading, target.transaction() as writing:
        _refuse_rows(writing)
        total = max(1, sum(_count(reading, table) for table in Base.metadata.sorted_tables))
        done = 0
        for table in Base.metadata.sorted_tables:
            progress(done / total, table.name)
            for rows in _batches(_parents_first(_read(reading, table), table)):
                writing.execute(sa.insert(table), rows)
                done += len(rows)
                progress(min(1.0, done / total), table.name)
            _go_on_counting(writing, table)
        return _compared(_contents(reading), _contents(writing))


def table_contents(database: Database) -> dict[str, TableContent]:
    """Return what each table holds, by name.

    Raises:
        DatabaseUnavailableError: it cannot be used just now.
    """
    with database.reading() as session:
        return _contents(session)


def _contents(session: Session) -> dict[str, TableContent]:
    return {table.name: _content(session, table) for table in Base.metadata.sorted_tables}


def _content(session: Session, table: sa.Table) -> TableContent:
    digest, count = hashlib.sha256(), 0
    encoder = json.JSONEncoder(sort_keys=True, default=_plain, separators=(",", ":"))
    for row in _read(session, table):
        digest.update(encoder.encode(row).encode() + b"\n")
        count += 1
    return TableContent(count, digest.hexdigest())


def _plain(value: object) -> str:
    """Return a value that JSON has not as text, the same whatever database it came from."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"a column holds {type(value).__name__}, which cannot be compared")


def _compared(before: dict[str, TableContent], after: dict[str, TableContent]) -> dict[str, TableContent]:
    different = [name for name, content in before.items() if after[name] != content]
    if different:
        rows = ", ".join(
            f"{name} ({before[name].rows} rows, {after[name].rows} copied)" for name in different
        )
        raise CopyError(f"the copy differs from its source in {rows}; nothing was copied")
    return after


def _read(session: Session, table: sa.Table) -> Iterator[Row]:
    statement = sa.select(table).order_by(*table.primary_key)
    names = [column.name for column in table.columns]
    for row in session.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        yield dict(zip(names, row, strict=True))


def _count(session: Session, table: sa.Table) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _refuse_rows(session: Session) -> None:
    filled = [table.name for table in Base.metadata.sorted_tables if _count(session, table)]
    if filled:
        raise CopyError(
            f"the target holds something already ({', '.join(filled)}); give an empty database or schema, or the path "
            "of a new file"
        )


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _parents_first(rows: Iterable[Row], table: sa.Table) -> Iterator[Row]:
    """Give the rows so that each comes after the row of the same table that it points at.

    Nearly all of them point back already, as an undo does; a class may stand under one that was added later.
    """
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    if not own:
        yield from rows
        return
    [number] = [entry.name for entry in table.primary_key]
    held: dict[Any, Row] = {}
    for row in rows:
        above = [row[name] for name in own if row[name] is not None]
        if any(key in held or key > row[number] for key in above):
            held[row[number]] = row
        else:
            yield row
    while held:
        free = [key for key, row in held.items() if not any(row[name] in held for name in own)]
        if not free:
            raise CopyError(
                f"rows of {table.name} point at each other in a circle; `goldpan db check` names them"
            )
        for key in free:
            yield held.pop(key)


def _go_on_counting(session: Session, table: sa.Table) -> None:
    """Let PostgreSQL give the next row the number after the highest one copied."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for column in table.primary_key:
        sequence = session.execute(
            sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
        ).scalar_one()
        highest = session.execute(sa.select(sa.func.max(column))).scalar_one()
        if sequence is not None and highest is not None:
            session.execute(sa.select(sa.func.setval(sequence, highest)))
