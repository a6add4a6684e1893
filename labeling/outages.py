"""What the drivers' errors mean: which of them pass by themselves, so that the caller keeps what it has."""

from __future__ import annotations

import sqlite3

import sqlalchemy.exc as sa_errors

from labeling.errors import DatabaseError, DatabaseOpenError, DatabaseUnavailableError

_SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY: "it is locked by another process; waiting for it took too long",
    sqlite3.SQLITE_LOCKED: "one of its tables is locked",
    sqlite3.SQLITE_READONLY: "it is read-only; make the file and its folder writable",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_PROTOCOL: "its lock could not be taken",
}
_SQLITE_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_POSTGRES_OUTAGES = {
    "08": "the connection was lost",
    "25006": "it takes no writes just now (read-only)",
    "40": "another transaction was in the way",
    "53": "the server has run out of disk, memory or connections",
    "55P03": "it is locked by another process; waiting for it took too long",
    "57P": "the server is shutting down or starting",
    "58": "the server's disk reports an error",
}


def outage_of(error: sa_errors.SQLAlchemyError) -> DatabaseError | None:
    """Return the error to raise in place of SQLAlchemy's, None where it is no outage but our mistake."""
    if isinstance(error, sa_errors.TimeoutError):
        return _unavailable("all its connections are in use")
    if not isinstance(error, sa_errors.DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_outage(error.orig)
    return _postgres_outage(error)


def _sqlite_outage(error: sqlite3.Error) -> DatabaseError | None:
    # The low byte is the error; the bytes above it say which kind of it.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_BROKEN:
        return DatabaseOpenError(
            f"the file is not a usable goldpan database ({error}); give the path of the project's "
            "labels.sqlite, or put back a copy of it"
        )
    return _unavailable(f"{_SQLITE_OUTAGES[code]} ({error})") if code in _SQLITE_OUTAGES else None


def _postgres_outage(error: sa_errors.DBAPIError) -> DatabaseError | None:
    state = getattr(error.orig, "sqlstate", None)
    for start, meaning in _POSTGRES_OUTAGES.items():
        if state and state.startswith(start):
            return _unavailable(f"{meaning} ({_first_line(error)})")
    # A connection that broke, or never came about, has no state.
    if error.connection_invalidated or (state is None and isinstance(error, sa_errors.OperationalError)):
        return _unavailable(f"the connection was lost or refused ({_first_line(error)})")
    return None


def _first_line(error: sa_errors.DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _unavailable(reason: str) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"the database cannot be used just now: {reason}; nothing is lost, try again"
    )
