"""The better layout made by its real process: paused, killed, failing, made by another server, seen by the pages."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import app.arranging as arranging_module
from app.arranging import DIED, SETTLE_S, SETTLE_VARIABLE, Arranger, settle_s
from app.counts import RunningCounts
from app.errors import ProjectError
from app.layouts import Layouts, LayoutState
from app.prepare import create_project
from app.project import Project, open_project
from app.setup import ProjectWishes, make_config
from app.status import Status, describe_round
from app.supervisor import Supervisor
from models.arranging import write_arrangement
from models.projection import open_projection
from models.vectors import open_vectors
from tests.servers import wait_for

Make = Callable[[Project], tuple[Arranger, Layouts]]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes arrangers that begin at once, and ends them."""
    made: list[Arranger] = []

    def one(project: Project) -> tuple[Arranger, Layouts]:
        layouts = Layouts(project)
        made.append(Arranger(project, layouts, settle_s=0))
        return made[-1], layouts

    yield one
    for each in made:
        each.stop()


def look_until(arranger: Arranger, done: Callable[[LayoutState], bool], *, calm: bool = True) -> LayoutState:
    """Look after the process, as the supervisor does, until something is seen."""
    wait_for(lambda: done(arranger.look(calm=calm)), seconds=90, what="what the arranger should come to")
    return arranger.state


def test_look__makes_the_layout_and_tells_how_far_it_is(clouds: Project, make: Make) -> None:
    arranger, layouts = make(clouds)
    principal = layouts.positions("arranged")
    assert principal is layouts.positions("principal")
    shares: list[float] = []

    def done(state: LayoutState) -> bool:
        if state.share is not None:
            shares.append(state.share)
        return state.version == 1

    state = look_until(arranger, done)
    assert state == LayoutState(version=1) and arranger._process is None
    assert shares[0] == 0.0 and shares == sorted(shares)
    assert not np.array_equal(layouts.positions("arranged"), principal)
    np.testing.assert_array_equal(layouts.positions("principal"), open_projection(clouds.paths.vectors))
    assert Layouts(clouds).version == 1


@pytest.mark.slow
def test_look__nothing_starts_while_a_round_runs_and_a_started_one_pauses(
    clouds: Project, make: Make
) -> None:
    arranger, _ = make(clouds)
    assert arranger.look(calm=False).share is None
    assert arranger.look(calm=True).share == 0.0
    began_s = time.monotonic()
    while time.monotonic() - began_s < 6:
        assert arranger.look(calm=False).version == 0
        time.sleep(0.05)
    look_until(arranger, lambda state: state.version == 1)


def test_look__a_killed_process_is_one_problem_and_the_map_stays(clouds: Project, make: Make) -> None:
    arranger, layouts = make(clouds)
    arranger.look(calm=True)
    assert arranger._process is not None and arranger._process.pid is not None
    os.kill(arranger._process.pid, signal.SIGKILL)
    state = look_until(arranger, lambda state: bool(state.problem))
    assert state == LayoutState(problem=DIED)
    assert arranger.look(calm=True) == state and arranger._process is None
    assert len(layouts.positions("arranged")) == clouds.pool.n


def test_look__vectors_that_are_damaged_are_named(clouds: Project, make: Make) -> None:
    arranger, _ = make(clouds)
    file = open_vectors(clouds.paths.vectors)
    vectors = np.array(file.array)
    vectors[3, 1] = np.nan
    np.save(file.path, vectors)
    state = look_until(arranger, lambda state: bool(state.problem))
    assert "NaN" in state.problem and state.version == 0 and state.share is None


@pytest.mark.slow
def test_look__a_folder_that_cannot_be_written_is_named(clouds: Project, make: Make) -> None:
    arranger, _ = make(clouds)
    (clouds.paths.vectors / "arranged.npy").mkdir()
    assert "cannot be written" in look_until(arranger, lambda state: bool(state.problem)).problem


def test_look__takes_over_what_another_server_made(
    clouds: Project, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arranging_module, "OTHERS_S", 0.0)
    arranger, layouts = make(clouds)
    arranger.look(calm=True)
    process = arranger._process
    arranger.look(calm=False)
    folder = clouds.paths.vectors
    write_arrangement(open_vectors(folder), seed=1, folder=folder, progress=lambda *_: None)
    state = look_until(arranger, lambda state: state.version == 1, calm=False)
    assert state.share is None and layouts.version == 1
    assert process is not None and not process.is_alive()


def test_look__nothing_to_arrange_is_no_problem(tmp_path: Path, make: Make) -> None:
    table = "id,a,b\n" + "".join(f"{row},{row % 7},{row % 5}\n" for row in range(40))
    (tmp_path / "flat.csv").write_text(table, encoding="utf-8")
    path = tmp_path / "flat.yaml"
    wishes = ProjectWishes(name="flat", pool=str(tmp_path / "flat.csv"), key="id", classes=("x", "y"))
    project = create_project(make_config(wishes, path), path)
    assert open_vectors(project.paths.vectors).shape[1] == 2
    arranger, _ = make(project)
    arranger.look(calm=True)
    assert look_until(arranger, lambda state: state.share is None) == LayoutState()
    project.close()


def test_look__a_layout_that_is_there_is_not_made_again(clouds: Project, make: Make) -> None:
    folder = clouds.paths.vectors
    write_arrangement(open_vectors(folder), seed=1, folder=folder, progress=lambda *_: None)
    arranger, _ = make(clouds)
    assert arranger.look(calm=True) == LayoutState(version=1)
    assert arranger._process is None


@pytest.mark.slow
def test_look__a_stale_layout_is_made_again(clouds: Project, make: Make) -> None:
    folder = clouds.paths.vectors
    write_arrangement(open_vectors(folder), seed=1, folder=folder, progress=lambda *_: None)
    info = json.loads((folder / "arranged.json").read_text(encoding="utf-8"))
    (folder / "arranged.json").write_text(json.dumps(info | {"vectors_hash": "other"}), encoding="utf-8")
    arranger, layouts = make(clouds)
    assert layouts.version == 0
    look_until(arranger, lambda state: state.version == 1)


def test_supervisor__arranges_after_the_first_round(clouds: Project, make: Make) -> None:
    told: list[Status] = []
    arranger, _ = make(clouds)
    supervisor = Supervisor(clouds, counts=RunningCounts(), on_status=told.append, arranger=arranger)
    supervisor.start()
    try:
        wait_for(lambda: told and told[-1].layout.version == 1, seconds=120, what="the layout")
    finally:
        supervisor.stop()
    first = next(status for status in told if status.layout.share is not None)
    assert first.round_number == 1
    assert describe_round(first).endswith("with 0 labels · arranging the map 0 %")
    assert "arranging" not in describe_round(told[-1])


@pytest.mark.slow
def test_open_project__again_after_a_kill_midway(clouds: Project, make: Make) -> None:
    arranger, _ = make(clouds)
    arranger.look(calm=True)
    arranger.stop()
    (clouds.paths.vectors / "arranged.npy.1234.tmp").write_bytes(b"half")
    again = open_project(clouds.paths.config)
    other, _ = make(again)
    look_until(other, lambda state: state.version == 1)
    again.close()


def test_settle_s__what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTLE_VARIABLE, raising=False)
    assert settle_s() == SETTLE_S
    monkeypatch.setenv(SETTLE_VARIABLE, "0.5")
    assert settle_s() == 0.5


def test_settle_s__no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTLE_VARIABLE, "later")
    with pytest.raises(ProjectError, match="GOLDPAN_ARRANGE_AFTER_S is 'later'; give the seconds"):
        settle_s()
