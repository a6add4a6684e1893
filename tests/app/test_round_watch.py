"""A round of another server is given up when it is silent, whatever the clocks say."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace

import pytest

from app.round_watch import RoundWatch
from app.rounds_plan import GRACE_S, STALE_S, machine_name, owner_is_gone, owner_name
from labeling.round_log import RoundRow

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def running(heartbeat_at: dt.datetime = NOW, *, owner: str = "another-machine:1") -> RoundRow:
    return RoundRow(
        number=1, state="running", revision=0, seed=1, stage="training", progress=0.1, labels_used=0, started_at=NOW,
        finished_at=None, seconds=None, error="", metrics={}, hashes={}, owner=owner, heartbeat_at=heartbeat_at,
    )  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_given_up__silent_for_too_long() -> None:
    clock = Clock()
    watch = RoundWatch(clock_s=clock)
    assert watch.given_up(running(), moment=NOW) == ""
    clock.seconds += STALE_S + 1
    assert "another-machine:1 has been silent for 61 s" in watch.given_up(running(), moment=NOW)


def test_given_up__never_while_it_tells_of_itself() -> None:
    clock = Clock()
    watch = RoundWatch(clock_s=clock)
    for step in range(100):
        clock.seconds += STALE_S / 2
        heard = running(NOW + dt.timedelta(seconds=step))
        assert watch.given_up(heard, moment=NOW + dt.timedelta(seconds=step)) == ""


def test_given_up__old_already_when_it_is_first_seen() -> None:
    clock = Clock()
    watch = RoundWatch(clock_s=clock)
    moment = NOW + HOUR
    assert watch.given_up(running(), moment=moment) == ""
    clock.seconds += GRACE_S + 1
    assert "silent" in watch.given_up(running(), moment=moment)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_given_up__clock_that_jumps_harms_no_living_round(jump: dt.timedelta) -> None:
    clock = Clock()
    watch = RoundWatch(clock_s=clock)
    assert watch.given_up(running(), moment=NOW) == ""
    clock.seconds += 5
    assert watch.given_up(running(), moment=NOW + jump) == ""
    clock.seconds += 5
    heard = running(NOW + jump)
    assert watch.given_up(heard, moment=NOW + jump) == ""


def test_given_up__clock_set_back_does_not_keep_a_dead_round_alive() -> None:
    clock = Clock()
    watch = RoundWatch(clock_s=clock)
    assert watch.given_up(running(NOW + HOUR), moment=NOW) == ""
    clock.seconds += STALE_S + 1
    assert "silent" in watch.given_up(running(NOW + HOUR), moment=NOW)


def test_given_up__another_round_is_watched_anew() -> None:
    clock = Clock()
    watch = RoundWatch(clock_s=clock)
    watch.given_up(running(), moment=NOW)
    clock.seconds += STALE_S + 1
    assert watch.given_up(replace(running(), number=2), moment=NOW) == ""


def test_owner_is_gone__only_where_it_can_be_seen() -> None:
    assert not owner_is_gone(owner_name(), own=False)
    assert owner_is_gone(owner_name(), own=True)
    assert not owner_is_gone(f"{machine_name()}/other:{os.getpid()}", own=True)
    assert not owner_is_gone("another-machine:1", own=True)
    assert not owner_is_gone("import", own=True)
