from __future__ import annotations

from app.audit_set import draw_audit_set
from app.counts import RunningCounts
from app.project import Project, now
from app.run_now import run_now
from app.status import describe_round, read_status
from labeling.annotators import ensure_annotator
from labeling.round_log import advance_round, fail_round, start_round
from tests.projects import label, label_some, truth_of


def test_read_status__fresh_project(clouds: Project) -> None:
    status = read_status(clouds.database)
    assert (status.revision, status.round_number, status.labelled) == (0, 0, 0)
    assert describe_round(status) == "The first proposals are being computed"


def test_read_status__counts_labels(clouds: Project) -> None:
    label_some(clouds, each=2)
    status = read_status(clouds.database)
    assert status.labelled == 6
    assert [status.count_of(entry.id) for entry in status.classes] == [2, 2, 2]


def test_read_status__known_one_does_not_hide_new_labels(clouds: Project) -> None:
    counts = RunningCounts()
    known = read_status(clouds.database, counts=counts)
    label_some(clouds, each=2)
    assert read_status(clouds.database, counts=counts, known=known).labelled == 6


def test_read_status__the_audit_set_is_nothing_a_round_could_learn(clouds: Project) -> None:
    run_now(clouds)
    with clouds.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    drawn = draw_audit_set(clouds, size=10, annotator_id=person)
    truth = truth_of(clouds)
    label(clouds, {key: truth[key] for key in drawn.new.item_keys})
    status = read_status(clouds.database)
    assert (status.revision, status.audit_fresh, status.fresh) == (10, 10, 0)
    assert "new since" not in describe_round(status)
    other = next(key for key in truth if key not in drawn.new.item_keys)
    label(clouds, {other: truth[other]})
    status = read_status(clouds.database)
    assert (status.audit_fresh, status.fresh) == (10, 1)
    assert "1 new since" in describe_round(status)


def test_describe_round__running(clouds: Project) -> None:
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner="host:1", now=now())
        advance_round(session, number=1, stage="training", progress=0.4, now=now())
    assert describe_round(read_status(clouds.database)).startswith("Round 1: training · 40 % · 0.")


def test_describe_round__finished_with_new_labels_since(clouds: Project) -> None:
    run_now(clouds)
    label_some(clouds, each=1)
    assert describe_round(read_status(clouds.database)).endswith("with 0 labels · 3 new since")


def test_describe_round__failed(clouds: Project) -> None:
    with clouds.database.transaction() as session:
        start_round(session, revision=0, seed=1, owner="host:1", now=now())
        fail_round(session, number=1, error="out of memory", now=now())
    assert "Round 1 failed: out of memory. Labelling goes on" in describe_round(read_status(clouds.database))
