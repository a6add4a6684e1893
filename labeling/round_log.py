"""The log of rounds: which one runs, how far it is, what the finished ones reached. One runs at most."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from labeling.checks import checked_integer, checked_text
from labeling.errors import RoundError
from labeling.tables import RoundTable

ERROR_MAX = 4_000
"""Characters kept of what made a round fail."""


@dataclass(frozen=True)
class RoundRow:
    """A round in the log.

    Attributes:
        number: from 1; a failed round keeps its number.
        state: running, done or failed.
        revision: the label revision it started from.
        seed: the seed of everything random in it.
        stage: what it does now, in words for the screen.
        progress: 0 to 1.
        labels_used: items with a label that it trained on; 0 until done.
        finished_at: None while it runs.
        seconds: from start to end, None while it runs.
        error: why it failed, empty otherwise.
        metrics: what it reached; numbers that are not finite are stored as None.
        hashes: of its inputs and results, by name.
        owner: the process that runs it.
        heartbeat_at: when it last told of itself.
    """

    number: int
    state: str
    revision: int
    seed: int
    stage: str
    progress: float
    labels_used: int
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    error: str
    metrics: dict[str, Any]
    hashes: dict[str, Any]
    owner: str
    heartbeat_at: datetime


def start_round(
    session: Session,
    *,
    revision: int,
    seed: int,
    owner: str,
    now: datetime,
    metrics: Mapping[str, Any] | None = None,
) -> int | None:
    """Begin a round and return its number; None while another one runs, in whatever process.

    Args:
        session: of a write transaction.
        revision: the label revision it starts from.
        seed: of everything random in it.
        owner: the process that runs it.
        now: the moment, in UTC.
        metrics: what is known of it before it runs; `finish_round` replaces it.

    Raises:
        RoundError: a value cannot be stored.
    """
    checked_integer(revision, what="the label revision", error=RoundError, most=2**63 - 1)
    checked_integer(seed, what="the seed", error=RoundError, most=2**63 - 1)
    checked_text(owner, what="the round's owner", error=RoundError, longest=200)
    highest = session.execute(sa.select(sa.func.coalesce(sa.func.max(RoundTable.number), 0))).scalar_one()
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    values = {
        "number": highest + 1,
        "state": "running",
        "revision": revision,
        "seed": seed,
        "stage": "starting",
        "progress": 0.0,
        "labels_used": 0,
        "started_at": now,
        "error": "",
        "metrics": _storable(metrics or {}, what="metrics"),
        "hashes": {},
        "owner": owner,
        "heartbeat_at": now,
    }
    # Two unique indexes may refuse it, the number's and the running state's: another one was first.
    statement = insert(RoundTable).values(**values).on_conflict_do_nothing().returning(RoundTable.number)
    return session.execute(statement).scalar_one_or_none()


def advance_round(session: Session, *, number: int, stage: str, progress: float, now: datetime) -> None:
    """Say how far a running round is, and that it is alive.

    Raises:
        RoundError: there is no such round, it does not run (any more), or a value cannot be stored.
    """
    row = _running(session, number)
    row.stage = checked_text(stage, what="the round's stage", error=RoundError, longest=64)
    if not math.isfinite(progress):
        raise RoundError(f"a round's progress is a number from 0 to 1, not {progress!r}")
    row.progress = min(1.0, max(0.0, float(progress)))
    row.heartbeat_at = now
    session.flush()


def beat_round(session: Session, *, number: int, now: datetime) -> None:
    """Say that a running round is alive; a round that does not run (any more) is left alone."""
    statement = sa.update(RoundTable).where(RoundTable.number == number, RoundTable.state == "running")
    session.execute(statement.values(heartbeat_at=now))


def restore_round(
    session: Session,
    *,
    number: int,
    revision: int,
    seed: int,
    labels_used: int,
    hashes: Mapping[str, Any],
    now: datetime,
    error: str = "",
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """Enter a round that was run elsewhere, so that the next one has the number and seed it would have had there.

    Args:
        session: of a write transaction.
        number: the number it had.
        revision: the label revision it started from, as it is here.
        seed: the seed it had.
        labels_used: items with a label that it trained on.
        hashes: what is known of its inputs and results.
        now: the moment, in UTC.
        error: why it failed; empty for a round that did not.
        metrics: what is known of what it saw and reached.

    Raises:
        RoundError: there is a round of that number, or a value cannot be stored.
    """
    checked_integer(number, what="the round's number", error=RoundError, least=1, most=2**31 - 1)
    checked_integer(revision, what="the label revision", error=RoundError, most=2**63 - 1)
    checked_integer(seed, what="the seed", error=RoundError, most=2**63 - 1)
    if session.get(RoundTable, number) is not None:
        raise RoundError(f"there is a round {number} already; import into a new project")
    row = RoundTable(
        number=number,
        state="failed" if error else "done",
        revision=revision,
        seed=seed,
        stage="done elsewhere",
        progress=1.0,
        labels_used=checked_integer(labels_used, what="the number of labels used", error=RoundError),
        started_at=now,
        finished_at=now,
        error=error,
        metrics=_storable(metrics or {}, what="metrics"),
        hashes=_storable(hashes, what="hashes"),
        owner="import",
        heartbeat_at=now,
    )
    session.add(row)
    session.flush()


def finish_round(
    session: Session,
    *,
    number: int,
    labels_used: int,
    metrics: Mapping[str, Any],
    hashes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Mark a running round as done; store its proposals in the same transaction.

    Raises:
        RoundError: there is no such round, it does not run (any more), or a value cannot be stored.
    """
    row = _running(session, number)
    row.labels_used = checked_integer(labels_used, what="the number of labels used", error=RoundError)
    row.metrics = _storable(metrics, what="metrics")
    row.hashes = _storable(hashes, what="hashes")
    row.state, row.stage, row.progress = "done", "done", 1.0
    row.finished_at = row.heartbeat_at = now
    session.flush()


