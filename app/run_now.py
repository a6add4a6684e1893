"""Runs a round in this process, for the command line; the server's rounds run in its worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import RoundError
from app.project import Progress, Project
from app.round_failure import failure_of
from app.rounds_plan import HEARTBEAT_S, begin_round, give_up_orphans
from app.sought import seek_abilities, sought_hash
from app.status import read_status
from labeling.clock import database_now
from labeling.errors import LabelingError
from labeling.round_log import beat_round, fail_round, is_done

log = logging.getLogger("goldpan.rounds")


def run_now(project: Project) -> int:
    """Run one round on the present labels.

    Returns:
        How many proposals were stored.

    Raises:
        RoundError: another process runs a round.
    """
    from app.rounds import run_round

    revision = read_status(project.database).revision
    with project.database.transaction() as session:
        # What a killed server left behind must not stand in the way for ever.
        give_up_orphans(session, now=database_now(session), own=False)
        begun = begin_round(session, config=project.config, revision=revision)
    if begun is None:
        raise RoundError("another process runs a round of this project; wait for it or stop that server")
    number, seed = begun
    try:
        with _heartbeat(project, number):
            return run_round(project.paths.config, number=number, revision=revision, seed=seed)
    except BaseException as problem:
        with project.database.transaction() as session:
            failure = failure_of(problem)
            if not is_done(session, number=number):
                fail_round(
                    session,
                    number=number,
                    error=failure.text,
                    now=database_now(session),
                    metrics={"cause": failure.cause},
                )
        raise


def run_first(project: Project, report: Progress) -> None:
    """Run a round unless one has looked at the present labels and at what is sought now already."""
    found = read_status(project.database)
    # A round that was taken over from a shared config has no proposals here: those are not computed twice for nothing.
    sought = sought_hash(found.seeks, found.classes, words=seek_abilities(project).words)
    if (
        found.latest is None
        or found.waiting == 0
        or found.latest.revision != found.revision
        or found.latest.hashes.get("seeks", "") != sought
    ):
        run_now(project)
    report(1.0, "")


@contextmanager
def _heartbeat(project: Project, number: int) -> Iterator[None]:
    """Say now and then that the round is alive, or a server of the same project would take it over as stale."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_S):
            try:
                with project.database.transaction() as session:
                    beat_round(session, number=number, now=database_now(session))
            except LabelingError as problem:
                log.warning("round %d cannot say that it is alive: %s", number, problem)

    thread = threading.Thread(target=beat, name="goldpan-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
