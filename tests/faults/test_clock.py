"""The system's clock is set back by an hour or forward by a day: order, pace, leases and rounds stay sane."""
# ruff: noqa: F811 - fixtures that another folder's tests define

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import app.project
import app.rounds as rounds_module
from app.api_store import check_annotation, next_items, store_annotation, stored_answer
from app.context import ServerContext, make_context
from app.exporting import labels_frame
from app.progress import read_progress
from app.project import Project
from app.rounds_plan import begin_round
from app.run_now import run_now
from app.status import describe_round, read_status
from app.supervisor import RunningRound
from labeling.annotations import annotations_since
from labeling.annotators import ensure_annotator
from labeling.clock import database_now
from labeling.people import Person, Role
from labeling.round_log import list_rounds
from tests.app.conftest import clouds  # noqa: F401  # noqa: F401
from tests.projects import label_some

HOUR_BACK, DAY_ON = dt.timedelta(hours=-1), dt.timedelta(days=1)


class Clock:
    """The time of this process, as goldpan asks for it."""

    def __init__(self) -> None:
        self.offset = dt.timedelta()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that a test sets, in place of the system's in every module that asks for the time."""
    made = Clock()
    asked = {app.project.now: made.now, database_now: lambda _session: made.now()}
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] not in ("app", "labeling"):
            continue
        for attribute, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__hash__", None) and value in asked:
                monkeypatch.setattr(module, attribute, asked[value])
    return made


@pytest.fixture
def running(clouds: Project) -> Iterator[ServerContext]:
    """The parts of a server over the clouds; nothing runs by itself."""
    made = make_context(clouds, hosts=frozenset())
    yield made
    made.writer.shutdown()
    made.reader.shutdown()


@pytest.fixture
def give(running: ServerContext) -> Callable[[str, int], dict[str, Any]]:
    """Stores a label as the API does."""
    numbers = iter(range(1000))

    def store(key: str, class_id: int) -> dict[str, Any]:
        values = {"uid": f"clock-{next(numbers):06d}", "item_key": key, "act": "label", "class_id": class_id}
        new = check_annotation(running, values)
        return stored_answer(running, store_annotation(running, new).result(timeout=10))

    return store


@pytest.mark.parametrize("jump", [HOUR_BACK, DAY_ON])
def test_clock__order_and_latest_label_are_by_number(
    clock: Clock, running: ServerContext, give: Callable[[str, int], dict[str, Any]], jump: dt.timedelta
) -> None:
    key = running.project.pool.key(0)
    first = give(key, 1)
    clock.offset = jump
    second = give(key, 2)
    assert second["id"] > first["id"]
    with running.project.database.reading() as session:
        assert [entry.id for entry in annotations_since(session, revision=0)] == [first["id"], second["id"]]
    frame = labels_frame(running.project)
    assert frame["class_name"].tolist() == ["other"]


@pytest.mark.parametrize("jump", [HOUR_BACK, DAY_ON])
def test_clock__pace_is_never_negative(
    clock: Clock, running: ServerContext, give: Callable[[str, int], dict[str, Any]], jump: dt.timedelta
) -> None:
    for number in range(8):
        clock.offset = dt.timedelta(seconds=3 * number) + (jump if number > 3 else dt.timedelta())
        give(running.project.pool.key(number), 1)
    pace = read_progress(running, None, None).pace
    assert pace is not None and 10 < pace < 60


@pytest.mark.parametrize("jump", [HOUR_BACK, DAY_ON])
def test_clock__who_labels_keeps_their_items(
    clock: Clock, running: ServerContext, jump: dt.timedelta
) -> None:
    run_now(running.project)
    with running.project.database.transaction() as session:
        bob = Person(ensure_annotator(session, name="bob"), "bob", Role.ANNOTATOR)
    others = running.as_person(bob)
    mine = [entry["key"] for entry in next_items(running, count=5, keep=[])["items"]]
    theirs = [entry["key"] for entry in next_items(others, count=5, keep=[])["items"]]
    assert not set(mine) & set(theirs)
    clock.offset = jump
    again = [entry["key"] for entry in next_items(running, count=5, keep=mine[:1])["items"]]
    after = [entry["key"] for entry in next_items(others, count=5, keep=theirs[:1])["items"]]
    assert (again[0], after[0]) == (mine[0], theirs[0])
    assert len(again) == len(after) == 5
    assert not set(again) & set(after)


@pytest.mark.parametrize("jump", [HOUR_BACK, DAY_ON])
def test_clock__own_round_is_not_given_up(clock: Clock, running: ServerContext, jump: dt.timedelta) -> None:
    supervisor = running.supervisor
    with running.project.database.transaction() as session:
        begun = begin_round(session, config=running.project.config, revision=0)
    assert begun is not None
    moment = time.monotonic()
    supervisor._running = RunningRound(number=begun[0], future=Future(), began_s=moment, beat_s=moment)
    clock.offset = jump
    supervisor._look()
    with running.project.database.reading() as session:
        assert [row.state for row in list_rounds(session)] == ["running"]
    line = describe_round(read_status(running.project.database))
    assert "-" not in line.replace(" - ", "")
    # The next beat says the new time, and nobody takes it for silent.
    supervisor._running.beat_s = moment - 60
    supervisor._look()
    with running.project.database.reading() as session:
        row = list_rounds(session)[0]
    assert abs((row.heartbeat_at - clock.now()).total_seconds()) < 60


@pytest.mark.parametrize("jump", [HOUR_BACK, DAY_ON])
def test_clock__jumps_during_a_round(
    clock: Clock, clouds: Project, jump: dt.timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    label_some(clouds)
    choose = rounds_module.choose

    def choose_later(*arguments: Any, **options: Any) -> Any:
        clock.offset = jump
        return choose(*arguments, **options)

    monkeypatch.setattr(rounds_module, "choose", choose_later)
    assert run_now(clouds) > 0
    with clouds.database.reading() as session:
        row = list_rounds(session)[-1]
    assert row.state == "done"
    assert row.seconds is not None and row.seconds >= 0
    assert "finished in" in describe_round(read_status(clouds.database))


def test_clock__server_starts_with_a_clock_set_back(clock: Clock, clouds: Project) -> None:
    clock.offset = DAY_ON
    run_now(clouds)
    clock.offset = HOUR_BACK
    made = make_context(clouds, hosts=frozenset())
    try:
        assert next_items(made, count=5, keep=[])["items"]
    finally:
        made.writer.shutdown()
        made.reader.shutdown()
