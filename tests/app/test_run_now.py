from __future__ import annotations

import os
import socket

import pytest

from app.errors import RoundError
from app.project import Project, now
from app.rounds_plan import give_up_orphans
from app.run_now import run_now
from app.status import read_status
from labeling.round_log import list_rounds, start_round


def gone_pid() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def start_as(project: Project, owner: str) -> None:
    with project.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner=owner, now=now())


def test_run_now__after_a_server_that_was_killed_in_a_round(clouds: Project) -> None:
    start_as(clouds, f"{socket.gethostname()}:{gone_pid()}")
    run_now(clouds)
    with clouds.database.reading() as session:
        assert [row.state for row in list_rounds(session)] == ["failed", "done"]


def test_run_now__while_another_machine_runs_a_round(clouds: Project) -> None:
    start_as(clouds, "another-machine:1")
    with pytest.raises(RoundError, match="another process runs a round"):
        run_now(clouds)


def test_give_up_orphans__own_number(clouds: Project) -> None:
    start_as(clouds, f"{socket.gethostname()}:{os.getpid()}")
    for own, running in ((False, True), (True, False)):
        with clouds.database.transaction() as session:
            give_up_orphans(session, now=now(), own=own)
        assert (read_status(clouds.database).running is not None) is running
