"""The supervisor with its real worker process: rounds start by themselves, and failures stay outside."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import app.supervisor as supervisor_module
from app import round_watch
from app.audit_set import draw_audit_set
from app.counts import RunningCounts
from app.easing import Easing, easing_of
from app.project import Project, now
from app.rounds_plan import STALE_S, machine_name, owner_name
from app.run_now import run_now
from app.share import import_project, write_shared_config
from app.status import Status, read_status
from app.supervisor import RunningRound, Supervisor
from labeling.annotators import ensure_annotator
from labeling.round_log import start_round
from labeling.seeks import withdraw_seek
from tests.projects import label, label_some, seek, truth_of
from tests.servers import wait_for


class Watched:
    """A supervisor and the statuses it told."""

    def __init__(self, project: Project) -> None:
        self.told: list[Status] = []
        self.supervisor = Supervisor(project, counts=RunningCounts(), on_status=self.told.append)

    def wait_for_round(self, number: int, seconds: float = 120) -> Status:
        def done() -> Status | None:
            status = self.supervisor.status
            return status if status is not None and status.round_number >= number else None

        found: Status = wait_for(done, seconds=seconds, what=f"round {number}")
        return found


@pytest.fixture
def watched(clouds: Project) -> Iterator[Watched]:
    holder = Watched(clouds)
    yield holder
    holder.supervisor.stop()


def worker_pids(supervisor: Supervisor) -> list[int]:
    executor: Any = supervisor.worker._executor
    return list(executor._processes) if executor is not None else []


@pytest.mark.slow
def test_start__runs_the_first_round(watched: Watched) -> None:
    watched.supervisor.start()
    assert watched.wait_for_round(1).waiting > 0


def test_wake__new_labels_start_a_round(watched: Watched, clouds: Project) -> None:
    watched.supervisor.start()
    watched.wait_for_round(1)
    labels = label_some(clouds)
    watched.supervisor.wake()
    status = watched.wait_for_round(2)
    assert status.latest is not None and status.latest.labels_used == len(labels)
    assert any(told.running is not None for told in watched.told)


@pytest.mark.slow
def test_look__a_change_of_what_is_sought_starts_a_round(watched: Watched, clouds: Project) -> None:
    watched.supervisor.start()
    watched.wait_for_round(1)
    number = seek(clouds, "criteria", "b > 4 and d > 4", about="rare")
    sought = watched.wait_for_round(2)
    assert sought.latest is not None and sought.latest.hashes["seeks"]
    assert [entry.id for entry in sought.seeks] == [number]
    with clouds.database.transaction() as session:
        withdraw_seek(session, seek_id=number, annotator_id=1, now=now())
    gone = watched.wait_for_round(3)
    assert gone.latest is not None and gone.latest.hashes["seeks"] == "" and gone.seeks == ()
    # Nothing is new after that: no further round.
    time.sleep(1.0)
    status = watched.supervisor.status
    assert status is not None and status.round_number == 3 and status.running is None


@pytest.mark.slow
def test_look__another_view_of_what_is_sought_makes_one_round_alone(
    watched: Watched, clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "sought_hash", lambda *_, **__: "something else")
    watched.supervisor.start()
    watched.wait_for_round(1)
    time.sleep(1.5)
    status = watched.supervisor.status
    assert status is not None and status.round_number <= 2 and status.running is None


def test_look__a_killed_worker_is_noticed_and_replaced(watched: Watched, clouds: Project) -> None:
    watched.supervisor.start()
    watched.wait_for_round(1)
    # A round is stored a moment before its end is heard of; a death in between is none of a round.
    wait_for(lambda: watched.supervisor._running is None, what="the end of round 1")
    for pid in worker_pids(watched.supervisor):
        os.kill(pid, signal.SIGKILL)
    label_some(clouds)
    watched.supervisor.wake()
    wait_for(lambda: any(told.failed is not None for told in watched.told), what="the failure")
    # Four new labels end the wait after a failure.
    names = truth_of(clouds)
    with clouds.database.reading():
        pass
    label(clouds, dict(list(names.items())[-6:]))
    watched.supervisor.wake()
    failed = next(told.failed for told in watched.told if told.failed is not None)
    assert "worker process" in failed.error
    status = watched.wait_for_round(failed.number + 1)
    assert status.latest is not None and easing_of(status.latest) == Easing({"worker": 1})


def test_look__a_failing_round_does_not_run_in_a_loop(watched: Watched, clouds: Project) -> None:
    supervisor = watched.supervisor
    status = read_status(clouds.database)
    supervisor._failures, supervisor._failed_at_s = 4, time.monotonic() - 7.0
    busy = replace(status, revision=1_000_000)
    assert supervisor._waits_after_failure(busy)
    supervisor._failed_at_s -= 2.0
    assert not supervisor._waits_after_failure(busy)
    # Without new labels it waits for longer.
    assert supervisor._waits_after_failure(replace(status, revision=supervisor._failed_revision))


def test_look__answers_of_the_audit_set_start_no_round(watched: Watched, clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    with clouds.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    drawn = draw_audit_set(clouds, size=20, annotator_id=person)
    truth = truth_of(clouds)
    label(clouds, {key: truth[key] for key in drawn.new.item_keys})
    supervisor = watched.supervisor
    supervisor._look()
    status = supervisor.status
    assert status is not None and status.revision > status.round_number
    supervisor._last_label_s -= 3600.0
    assert not supervisor._should_start(status)
    others = [key for key in truth if key not in drawn.new.item_keys][-clouds.config.rounds.retrain_after :]
    label(clouds, {key: truth[key] for key in others})
    assert supervisor._should_start(read_status(clouds.database))


def test_look__a_round_that_hangs_is_stopped(watched: Watched, clouds: Project) -> None:
    supervisor = watched.supervisor
    rounds = clouds.config.rounds.model_copy(update={"timeout_s": 0.01})
    supervisor.project = Project(
        config=clouds.config.model_copy(update={"rounds": rounds}),
        paths=clouds.paths,
        pool=clouds.pool,
        database=clouds.database,
    )
    supervisor.start()
    wait_for(lambda: any(told.failed is not None for told in watched.told), what="the failure")
    failed = next(told.failed for told in watched.told if told.failed is not None)
    assert "took longer than 0.01 s" in failed.error


def test_start__a_round_of_a_dead_server_is_given_up(watched: Watched, clouds: Project) -> None:
    import socket

    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner=f"{socket.gethostname()}:{gone}", now=now())
    watched.supervisor.start()
    assert watched.wait_for_round(2).round_number == 2


def test_start__leaves_the_round_of_a_living_server_alone(watched: Watched, clouds: Project) -> None:
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner="another-machine:1", now=now())
    watched.supervisor.start()
    wait_for(lambda: watched.supervisor.status, what="a status")
    assert read_status(clouds.database).running is not None


@pytest.mark.slow
def test_start__an_imported_project_gets_proposals(watched: Watched, clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    run_now(clouds)
    shared = write_shared_config(clouds, tmp_path / "shared.yaml")
    copy = import_project(shared, tmp_path / "copy.yaml")
    other = Watched(copy)
    other.supervisor.start()
    try:
        assert other.wait_for_round(2).waiting > 0
        # Nothing is new after that: no further round.
        time.sleep(1.0)
        status = other.supervisor.status
        assert status is not None and status.round_number == 2 and status.running is None
    finally:
        other.supervisor.stop()
        copy.close()


@pytest.mark.slow
def test_look__nothing_is_left_to_label(watched: Watched, clouds: Project) -> None:
    label(clouds, truth_of(clouds))
    watched.supervisor.start()
    assert watched.wait_for_round(1).waiting == 0
    time.sleep(1.0)
    status = watched.supervisor.status
    assert status is not None and status.round_number == 1 and status.running is None


def test_look__worker_that_died_after_it_stored_all(watched: Watched, clouds: Project) -> None:
    run_now(clouds)
    future: Future[int] = Future()
    future.set_exception(BrokenProcessPool("killed"))
    watched.supervisor._running = RunningRound(number=1, future=future, began_s=0.0, beat_s=0.0)
    watched.supervisor._look()
    assert watched.told[-1].failed is None
    assert watched.supervisor._failures == 0


def test_look__worker_that_cannot_start(
    watched: Watched, clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("cannot allocate memory")

    monkeypatch.setattr(watched.supervisor.worker, "submit", refuse)
    watched.supervisor._look()
    failed = read_status(clouds.database).failed
    assert failed is not None and "cannot allocate memory" in failed.error


def test_look__worker_is_warm_again_after_a_crash(watched: Watched, clouds: Project) -> None:
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner="me:1", now=now())
    future: Future[int] = Future()
    future.set_exception(BrokenProcessPool("killed"))
    watched.supervisor._running = RunningRound(number=1, future=future, began_s=0.0, beat_s=0.0)
    watched.supervisor._watch_running()
    assert worker_pids(watched.supervisor)


def test_look__takes_no_write_lock_while_another_server_runs_a_round(
    watched: Watched, clouds: Project
) -> None:
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner="another-machine:1", now=now())
    with clouds.database.transaction():
        began = time.monotonic()
        watched.supervisor._look()
        assert time.monotonic() - began < 2


def test_look__gives_up_a_silent_round_of_another_server(
    watched: Watched, clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = now() - dt.timedelta(seconds=STALE_S + 1)
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner="another-machine:1", now=long_ago)
    watched.supervisor._look()
    assert read_status(clouds.database).running is not None, "it may yet be heard of"
    monkeypatch.setattr(round_watch, "GRACE_S", 0.0)
    watched.supervisor._look()
    failed = read_status(clouds.database).failed
    assert failed is not None and "silent" in failed.error


def test_stop__ends_the_worker(watched: Watched) -> None:
    watched.supervisor.start()
    watched.wait_for_round(1)
    pids = worker_pids(watched.supervisor)
    watched.supervisor.stop()
    assert pids
    for pid in pids:
        wait_for(partial(_gone, pid), seconds=5, what="the end of the worker")


def _gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().split(") ")[1][0] == "Z"
    except FileNotFoundError:
        return True


def test_look__takes_over_at_once_where_the_process_is_gone(watched: Watched, clouds: Project) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner=f"{machine_name()}:{gone}", now=now())
    watched.supervisor._look()
    failed = read_status(clouds.database).failed
    assert failed is not None and failed.error == "the server stopped during this round"


def test_stop__hands_its_round_over(watched: Watched, clouds: Project) -> None:
    future: Future[int] = Future()
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner=owner_name(), now=now())
    watched.supervisor._running = RunningRound(number=1, future=future, began_s=0.0, beat_s=0.0)
    watched.supervisor.stop()
    failed = read_status(clouds.database).failed
    assert failed is not None and "stopped during this round" in failed.error


def test_loop__stumbles_and_goes_on(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours in one look must not be the end of all rounds."""
    look, looks = watched.supervisor._look, list[int]()

    def stumble() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise ValueError("a mistake")
        look()

    monkeypatch.setattr(watched.supervisor, "_look", stumble)
    watched.supervisor.start()
    wait_for(lambda: watched.supervisor.status, what="a look after the mistake")
