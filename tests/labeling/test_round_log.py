from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from labeling.database import Database
from labeling.errors import RoundError
from labeling.queue import proposals_of, store_proposals
from labeling.round_log import (
    RoundRow,
    abandon_round,
    abandon_stale,
    advance_round,
    beat_round,
    fail_round,
    finish_round,
    latest_round,
    list_rounds,
    restore_round,
    start_round,
)
from tests.labeling.store import NOW, at_once, proposals


def start(database: Database, owner: str = "worker") -> int | None:
    with database.transaction() as session:
        return start_round(session, revision=7, seed=3, owner=owner, now=NOW)


def finish(
    database: Database, number: int, seconds: float = 1.5, metrics: Mapping[str, Any] | None = None
) -> None:
    now = NOW + timedelta(seconds=seconds)
    with database.transaction() as session:
        finish_round(
            session, number=number, labels_used=12, metrics=metrics or {}, hashes={"w": "ff"}, now=now
        )


def fail(database: Database, number: int, error: str) -> None:
    with database.transaction() as session:
        fail_round(session, number=number, error=error, now=NOW)


def rounds(database: Database) -> list[RoundRow]:
    with database.reading() as session:
        return list_rounds(session)


def test_start_round__while_another_runs(database: Database) -> None:
    assert start(database) == 1
    assert start(database) is None
    finish(database, 1)
    assert start(database) == 2
    assert [row.state for row in rounds(database)] == ["done", "running"]


def test_start_round__many_threads_start_one(database: Database) -> None:
    answers = at_once([lambda: (start(database),)] * 8)

    assert sorted(answers, key=str) == sorted([(1,)] + [(None,)] * 7, key=str)


def test_start_round__caller_rolls_back(database: Database) -> None:
    def break_halfway() -> None:
        with database.transaction() as session:
            start_round(session, revision=0, seed=0, owner="worker", now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert start(database) == 1


def test_advance_round__tells_how_far_it_is(database: Database) -> None:
    start(database)
    now = NOW + timedelta(seconds=2)
    with database.transaction() as session:
        advance_round(session, number=1, stage="scoring the pool", progress=0.4, now=now)

    [row] = rounds(database)
    assert (row.stage, row.progress, row.heartbeat_at, row.seconds) == ("scoring the pool", 0.4, now, None)


@pytest.mark.parametrize(("given", "stored"), [(-0.1, 0.0), (1.0000001, 1.0)])
def test_advance_round__progress_stays_in_its_range(database: Database, given: float, stored: float) -> None:
    start(database)
    with database.transaction() as session:
        advance_round(session, number=1, stage="training", progress=given, now=NOW)

    assert rounds(database)[0].progress == stored


def test_finish_round__keeps_what_it_reached(database: Database) -> None:
    start(database)
    metrics = {
        "balanced_accuracy": [0.8, 0.7, 0.9],
        "loss": float("nan"),
        "per_class": {"star": {"f1": None}},
    }
    finish(database, 1, metrics=metrics)

    [row] = rounds(database)
    assert row == RoundRow(
        number=1,
        state="done",
        revision=7,
        seed=3,
        stage="done",
        progress=1.0,
        labels_used=12,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=1.5),
        seconds=1.5,
        error="",
        metrics=metrics | {"loss": None},
        hashes={"w": "ff"},
        owner="worker",
        heartbeat_at=NOW + timedelta(seconds=1.5),
    )


@pytest.mark.parametrize("metrics", [{"array": object()}, {"text": "a\x00b"}, {(1, 2): 3}])
def test_finish_round__refuses_what_json_cannot_hold(database: Database, metrics: dict[str, Any]) -> None:
    start(database)

    with pytest.raises(RoundError, match="metrics"):
        finish(database, 1, metrics=metrics)
    assert rounds(database)[0].state == "running"


def test_finish_round__too_late_stores_no_proposals(database: Database) -> None:
    start(database)
    with database.transaction() as session:
        abandon_stale(session, older_than_s=60, now=NOW + timedelta(seconds=61))

    def come_back() -> None:
        with database.transaction() as session:
            store_proposals(session, proposals=proposals(1, ["a"]))
            finish_round(session, number=1, labels_used=1, metrics={}, hashes={}, now=NOW)

    with pytest.raises(RoundError, match="abandoned: worker"):
        come_back()
    with database.reading() as session:
        assert proposals_of(session, round_number=1) == []


def test_fail_round__next_one_can_start(database: Database) -> None:
    start(database)
    fail(database, 1, "out of memory\x00 \ud800")
    fail(database, 1, "a later error")

    [row] = rounds(database)
    assert (row.state, row.error, row.finished_at) == ("failed", "out of memory ?", NOW)
    assert start(database) == 2


