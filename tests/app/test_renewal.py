"""A server that is asked to read its pool anew and start again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from app.errors import ServerError
from app.hub import Hub
from app.project import Project
from app.renewal import PROBLEM_VARIABLE, Renewal, again, heed_signals, last_problem, take_in_anew, words_of
from app.status import Status, read_status
from labeling.pools.errors import PoolError
from tests.projects import label_some


class Page:
    """Stands for a page's document: calls at once what it is given for its next tick."""

    def add_next_tick_callback(self, callback: object) -> None:
        assert callable(callback)
        callback()


def test_ask__tells_every_page_and_leaves(clouds: Project) -> None:
    told: list[Status] = []
    left: list[int] = []
    hub = Hub()
    hub.subscribe(Page(), told.append)
    hub.publish(read_status(clouds.database))
    renewal = Renewal()
    renewal.allow(lambda: left.append(len(told)))
    renewal.ask(hub)
    assert [status.renewing for status in told] == [False, True]
    assert (renewal.asked, left) == (True, [2])


def test_ask__refused_where_nothing_starts_the_server_again() -> None:
    renewal = Renewal()
    with pytest.raises(ServerError, match="goldpan refresh"):
        renewal.ask(Hub())
    assert (renewal.possible, renewal.asked) == (False, False)


def test_again__same_command_same_port_no_second_window() -> None:
    first = again(["python3", "-m", "app", "serve", "a.yaml", "--port", "0"], "/v/python", 5007)
    assert first == [
        "/v/python",
        "-m",
        "app",
        "serve",
        "a.yaml",
        "--port",
        "0",
        "--port",
        "5007",
        "--no-open",
    ]
    assert again(first, "/v/python", 5007) == first


def test_last_problem__is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROBLEM_VARIABLE, "no such file")
    assert [last_problem(), last_problem()] == ["no such file", ""]


def test_heed_signals__ctrl_c_and_termination_end_the_process_again() -> None:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        heed_signals()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_take_in_anew__more_rows_labels_kept(clouds: Project) -> None:
    label_some(clouds)
    source, before = clouds.paths.config.parent / str(clouds.config.pool.path), clouds.pool.n
    labels = read_status(clouds.database).counts
    clouds.close()
    lines = source.read_text(encoding="utf-8").splitlines()
    cells = lines[-1].split(",")
    source.write_text("\n".join([*lines, ",".join(["item-new", *cells[1:]])]) + "\n", encoding="utf-8")
    renewed = take_in_anew(clouds.paths.config)
    assert (renewed.pool.n, read_status(renewed.database).counts) == (before + 1, labels)
    renewed.close()


def test_take_in_anew__a_source_that_is_gone_changes_nothing(clouds: Project) -> None:
    (clouds.paths.config.parent / str(clouds.config.pool.path)).unlink()
    snapshot = clouds.paths.snapshot.read_bytes()
    with pytest.raises(PoolError) as caught:
        take_in_anew(clouds.paths.config)
    assert clouds.paths.snapshot.read_bytes() == snapshot
    assert Path(str(clouds.config.pool.path)).name in words_of(caught.value)
