"""Rounds on a cluster find what rounds on this machine find, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.cluster import there
from app.cluster.plan import Part
from app.errors import PartUnseenError
from app.run_now import run_now
from tests.app.cluster.clusters import Copy, outcome, use_scheduler


def run_both(copy: Copy, scheduler: str, **settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    found = []
    for address in (None, scheduler):
        project = copy("here" if address is None else "there")
        use_scheduler(project, address, **settings)
        run_now(project)
        found.append(outcome(project))
    return found[0], found[1]


@pytest.mark.parametrize("strategy", ["prospect", "galaxy"])
def test_run_round__cluster_finds_the_same(copy: Copy, scheduler: str, strategy: str) -> None:
    here, there = run_both(copy, scheduler, strategy={"name": strategy})
    assert len(here["proposals"]) == 60
    assert here == there


def test_run_round__heads_refitted_on_the_workers_find_the_same(copy: Copy, scheduler: str) -> None:
    here, there = run_both(
        copy,
        scheduler,
        head={"name": "sklearn", "estimator": "naive_bayes", "target_prior": {"common": 0.5, "other": 0.5}},
    )
    assert here == there


def test_run_round__vectors_that_no_worker_sees_are_sent(
    copy: Copy, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0

    def unseen(part: Part) -> np.ndarray:
        nonlocal seen
        seen += 1
        raise PartUnseenError("not mounted")

    here = copy("here")
    run_now(here)
    monkeypatch.setattr(there, "open_part", unseen)
    monkeypatch.setattr(there, "PLACE_MARK", "not mounted either")
    project = copy("there")
    use_scheduler(project, scheduler)
    run_now(project)
    assert seen == 7
    assert outcome(here) == outcome(project)
    run_now(project)
    assert seen == 7, "sent once, kept by the workers"


def test_run_round__the_answers_do_not_travel(
    copy: Copy, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only rows that something asks for are fetched: far fewer than the pool has."""
    from app.cluster.answers import ClusterAnswers

    plain = ClusterAnswers._fetch
    fetched: set[tuple[str, int]] = set()

    def counted(self: ClusterAnswers, name: str, rows: np.ndarray, kept: Any) -> Any:
        fetched.update((name, int(row)) for row in rows)
        return plain(self, name, rows, kept)

    monkeypatch.setattr(ClusterAnswers, "_fetch", counted)
    monkeypatch.setattr("models.scoring.PRIOR_ROWS", 100)
    monkeypatch.setattr("app.stopping.WATCHED_ROWS", 100)
    monkeypatch.setattr("strategies.prospect_plan.DRAWN", 100)
    monkeypatch.setattr("strategies.prospect_plan.DENSITY_CANDIDATES", 100)
    project = copy("there")
    use_scheduler(project, scheduler)
    run_now(project)
    assert 100 < len(fetched) < 3_000
    assert project.pool.n == 6_480


def test_run_round__parts_are_written_by_the_workers(
    copy: Copy, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("the parts came here")

    monkeypatch.setattr("app.cluster.answers.put_answers", never)
    project = copy("there")
    use_scheduler(project, scheduler)
    run_now(project)
    folder = project.paths.rounds / "000001"
    assert not (folder / there.PLACE_MARK).exists()
