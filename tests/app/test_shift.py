from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.audit_set import draw_audit_set
from app.cli import app
from app.pages.shift import WAITING, ShiftCard, shift_html
from app.project import Project
from app.run_now import run_now
from app.session import DashboardState
from app.shift import ClassShift, PairShift, ShiftReport, read_shift, work_shift
from app.shift_words import pair_sentence, shift_sentences
from labeling.annotators import ensure_annotator
from models.shift import Shift
from tests.projects import label, label_some, truth_of

HOSTILE = "<script>alert(1)</script>"
APART = Shift(60, 2000, 12, 9.0, 6.2, 1.4, 0.91, 1e-9)
ALIKE = Shift(60, 2000, 12, 1.0, 1.1, 1.4, 0.52, 0.4)


@pytest.fixture
def chosen(clouds: Project) -> Project:
    """The clouds with all rare items labelled and few others, a round, and an audit set of 40 that is answered."""
    truth = truth_of(clouds)
    rare = [key for key, name in truth.items() if name == "rare"]
    others = [key for key, name in truth.items() if name == "other"]
    label(clouds, {key: truth[key] for key in [*rare[:6], *others[:20]]})
    label_some(clouds, each=2)
    run_now(clouds)
    with clouds.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    drawn = draw_audit_set(clouds, size=40, annotator_id=person, design="random")
    label(clouds, {key: truth[key] for key in drawn.new.item_keys})
    return clouds


def test_read_shift__says_in_what_the_labels_differ_from_the_pool(chosen: Project) -> None:
    found = read_shift(chosen)
    assert (found.audited, found.labelled + found.audited + found.rest) == (40, 108)
    labelled, audit, _ = found.pairs
    assert (labelled.first, labelled.second) == ("labelled", "pool")
    assert labelled.shift is not None and labelled.shift.differs
    assert labelled.columns and {name for name, _ in labelled.columns} <= {"a", "b", "c", "d"}
    common = next(entry for entry in labelled.classes if entry.name == "common")
    assert common.first < common.second
    # Drawn at random.
    assert audit.shift is not None and not audit.shift.differs
    assert read_shift(chosen) == found == work_shift(str(chosen.paths.config))
    told = shift_sentences(found)
    assert "expected of proposals" in told[0] and "believe those of the audit set" in told[0]
    assert "as it should be" in told[1]


def test_read_shift__with_nothing_labelled_says_what_is_needed(clouds: Project) -> None:
    found = read_shift(clouds)
    assert (found.labelled, found.audited, found.rest, found.round_number) == (0, 0, 108, 0)
    assert [pair.shift for pair in found.pairs] == [None] * 3
    told = shift_sentences(found)
    assert "the labelled items hold 0 items, and 10 are needed" in told[0]
    assert "the audit set has 0 items" in told[1]


def report(pair: PairShift, *, audited: int) -> ShiftReport:
    return ShiftReport(60, audited, 5_000, (pair,), 60, 1)


def test_pair_sentence__what_differs_and_what_to_do() -> None:
    pair = PairShift("labelled", "pool", APART, (("redshift", 1.84),), (ClassShift("quasar", 0.41, 0.03),))
    told = pair_sentence(pair, report(pair, audited=0))
    assert told.startswith("The labelled items differ from the rest of the pool, mostly in redshift")
    assert "1.8 standard deviations higher" in told
    assert "quasar 41 % (3 % in the rest of the pool)" in told
    assert told.endswith("do not hold for the pool: draw an audit set.")
    assert "believe those of the audit set" in pair_sentence(pair, report(pair, audited=50))


def test_pair_sentence__an_audit_set_that_differs_is_a_warning() -> None:
    pair = PairShift("audit", "pool", APART)
    assert "has the pool changed since the draw" in pair_sentence(pair, report(pair, audited=60))
    alike = PairShift("audit", "pool", ALIKE)
    assert "its figures hold for the pool" in pair_sentence(alike, report(alike, audited=60))


def test_shift_html__names_are_escaped() -> None:
    pair = PairShift("labelled", "pool", APART, ((HOSTILE, 1.0),), (ClassShift(HOSTILE, 0.5, 0.1),))
    shown = shift_html(report(pair, audited=0))
    assert HOSTILE not in shown and "&lt;script&gt;" in shown


def test_shift_card__asks_the_worker_and_shows_what_comes(
    dashboard: DashboardState, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    answer: Future[ShiftReport] = Future()

    def ask(config_path: Path) -> Future[ShiftReport]:
        asked.append(config_path)
        answer.set_result(read_shift(dashboard.context.project))
        return answer

    card = ShiftCard(dashboard, None)
    assert card.ask.visible
    monkeypatch.setattr(dashboard.context.supervisor.worker, "shift", ask)
    card._ask()
    assert asked == [dashboard.context.project.paths.config]
    assert "10 are needed" in card.said.object
    assert card.said.object != WAITING
    assert not card.ask.disabled

    failed: Future[ShiftReport] = Future()
    failed.set_exception(OSError("no vectors"))
    monkeypatch.setattr(dashboard.context.supervisor.worker, "shift", lambda _: failed)
    card._ask()
    assert "could not be computed" in card.said.object
    assert not card.ask.disabled


def test_audit_set_shift__on_the_command_line(chosen: Project) -> None:
    done = CliRunner().invoke(app, ["audit-set", "shift", str(chosen.paths.config)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "The labelled items differ from the rest of the pool" in " ".join(done.output.split())
