from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import labeling.clock as clock_module
from labeling.clock import database_now
from labeling.database import Database


def test_database_now__is_now_in_utc(database: Database) -> None:
    with database.reading() as session:
        found = database_now(session)
    assert found.utcoffset() == timedelta(0)
    assert abs((found - datetime.now(UTC)).total_seconds()) < 60


def test_database_now__moves_on_within_a_transaction(database: Database) -> None:
    with database.transaction() as session:
        assert database_now(session) < database_now(session)


def test_database_now__a_server_whose_clock_is_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the clock of goldpan's own machine is not looked at; a SQLite file has no other."""

    class AnHourAhead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> AnHourAhead:
            return cls.fromtimestamp(datetime.now(UTC).timestamp() + 3600, tz=UTC)

    monkeypatch.setattr(clock_module, "datetime", AnHourAhead)
    with database.reading() as session:
        ahead_s = (database_now(session) - datetime.now(UTC)).total_seconds()
    assert abs(ahead_s - (3600 if database.kind == "sqlite" else 0)) < 60
