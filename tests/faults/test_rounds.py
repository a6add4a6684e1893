"""A round crashes, hangs, lacks memory, diverges or loses its device: labelling goes on, the next round is made easier.

In this process by default, with the real worker and the supervisor by `pytest -m slow tests/faults/test_rounds.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import app.supervisor as supervisor_module
from app.counts import RunningCounts
from app.easing import easing_of
from app.project import Project, open_project
from app.round_files import read_meaning
from app.run_now import run_now
from app.status import Status, describe_round, read_status
from app.supervisor import Supervisor
from config.files import load_config, save_config
from labeling.queue import waiting
from labeling.round_log import RoundRow, list_rounds
from models import training
from models.errors import TrainingDivergedError
from models.heads.logistic import LogisticHead
from tests.faults.failing_rounds import FAULT, FAULTS, FaultyWorker
from tests.projects import MOMENT, label, label_some, make_clouds, truth_of
from tests.servers import wait_for

pytestmark = pytest.mark.timeout(300)

WORDS = {
    "memory": "there was not enough memory",
    "device": "the device it computed on was lost (AcceleratorError: CUDA error",
    "diverged": "the training diverged",
    "timeout": "took longer than",
    "worker": "the worker process died",
}
EASED = {
    "memory": "4 members in place of 8, fewer items at once",
    "device": "the CPU alone",
    "diverged": "a smaller step",
    "timeout": "4 members in place of 8",
    "worker": "4 members in place of 8, fewer items at once",
}


class Faulty:
    """A project with a model, whose rounds have a fault from now on."""

    def __init__(self, folder: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = clouds_with(folder, fault)
        self.told: list[Status] = []
        monkeypatch.setattr(supervisor_module, "PAUSE_WITH_LABELS_S", 0.1)
        monkeypatch.setattr(supervisor_module, "Worker", FaultyWorker)
        monkeypatch.delenv(FAULT, raising=False)
        self.supervisor = Supervisor(self.project, counts=RunningCounts(), on_status=self.told.append)
        self.supervisor.start()
        label_some(self.project)
        self.wait_for(lambda row: row.state == "done" and row.labels_used > 0)
        self.good = self.rounds()[-1].number
        monkeypatch.setenv(FAULT, fault)
        if fault == "timeout":
            rounds = self.project.config.rounds.model_copy(update={"timeout_s": 6.0})
            changed = self.project.config.model_copy(update={"rounds": rounds})
            self.supervisor.project = replace(self.project, config=changed)
        # The fault is in the environment that a new process begins with.
        self.supervisor.worker.kill()
        self.supervisor.worker.warm().result(timeout=120)

    def rounds(self) -> list[RoundRow]:
        return rounds_of(self.project)

    def wait_for(self, fits: Callable[[RoundRow], bool]) -> RoundRow:
        found: RoundRow = wait_for(
            lambda: next((row for row in self.rounds() if fits(row)), None), seconds=120, what="such a round"
        )
        return found

    def label_more(self, count: int, *, skip: int) -> None:
        names = list(truth_of(self.project).items())
        label(self.project, dict(names[skip : skip + count]))
        self.supervisor.wake()


def clouds_with(folder: Path, fault: str) -> Project:
    """Make the clouds, with a head that the fault can strike."""
    made = make_clouds(folder)
    path = made.paths.config
    made.close()
    config = load_config(path)
    head = config.head.model_copy(update={"optimiser": "adamw" if fault == "diverged" else "lbfgs"})
    save_config(config.model_copy(update={"head": head}), path)
    return open_project(path)


def rounds_of(project: Project) -> list[RoundRow]:
    with project.database.reading() as session:
        return list_rounds(session)


@pytest.fixture
def make_faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Faulty]]:
    made: list[Faulty] = []

    def make(fault: str) -> Faulty:
        made.append(Faulty(tmp_path, fault, monkeypatch))
        return made[-1]

    yield make
    for entry in made:
        entry.supervisor.stop()
        entry.project.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(WORDS))
def test_round__fails_and_the_next_one_is_easier(make_faulty: Callable[[str], Faulty], fault: str) -> None:
    faulty = make_faulty(fault)
    faulty.label_more(6, skip=60)
    failed = faulty.wait_for(lambda row: row.state == "failed" and row.number > faulty.good)
    assert WORDS[fault] in failed.error
    assert failed.metrics["cause"] == fault
    # Labelling goes on from the last good round meanwhile.
    assert read_meaning(faulty.project.paths.rounds, faulty.good) is not None
    with faulty.project.database.reading() as session:
        assert waiting(session, now=MOMENT) > 0
    # So much was said on the page.
    told = wait_for(
        lambda: next((entry for entry in faulty.told if entry.failed is not None), None), what="it"
    )
    assert WORDS[fault] in describe_round(told)
    assert f"tries again with {EASED[fault]}" in describe_round(told)
    faulty.label_more(6, skip=70)
    eased = faulty.wait_for(lambda row: row.state == "done" and row.number > failed.number)
    assert easing_of(eased)
    assert EASED[fault].split(",")[0] in eased.metrics["easing"]["words"]
    assert "made easier after a failure" in describe_round(read_status(faulty.project.database))


@pytest.mark.parametrize("fault", ["device", "memory", "diverged"])
def test_run_now__fails_until_it_is_easy_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    project = clouds_with(tmp_path, fault)
    label_some(project)
    monkeypatch.setattr(training, "step_down", training_step_down())
    monkeypatch.setattr(LogisticHead, "fit", FAULTS[fault](LogisticHead.fit))
    with pytest.raises((RuntimeError, TrainingDivergedError)):
        run_now(project)
    failed = rounds_of(project)[-1]
    assert (failed.state, failed.metrics["cause"]) == ("failed", fault)
    assert WORDS[fault] in failed.error
    if fault == "diverged":
        # A smaller step alone does not help here; the plain head does.
        with pytest.raises(TrainingDivergedError):
            run_now(project)
    assert run_now(project) > 0
    eased = rounds_of(project)[-1]
    assert EASED[fault].split(",")[0] in eased.metrics["easing"]["words"]
    assert EASED[fault].split(",")[0] in describe_round(read_status(project.database))
    project.close()


def training_step_down() -> Any:
    """Return the function that a fault may put another one in place of; monkeypatch puts it back."""
    return vars(training)["step_down"]
