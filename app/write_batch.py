"""Group commit: what several requests want stored goes to the disk in one commit, and each gets its own answer.

A commit waits for the disk, whatever is in it. While one is on its way, the requests that come meanwhile wait in a
line; the next commit takes all of them. A request that comes alone is stored at once: nothing waits to fill a group.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from app.counts import RunningCounts
from labeling.annotations import Counts
from labeling.clock import database_now
from labeling.database import Database
from labeling.errors import DatabaseError, DatabaseUnavailableError
from labeling.savepoints import savepoint

GROUP_MAX = 64
"""Steps in one commit at most: more would keep the first of them, and whoever wants items, waiting for too long."""

Stored = TypeVar("Stored")
Step = Callable[[Any, datetime], Stored]
"""Stores something in a session of `labeling.database`, as of a moment by its clock, and returns what the answer needs;
may be called again after its transaction was rolled back."""


@dataclass(frozen=True)
class Committed(Generic[Stored]):
    """A step that is on the disk.

    Attributes:
        stored: what the step returned.
        counts: the labels by class right after the commit that the step was in.
    """

    stored: Stored
    counts: Counts


@dataclass
class _Waiting:
    step: Step[Any]
    future: Future[Committed[Any]] = field(default_factory=Future)
    stored: Any = None
    problem: Exception | None = None


class WriteBatch:
    """The line in which steps wait for the next commit. Safe to use from many threads."""

    def __init__(self, database: Database, counts: RunningCounts, writer: Executor) -> None:
        """Make an empty line.

        Args:
            database: where to store.
            counts: the server's running counts; brought up to date with every commit.
            writer: the one thread that writes.
        """
        self._database = database
        self._counts = counts
        self._writer = writer
        self._lock = threading.Lock()
        self._line: deque[_Waiting] = deque()
        self._called = False

    def submit(self, step: Step[Stored]) -> Future[Committed[Stored]]:
        """Have something stored with the next commit.

        Args:
            step: called in the writer's thread, after the steps that were handed in before. An error that it raises
                takes back what this step stored, and that alone.

        Returns:
            A future that holds the outcome once it is on the disk. It raises what the step raised, or
            DatabaseUnavailableError where the commit failed: then nothing of the group was stored.
        """
        entry = _Waiting(step)
        with self._lock:
            self._line.append(entry)
            call, self._called = not self._called, True
        if call:
            self._call()
        return entry.future

    def _call(self) -> None:
        try:
            self._writer.submit(self._store_next)
        except RuntimeError as problem:
            with self._lock:
                self._called = False
                left, self._line = list(self._line), deque()
            stopping = DatabaseUnavailableError("the server is stopping; nothing is lost, try again")
            stopping.__cause__ = problem
            _answer(left, problem=stopping)

    def _store_next(self) -> None:
        with self._lock:
            group = [self._line.popleft() for _ in range(min(len(self._line), GROUP_MAX))]
        try:
            counts = self._commit(group)
        except Exception as problem:  # noqa: BLE001 - handed to those who wait for it
            _answer(group, problem=problem)
        else:
            self._counts.remember(counts)
            _answer(group, counts=counts)
        with self._lock:
            call = self._called = bool(self._line)
        if call:
            # Behind whatever else waits for the writer, so that a busy line does not keep others from their items.
            self._call()

    def _commit(self, group: list[_Waiting]) -> Counts:
        try:
            return self._run(group, _step)
        except DatabaseError:
            # Nothing can be stored now; trying each alone would only wait longer.
            raise
        except Exception:
            if len(group) == 1:
                raise
        # One was refused, which is rare: nothing is stored yet, and now each gets a savepoint of its own.
        return self._run(group, _attempt)

    def _run(self, group: list[_Waiting], attempt: Callable[[Any, datetime, _Waiting], None]) -> Counts:
        with self._database.transaction() as session:
            # One for the whole group: PostgreSQL is asked for the moment, which takes as long as storing a row.
            now = database_now(session)
            for entry in group:
                attempt(session, now, entry)
            return self._counts.preview(session)


def _step(session: Any, now: datetime, entry: _Waiting) -> None:  # noqa: ANN401 - a session of labeling.database
    entry.stored = entry.step(session, now)


def _attempt(session: Any, now: datetime, entry: _Waiting) -> None:  # noqa: ANN401 - a session of labeling.database
    try:
        with savepoint(session):
            entry.stored = entry.step(session, now)
    except DatabaseError:
        # The transaction is lost, and with it the whole group.
        raise
    except Exception as problem:  # noqa: BLE001 - handed to whoever waits for it
        entry.problem = problem


def _answer(group: list[_Waiting], *, counts: Counts | None = None, problem: Exception | None = None) -> None:
    for entry in group:
        if not entry.future.set_running_or_notify_cancel():
            continue
        failed = problem or entry.problem
        if failed is not None or counts is None:
            entry.future.set_exception(failed or RuntimeError("a commit without counts"))
        else:
            entry.future.set_result(Committed(entry.stored, counts))