def test_fail_round__long_error_is_cut(database: Database) -> None:
    start(database)
    fail(database, 1, "x" * 100_000)

    assert len(rounds(database)[0].error) == 4000


def test_round__that_is_done_stays_done(database: Database) -> None:
    start(database)
    finish(database, 1)

    with pytest.raises(RoundError, match="it is done"):
        fail(database, 1, "late")
    with pytest.raises(RoundError, match="it is done"):
        finish(database, 1)


def test_round__unknown(database: Database) -> None:
    with pytest.raises(RoundError, match="no round 5"):
        finish(database, 5)


def test_latest_round__by_state(database: Database) -> None:
    for number in (1, 2):
        start(database)
        finish(database, number)
    start(database)
    fail(database, 3, "broken")
    start(database)

    with database.reading() as session:
        found = {state: latest_round(session, state=state) for state in ("done", "failed", "running", None)}
    assert {state: row and row.number for state, row in found.items()} == {
        "done": 2,
        "failed": 3,
        "running": 4,
        None: 4,
    }


def test_latest_round__none_yet(database: Database) -> None:
    with database.reading() as session:
        assert latest_round(session) is None


def test_abandon_stale__only_what_is_silent(database: Database) -> None:
    start(database)
    with database.transaction() as session:
        advance_round(session, number=1, stage="training", progress=0.1, now=NOW + timedelta(seconds=30))
        assert abandon_stale(session, older_than_s=60, now=NOW + timedelta(seconds=90)) == []
        assert abandon_stale(session, older_than_s=60, now=NOW + timedelta(seconds=91)) == [1]

    assert rounds(database)[0].error == "abandoned: worker has been silent for 61 s"
    assert start(database) == 2


def test_beat_round__keeps_a_round_from_being_abandoned(database: Database) -> None:
    with database.transaction() as session:
        number = start_round(session, revision=0, seed=1, owner="here:1", now=NOW)
        assert number is not None
        beat_round(session, number=number, now=NOW + timedelta(seconds=90))
        assert abandon_stale(session, older_than_s=60, now=NOW + timedelta(seconds=100)) == []


def test_beat_round__leaves_a_finished_round_alone(database: Database) -> None:
    with database.transaction() as session:
        number = start_round(session, revision=0, seed=1, owner="here:1", now=NOW)
        assert number is not None
        finish_round(session, number=number, labels_used=0, metrics={}, hashes={}, now=NOW)
        beat_round(session, number=number, now=NOW + timedelta(seconds=90))
        assert list_rounds(session)[0].heartbeat_at == NOW


def test_restore_round__next_one_has_the_next_number(database: Database) -> None:
    with database.transaction() as session:
        restore_round(
            session, number=7, revision=3, seed=9, labels_used=3, hashes={"proposals": "x"}, now=NOW
        )
        restored = list_rounds(session)[0]
        number = start_round(session, revision=3, seed=1, owner="here:1", now=NOW)
    assert (restored.number, restored.state, restored.seed, restored.hashes) == (
        7,
        "done",
        9,
        {"proposals": "x"},
    )
    assert number == 8


def test_restore_round__onto_a_number_that_is_taken(database: Database) -> None:
    with database.transaction() as session:
        restore_round(session, number=1, revision=0, seed=1, labels_used=0, hashes={}, now=NOW)
    with database.transaction() as session, pytest.raises(RoundError, match="there is a round 1 already"):
        restore_round(session, number=1, revision=0, seed=1, labels_used=0, hashes={}, now=NOW)


def test_restore_round__rolled_back_leaves_nothing(database: Database) -> None:
    with contextlib.suppress(KeyError), database.transaction() as session:
        restore_round(session, number=1, revision=0, seed=1, labels_used=0, hashes={}, now=NOW)
        raise KeyError
    with database.reading() as session:
        assert list_rounds(session) == []


def test_restore_round__that_had_failed(database: Database) -> None:
    with database.transaction() as session:
        restore_round(
            session, number=1, revision=0, seed=1, labels_used=0, hashes={}, now=NOW, error="it failed"
        )
        found = latest_round(session, state=None)
    assert found is not None and (found.state, found.error) == ("failed", "it failed")


def test_abandon_round__only_while_nothing_was_heard_since(database: Database) -> None:
    start(database)
    heard = NOW + timedelta(seconds=9)
    with database.transaction() as session:
        beat_round(session, number=1, now=heard)
    with database.transaction() as session:
        assert not abandon_round(session, number=1, heartbeat_at=NOW, error="silent", now=heard)
        assert abandon_round(session, number=1, heartbeat_at=heard, error="silent", now=heard)
        assert not abandon_round(session, number=1, heartbeat_at=heard, error="again", now=heard)
        assert not abandon_round(session, number=2, heartbeat_at=heard, error="none", now=heard)
    [row] = rounds(database)
    assert (row.state, row.error) == ("failed", "silent")
