"""Decides when a round runs, watches it, and says what became of it.

One thread a server. A round that crashes, hangs or runs out of memory is marked failed and labelling goes on; the
next try waits for new labels or a growing pause.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from app.arranging import Arranger
from app.counts import RunningCounts
from app.easing import next_easing
from app.errors import RoundFailedError
from app.project import Project
from app.round_failure import Cause, failure_of
from app.round_watch import RoundWatch
from app.rounds_plan import HEARTBEAT_S, begin_round, give_up_orphans
from app.sought import seek_abilities, sought_hash
from app.status import Status, read_status
from app.worker import Worker
from labeling.clock import database_now
from labeling.errors import LabelingError
from labeling.round_log import RoundRow, abandon_round, beat_round, fail_round, is_done

log = logging.getLogger("goldpan.rounds")

TICK_S = 0.15
PAUSE_AFTER_FAILURE_S = 15.0
PAUSE_WITH_LABELS_S = 1.0
"""The same with enough new labels for a round; when many people label, there always are."""
PATIENCE_S = 20.0
"""After this long without a round, fewer new labels than `retrain_after` start one too."""
SETTLE_S = 0.6
"""What is sought must have stayed the same for so long: several classes are often added one after the other."""


@dataclass
class RunningRound:
    """A round in the worker."""

    number: int
    future: Future[int]
    began_s: float
    beat_s: float
    sought: str = ""


class Supervisor:
    """Runs rounds in a worker process whenever there is something new to learn."""

    def __init__(
        self,
        project: Project,
        *,
        counts: RunningCounts,
        on_status: Callable[[Status], None],
        arranger: Arranger | None = None,
    ) -> None:
        """Make a supervisor; `start` starts its thread.

        Args:
            project: the opened project.
            counts: the server's running counts.
            on_status: called, in the supervisor's thread, whenever the status has changed.
            arranger: has the map's better layout made while no round runs; None leaves the map as it is.
        """
        self.project = project
        self.worker = Worker()
        self._counts = counts
        self._on_status = on_status
        self._arranger = arranger
        self._others = RoundWatch()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._running: RunningRound | None = None
        self._status: Status | None = None
        self._has_finished_one = False
        self._failures = 0
        self._failed_revision = -1
        self._failed_at_s = 0.0
        self._last_label_s = time.monotonic()
        self._sought = ""
        self._sought_since_s = time.monotonic()
        self._sought_done: str | None = None
        self._words: bool | None = None
        self._thread = threading.Thread(target=self._loop, name="goldpan-supervisor", daemon=True)

    def start(self) -> None:
        """Mark what a killed server left running as failed, warm the worker, start watching."""
        with self.project.database.transaction() as session:
            give_up_orphans(session, now=database_now(session), own=True)
        self.worker.warm()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and end the worker; a round in it is marked failed, so that another server can go on."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        if self._arranger is not None:
            self._arranger.stop()
        self.worker.kill()
        self._hand_over()

    def _hand_over(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        try:
            with self.project.database.transaction() as session:
                if not is_done(session, number=running.number):
                    moment = database_now(session)
                    fail_round(
                        session,
                        number=running.number,
                        error="the server stopped during this round",
                        now=moment,
                    )
        except LabelingError as problem:
            log.warning("round %d is left to the next start: %s", running.number, problem)

    def wake(self) -> None:
        """Look for new labels now: something was stored."""
        self._wake.set()

    @property
    def status(self) -> Status | None:
        """The status last seen; None before the first look."""
        return self._status

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except LabelingError as problem:
                # The database is away or full: the next look tries again, and labelling says so itself.
                log.warning("cannot look after the rounds: %s", problem)
                self._stop.wait(1.0)
            except Exception:
                log.exception("the supervisor stumbled; it goes on")
                self._stop.wait(1.0)
            self._wake.wait(TICK_S)
            self._wake.clear()

    def _look(self) -> None:
        self._watch_running()
        status = read_status(self.project.database, counts=self._counts, known=self._status)
        if self._status is not None and status.revision != self._status.revision:
            self._last_label_s = time.monotonic()
        self._note_sought(status)
        due = self._running is None and self._should_start(status)
        if self._arranger is not None:
            # The first round goes before; one that failed does not stand in the way.
            tried = status.latest is not None or status.failed is not None
            calm = tried and not due and self._running is None and status.running is None
            status = replace(status, layout=self._arranger.look(calm=calm))
        if status.failed is not None:
            words = next_easing([status.failed]).words(self.project.config.head)
            status = replace(status, retry=words)
        if status != self._status:
            self._status = status
            self._on_status(status)
        if due:
            self._begin(status)

    def _should_start(self, status: Status) -> bool:
        if status.running is not None:
            self._give_up_silent(status.running, status)
            return False
        if status.latest is None or self._is_of_another_pool(status.latest):
            return not self._waits_after_failure(status)
        if self._is_of_other_seeks(status.latest):
            return not self._waits_after_failure(status)
        fresh = status.fresh
        if fresh <= 0 or self._waits_after_failure(status):
            return False
        idle_s = time.monotonic() - self._last_label_s
        enough = fresh >= self.project.config.rounds.retrain_after
        return enough or idle_s > PATIENCE_S or status.waiting == 0

    def _is_of_another_pool(self, latest: RoundRow) -> bool:
        """Return whether the last round's proposals are not for this pool: it was refreshed or just imported.

        Only until this server has run a round itself: where another process refreshes the pool meanwhile, its
        worker knows the new pool and this server does not, and rounds would follow each other without end.
        """
        if self._has_finished_one:
            return False
        # A round that was taken over from a shared file has its proposals in the log alone.
        return latest.hashes.get("pool") != self.project.pool.hash or "proposals" in latest.metrics

    def _is_of_other_seeks(self, latest: RoundRow) -> bool:
        """Return whether something else is sought since the last round, and has been for a moment.

        Where this server's own round did not change that, another program has its own view of what is sought, and
        rounds would follow each other without end.
        """
        if self._sought in (latest.hashes.get("seeks", ""), self._sought_done):
            return False
        return time.monotonic() - self._sought_since_s > SETTLE_S

    def _note_sought(self, status: Status) -> None:
        known = self._status
        if (
            known is not None
            and self._words is not None
            and (known.seek_revision, known.classes) == (status.seek_revision, status.classes)
        ):
            return
        if self._words is None:
            self._words = seek_abilities(self.project).words
        found = sought_hash(status.seeks, status.classes, words=self._words)
        if found != self._sought:
            self._sought, self._sought_since_s = found, time.monotonic()

    def _waits_after_failure(self, status: Status) -> bool:
        """After a failure: wait for a pause that grows with each failure in a row; a shorter one with new labels."""
        if self._failures == 0:
            return False
        fresh = status.revision - self._failed_revision
        enough = fresh >= self.project.config.rounds.retrain_after
        least_s = PAUSE_WITH_LABELS_S if enough else PAUSE_AFTER_FAILURE_S
        return time.monotonic() - self._failed_at_s < least_s * min(2 ** (self._failures - 1), 16)

    def _begin(self, status: Status) -> None:
        project = self.project
        with project.database.transaction() as session:
            begun = begin_round(session, config=project.config, revision=status.revision)
        if begun is None:
            return
        number, seed = begun
        moment = time.monotonic()
        try:
            future = self.worker.submit(
                project.paths.config, number=number, revision=status.revision, seed=seed
            )
        except (BrokenProcessPool, OSError, RuntimeError) as problem:
            self._renew_worker()
            self._record_failure(
                number,
                f"the worker process had died or could not start ({problem}); it is started again",
                Cause.WORKER,
            )
            return
        self._running = RunningRound(
            number=number, future=future, began_s=moment, beat_s=moment, sought=self._sought
        )
        future.add_done_callback(lambda _: self._wake.set())

    def _watch_running(self) -> None:
        running = self._running
        if running is None:
            return
        moment = time.monotonic()
        if running.future.done():
            self._running = None
            self._finish(running)
        elif moment - running.began_s > self.project.config.rounds.timeout_s:
            self._running = None
            self._renew_worker()
            self._record_failure(
                running.number,
                f"the round took longer than {self.project.config.rounds.timeout_s:g} s and was stopped",
                Cause.TIMEOUT,
            )
        elif moment - running.beat_s > HEARTBEAT_S:
            running.beat_s = moment
            with self.project.database.transaction() as session:
                beat_round(session, number=running.number, now=database_now(session))

    def _finish(self, running: RunningRound) -> None:
        problem = running.future.exception()
        if problem is None:
            self._failures = 0
            self._has_finished_one = True
            self._sought_done = running.sought
            return
        if isinstance(problem, BrokenProcessPool):
            self._renew_worker()
            self._record_failure(
                running.number, "the worker process died (killed, or out of memory)", Cause.WORKER
            )
            return
        log.error("round %d failed", running.number, exc_info=problem)
        failure = problem if isinstance(problem, RoundFailedError) else failure_of(problem)
        if failure.cause in (Cause.MEMORY, Cause.GPU_MEMORY, Cause.DEVICE):
            # A process keeps a lost device for lost, and the memory that it once took.
            self._renew_worker()
        self._record_failure(running.number, failure.text, failure.cause)

    def _record_failure(self, number: int, error: str, cause: str) -> None:
        with self.project.database.transaction() as session:
            if is_done(session, number=number):
                # Everything was stored before its process ended; only the news of it was lost.
                self._has_finished_one = True
                return
            fail_round(
                session, number=number, error=error, now=database_now(session), metrics={"cause": cause}
            )
        log.warning("round %d failed: %s", number, error)
        self._failures += 1
        self._failed_at_s = time.monotonic()
        self._failed_revision = self._status.revision if self._status else 0

    def _renew_worker(self) -> None:
        """End the worker's process and let a new one import torch before the next round needs it."""
        self.worker.kill()
        try:
            self.worker.warm()
        except (BrokenProcessPool, OSError, RuntimeError) as problem:
            log.warning("the worker process cannot be started now: %s", problem)

    def _give_up_silent(self, running: RoundRow, status: Status) -> None:
        """Give up a round whose server is gone or silent; the next look starts another."""
        # Looked at before the write lock is asked for: this runs several times a second.
        reason = self._others.given_up(running, moment=status.moment or running.heartbeat_at)
        if reason:
            with self.project.database.transaction() as session:
                abandon_round(
                    session,
                    number=running.number,
                    heartbeat_at=running.heartbeat_at,
                    error=reason,
                    now=database_now(session),
                )
