from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
import sqlalchemy.exc as sa_errors

from labeling.database import Database
from labeling.queue import lease_next, store_proposals, waiting
from labeling.tables import AnnotatorTable, LeaseTable
from tests.labeling.store import Project, proposals

TOKYO = timezone(timedelta(hours=9))


def test_utc_date_time__same_moment_from_any_zone(project: Project) -> None:
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals(1, ["a"]))
        noon = datetime(2026, 3, 1, 21, 0, tzinfo=TOKYO)
        assert lease_next(session, annotator_id=project.ann, count=1, lease_s=60, now=noon)

    with project.database.reading() as session:
        stored = session.execute(sa.select(LeaseTable.expires_at)).scalar_one()
        assert stored == datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
        assert stored.utcoffset() == timedelta(0)
        assert waiting(session, now=datetime(2026, 3, 1, 12, 0, 59, tzinfo=UTC)) == 0
        assert waiting(session, now=datetime(2026, 3, 1, 12, 1, tzinfo=UTC)) == 1


def test_foreign_keys__hold(database: Database) -> None:
    def lease_for_nobody() -> None:
        with database.transaction() as session:
            session.add(
                LeaseTable(item_key="a", annotator_id=77, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
            )

    with pytest.raises(sa_errors.IntegrityError):
        lease_for_nobody()


def test_names__are_unique(database: Database) -> None:
    def add_twice() -> None:
        with database.transaction() as session:
            session.add_all([AnnotatorTable(name="ann"), AnnotatorTable(name="ann")])

    with pytest.raises(sa_errors.IntegrityError):
        add_twice()
