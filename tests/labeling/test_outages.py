from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy.exc as sa_errors

from labeling import database as database_module
from labeling.database import open_database
from labeling.errors import DatabaseUnavailableError
from labeling.outages import outage_of


def test_outage_of__all_connections_in_use(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "POOL_TIMEOUT_S", 0.05)
    monkeypatch.setattr(database_module, "_POOL_SIZE", 1)
    database = open_database(database_url)

    def third() -> None:
        with database.reading():
            pytest.fail("a third connection was given out")

    with database.reading(), database.reading(), pytest.raises(DatabaseUnavailableError, match="in use"):
        third()
    database.dispose()


def test_outage_of__our_own_mistake_is_none() -> None:
    mistake = sqlite3.OperationalError("no such table: nothing")

    assert outage_of(sa_errors.OperationalError("SELECT", {}, mistake)) is None
    assert outage_of(sa_errors.InvalidRequestError("not this way")) is None


def test_outage_of__disk_error_of_any_kind() -> None:
    class WriteError(sqlite3.OperationalError):
        # SQLITE_IOERR_WRITE: the kind is in the second byte.
        sqlite_errorcode = 10 | (3 << 8)

    outage = outage_of(sa_errors.OperationalError("COMMIT", {}, WriteError("disk I/O error")))

    assert isinstance(outage, DatabaseUnavailableError)
    assert "disk reports an error" in str(outage)
