"""A part of a transaction that can be taken back alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy.exc as sa_errors
from sqlalchemy.orm import Session

from labeling.outages import outage_of


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Begin a part of a write transaction: an error in it takes that part back, and leaves the rest as it is.

    Args:
        session: of a write transaction.

    Raises:
        DatabaseUnavailableError: the database cannot be used just now; the whole transaction is lost.
        DatabaseOpenError: the file turned out to be damaged.
    """
    try:
        with session.begin_nested():
            yield
    except sa_errors.SQLAlchemyError as error:
        outage = outage_of(error)
        if outage is None:
            raise
        raise outage from error
