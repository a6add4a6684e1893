"""Runs a round in this process, for the command line; the server's rounds run in its worker."""

from __future__ import annotations

import os
import socket

from app.errors import RoundError
from app.project import Progress, Project, now
from app.rounds_plan import next_seed
from app.status import read_status
from config.errors import GoldpanError
from labeling.round_log import fail_round, start_round


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
        seed = next_seed(session, project_seed=project.config.project.seed)
        number = start_round(
            session, revision=revision, seed=seed, owner=f"{socket.gethostname()}:{os.getpid()}", now=now()
        )
    if number is None:
        raise RoundError("another process runs a round of this project; wait for it or stop that server")
    try:
        return run_round(project.paths.config, number=number, revision=revision, seed=seed)
    except BaseException as problem:
        with project.database.transaction() as session:
            words = (
                str(problem) if isinstance(problem, GoldpanError) else f"{type(problem).__name__}: {problem}"
            )
            fail_round(session, number=number, error=words, now=now())
        raise


def run_first(project: Project, report: Progress) -> None:
    """Run a round unless one has looked at the present labels already."""
    found = read_status(project.database)
    # A round that was taken over from a shared config has no proposals here: those are not computed twice for nothing.
    if found.latest is None or found.waiting == 0 or found.latest.revision != found.revision:
        run_now(project)
    report(1.0, "")