def fail_round(
    session: Session, *, number: int, error: str, now: datetime, metrics: Mapping[str, Any] | None = None
) -> None:
    """Mark a running round as failed; one that failed already keeps its first error.

    Args:
        session: of a write transaction.
        number: the round.
        error: why it failed, for the screen.
        now: the moment, in UTC.
        metrics: what is known of the failure, added to what is known of the round.

    Raises:
        RoundError: there is no such round, or it is done.
    """
    row = _existing(session, number)
    if row.state == "failed":
        return
    row = _running(session, number)
    row.metrics = {**row.metrics, **_storable(metrics or {}, what="metrics")}
    _fail(row, error=error, now=now)
    session.flush()


def latest_round(session: Session, *, state: str | None = "done") -> RoundRow | None:
    """Return the newest round in that state (None for any state), None where there is none."""
    statement = sa.select(RoundTable).order_by(RoundTable.number.desc()).limit(1)
    if state is not None:
        statement = statement.where(RoundTable.state == state)
    row = session.execute(statement).scalar_one_or_none()
    return None if row is None else _frozen(row)


def newest_rounds(session: Session, *, limit: int) -> list[RoundRow]:
    """Return the newest rounds in any state, newest first."""
    statement = sa.select(RoundTable).order_by(RoundTable.number.desc()).limit(limit)
    return [_frozen(row) for row in session.execute(statement).scalars()]


def find_round(session: Session, *, number: int) -> RoundRow | None:
    """Return the round of that number, None where there is none."""
    row = session.get(RoundTable, number, populate_existing=True)
    return None if row is None else _frozen(row)


def is_done(session: Session, *, number: int) -> bool:
    """Return whether that round is done."""
    row = session.get(RoundTable, number, populate_existing=True)
    return row is not None and row.state == "done"


def list_rounds(session: Session) -> list[RoundRow]:
    """Return all rounds, oldest first."""
    return [
        _frozen(row) for row in session.execute(sa.select(RoundTable).order_by(RoundTable.number)).scalars()
    ]


def abandon_round(
    session: Session, *, number: int, heartbeat_at: datetime, error: str, now: datetime
) -> bool:
    """Mark a running round as failed, unless it has told of itself since that heartbeat; return whether it was marked.

    Args:
        session: of a write transaction.
        number: the round.
        heartbeat_at: the last that was heard of it.
        error: why it is given up.
        now: the moment, in UTC.
    """
    row = session.get(RoundTable, number, populate_existing=True)
    if row is None or row.state != "running" or row.heartbeat_at != heartbeat_at:
        return False
    _fail(row, error=error, now=now)
    session.flush()
    return True


def abandon_stale(session: Session, *, older_than_s: float, now: datetime) -> list[int]:
    """Mark as failed what has not told of itself for so long: its process is gone. Return the numbers."""
    statement = sa.select(RoundTable).where(
        RoundTable.state == "running", RoundTable.heartbeat_at < now - timedelta(seconds=older_than_s)
    )
    rows = list(session.execute(statement).scalars())
    for row in rows:
        silent_s = (now - row.heartbeat_at).total_seconds()
        _fail(row, error=f"abandoned: {row.owner} has been silent for {silent_s:.0f} s", now=now)
    session.flush()
    return [row.number for row in rows]


def _fail(row: RoundTable, *, error: str, now: datetime) -> None:
    # What a crash prints may hold anything; here it must only be storable.
    text = error.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    row.state, row.error, row.finished_at = "failed", text[:ERROR_MAX], now


def _existing(session: Session, number: int) -> RoundTable:
    row = session.get(RoundTable, number, populate_existing=True)
    if row is None:
        raise RoundError(f"there is no round {number}")
    return row


def _running(session: Session, number: int) -> RoundTable:
    row = _existing(session, number)
    if row.state != "running":
        reason = f" ({row.error})" if row.error else ""
        raise RoundError(f"round {number} does not run, it is {row.state}{reason}; start a new one")
    return row


def _storable(values: Mapping[str, Any], *, what: str) -> dict[str, Any]:
    """Return a copy that JSON can hold, with None for numbers that are not finite."""
    try:
        text = json.dumps(_finite(dict(values)), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RoundError(
            f"a round's {what} must be plain numbers, texts, lists and mappings: {error}"
        ) from error
    # PostgreSQL refuses a NUL in JSON, and neither database could give it back as text.
    if "\\u0000" in text:
        raise RoundError(f"a round's {what} hold a NUL, which cannot be stored")
    stored: dict[str, Any] = json.loads(text)
    return stored


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value


def _frozen(row: RoundTable) -> RoundRow:
    # A clock that was set back meanwhile must not make a round end before it began.
    seconds = (
        None if row.finished_at is None else max((row.finished_at - row.started_at).total_seconds(), 0.0)
    )
    return RoundRow(
        number=row.number,
        state=row.state,
        revision=row.revision,
        seed=row.seed,
        stage=row.stage,
        progress=row.progress,
        labels_used=row.labels_used,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds=seconds,
        error=row.error,
        metrics=row.metrics,
        hashes=row.hashes,
        owner=row.owner,
        heartbeat_at=row.heartbeat_at,
    )
