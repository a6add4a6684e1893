"""What time it is: one clock for all who work on one database, whatever their own clocks say."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session


def database_now(session: Session) -> datetime:
    """Return the present moment in UTC, as the database's machine has it.

    Two servers whose clocks differ by an hour must agree on whether a lease is over and a round's owner alive, so on
    PostgreSQL its clock is asked; a SQLite file is on this machine, whose clock is taken.

    Args:
        session: of any transaction; the moment is that of the call, not of the transaction's begin.
    """
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)
