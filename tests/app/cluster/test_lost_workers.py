"""Workers that are killed in mid-round cost time only; a cluster that is gone costs a round."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cluster import gathering
from app.errors import ClusterLostError
from app.run_now import run_now
from app.status import read_status
from tests.app.cluster.clusters import Copy, outcome, threads_cluster, use_scheduler, worker_process

SLOW = """
import os, time
from app.cluster import there
from app.errors import PartUnseenError
from models import scoring

# Dask runs this file twice: what stands in its own place would call itself.
if not hasattr(scoring, "plain_answer_rows"):
    scoring.plain_answer_rows = scoring.answer_rows

def slow(*values, **names):
    answers = scoring.plain_answer_rows(*values, **names)
    time.sleep(0.3)
    with open({log!r}, "a") as file:
        file.write(f"{{os.getpid()}}\\n")
    return answers

scoring.answer_rows = slow

def unseen(part):
    raise PartUnseenError("not mounted")

if {unseen!r}:
    there.open_part = unseen
    there.PLACE_MARK = "not mounted either"
"""
"""Loaded by the workers: each part takes a moment, and is told of once it is scored."""


def kill_after(log: Path, *, parts: int, end: Callable[[], None]) -> threading.Thread:
    """End something, once some worker has scored so many parts, from a thread."""

    def watch() -> None:
        for _ in range(2_000):
            if log.exists() and len(log.read_text().splitlines()) >= parts:
                end()
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.mark.slow
@pytest.mark.parametrize("unseen", [False, True], ids=["shared", "sent"])
def test_run_round__killed_worker_costs_time_only(copy: Copy, tmp_path: Path, unseen: bool) -> None:
    here = copy("here")
    run_now(here)
    log, preload = tmp_path / "log", tmp_path / "slow.py"
    preload.write_text(SLOW.format(log=str(log), unseen=unseen))
    project = copy("there")
    with (
        threads_cluster(workers=0) as cluster,
        worker_process(cluster.scheduler_address, preload) as first,
        worker_process(cluster.scheduler_address, preload) as second,
    ):
        use_scheduler(project, cluster.scheduler_address)
        wait_for_workers(cluster.scheduler_address, 2)
        killer = kill_after(log, parts=4, end=lambda: os.kill(first.pid, signal.SIGKILL))
        run_now(project)
        killer.join()
        assert (first.poll(), second.poll()) == (-signal.SIGKILL, None)
    told = log.read_text().split()
    assert {str(first.pid), str(second.pid)} == set(told)
    assert told.count(str(second.pid)) >= 7, "what the first had scored was scored again"
    assert outcome(project) == outcome(here)


def test_run_round__all_workers_gone_fails_and_the_next_round_runs_here(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GRACE_S", 0.5)
    monkeypatch.setattr(gathering, "LOOK_S", 0.1)
    from app.cluster.answers import ClusterAnswers

    project = copy("there")
    with threads_cluster() as cluster:
        use_scheduler(project, cluster.scheduler_address)
        plain = ClusterAnswers.most_disputed

        def without_workers(self: ClusterAnswers, reach: int) -> object:
            cluster.scale(0)
            while cluster.scheduler.workers:
                time.sleep(0.01)
            return plain(self, reach)

        monkeypatch.setattr(ClusterAnswers, "most_disputed", without_workers)
        with pytest.raises(ClusterLostError, match="all workers"):
            run_now(project)
        status = read_status(project.database)
        assert status.failed is not None
        assert status.failed.metrics["cause"] == "cluster"
        assert "the cluster could not be used (all workers of the cluster" in status.failed.error
        assert run_now(project) == 60
    latest = read_status(project.database).latest
    assert latest is not None
    assert latest.metrics["easing"]["words"] == "this machine in place of the cluster"


@pytest.mark.slow
def test_run_round__scheduler_gone_in_mid_round(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GRACE_S", 0.5)
    monkeypatch.setattr(gathering, "LOOK_S", 0.1)
    from app.cluster.answers import ClusterAnswers

    project = copy("there")
    with threads_cluster() as cluster:
        use_scheduler(project, cluster.scheduler_address)
        plain = ClusterAnswers.most_disputed

        def without_scheduler(self: ClusterAnswers, reach: int) -> object:
            cluster.close()
            return plain(self, reach)

        monkeypatch.setattr(ClusterAnswers, "most_disputed", without_scheduler)
        with pytest.raises(ClusterLostError, match="does not answer any more"):
            run_now(project)


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)
