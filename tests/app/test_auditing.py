"""Pages of labels to check, made from a round's out-of-fold predictions of a small real project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.auditing import AuditWish, audit_page
from app.context import ServerContext, make_context
from app.project import Project
from app.round_files import UNSEEN_LABELS, read_meaning, read_unseen, round_folder, write_round
from app.run_now import run_now
from labeling.audits import AuditDecision, NewAudit, record_audit
from labeling.classes import archive_class, list_classes
from models.predictions import OutOfFoldPredictions
from tests.projects import MOMENT, label, mislabel, truth_of


@pytest.fixture
def wrong(clouds: Project) -> str:
    """The key of the one mislabelled item of the project, after a round."""
    key = mislabel(clouds)
    run_now(clouds)
    return key


@pytest.fixture
def running(clouds: Project, wrong: str) -> Iterator[ServerContext]:
    made = make_context(clouds, hosts=frozenset())
    yield made
    made.writer.shutdown()
    made.reader.shutdown()


def ids(context: ServerContext) -> dict[str, int]:
    with context.project.database.reading() as session:
        return {entry.name: entry.id for entry in list_classes(session)}


def page(context: ServerContext, **wish: Any) -> dict[str, Any]:
    return audit_page(context, AuditWish(**wish))


def keys(answer: dict[str, Any]) -> list[str]:
    return [item["key"] for item in answer["items"]]


def decide(
    context: ServerContext, item: dict[str, Any], class_id: int, uid: str = "audit-0123456789"
) -> None:
    decision = AuditDecision(item["key"], item["given"], class_id, item["suggested"])
    with context.project.database.transaction() as session:
        record_audit(session, audit=NewAudit(uid, (decision,)), annotator_id=context.annotator_id, now=MOMENT)


def overwrite(project: Project, unseen: OutOfFoldPredictions) -> None:
    """Let the round have said something else of its labels."""
    meaning = read_meaning(project.paths.rounds, 1)
    assert meaning is not None
    write_round(project.paths.rounds, meaning, probabilities=None, head_file=None, unseen=unseen)


def test_audit_page__the_mislabelled_item_comes_first(running: ServerContext, wrong: str) -> None:
    answer = page(running)
    assert answer["state"] == "ready"
    first = answer["items"][0]
    assert first["key"] == wrong
    assert (first["given"], first["suggested"]) == (ids(running)["other"], ids(running)["common"])
    assert first["suggested_probability"] > first["given_probability"]
    assert first["view"]["type"] == "table"
    assert answer["labels"] == 19
    assert answer["doubted"] == len(answer["items"])
    assert answer["suspicious"] <= answer["doubted"]


def test_audit_page__counts_what_the_model_is_sure_of(running: ServerContext, wrong: str) -> None:
    unseen = read_unseen(running.project.paths.rounds, 1)
    assert unseen is not None
    chances = np.array(unseen.probabilities, np.float32)
    row = running.project.pool.row(wrong)
    chances[unseen.rows == row] = [0.98, 0.01, 0.01]
    overwrite(running.project, OutOfFoldPredictions(unseen.rows, unseen.labels, unseen.predicted, chances))
    answer = page(running)
    assert (answer["suspicious"], answer["items"][0]["key"]) == (1, wrong)


def test_audit_page__what_was_kept_does_not_come_again(running: ServerContext, wrong: str) -> None:
    first = page(running)["items"][0]
    decide(running, first, first["given"])
    assert wrong not in keys(page(running))


def test_audit_page__what_was_changed_does_not_come_again(running: ServerContext, wrong: str) -> None:
    first = page(running)["items"][0]
    decide(running, first, first["suggested"])
    assert wrong not in keys(page(running))
    run_now(running.project)
    assert wrong not in keys(page(running))


def test_audit_page__comes_again_once_the_model_is_sure_of_a_third_class(
    running: ServerContext, wrong: str
) -> None:
    first = page(running)["items"][0]
    decide(running, first, first["given"])
    unseen = read_unseen(running.project.paths.rounds, 1)
    assert unseen is not None
    chances = np.array(unseen.probabilities, np.float32)
    place = int(np.flatnonzero(unseen.rows == first["row"])[0])
    chances[place] = [0.02, 0.03, 0.95]
    overwrite(running.project, OutOfFoldPredictions(unseen.rows, unseen.labels, unseen.predicted, chances))
    again = page(running)["items"][0]
    assert (again["key"], again["suggested"]) == (wrong, ids(running)["rare"])
    chances[place] = [0.0, 0.4, 0.6]
    overwrite(running.project, OutOfFoldPredictions(unseen.rows, unseen.labels, unseen.predicted, chances))
    assert wrong not in keys(page(running))


def test_audit_page__a_label_that_changed_since_the_round_is_left_out(
    running: ServerContext, wrong: str
) -> None:
    label(running.project, {wrong: "common"})
    assert wrong not in keys(page(running))


def test_audit_page__what_was_left_open_is_left_out(running: ServerContext, wrong: str) -> None:
    assert wrong not in keys(page(running, left=(wrong,)))


def test_audit_page__items_asked_for_come_suspicious_or_not(running: ServerContext, wrong: str) -> None:
    some = [key for key in truth_of(running.project) if key != wrong]
    labelled = [key for key in some if key in keys(page(running, keys=tuple(some), size=60))]
    assert len(labelled) == 18
    answer = page(running, keys=tuple(labelled[:3]))
    assert sorted(keys(answer)) == sorted(labelled[:3])
    assert page(running, keys=("nowhere",))["state"] == "all_checked"


def test_audit_page__an_archived_class_is_neither_checked_nor_suggested(running: ServerContext) -> None:
    with running.project.database.transaction() as session:
        archive_class(session, class_id=ids(running)["common"])
    answer = page(running)
    assert answer["state"] in {"ready", "none_doubted"}
    known = set(ids(running).values())
    assert {item["suggested"] for item in answer["items"]} <= known
    assert {item["given"] for item in answer["items"]} <= known


def test_audit_page__size_is_the_most(running: ServerContext) -> None:
    assert len(page(running, keys=tuple(truth_of(running.project)), size=5)["items"]) == 5


def test_audit_page__a_round_of_an_earlier_version_has_nothing_to_check_by(running: ServerContext) -> None:
    (round_folder(running.project.paths.rounds, 1) / UNSEEN_LABELS).unlink()
    assert page(running)["state"] == "no_model"


def test_audit_page__before_a_round(context: ServerContext) -> None:
    assert page(context)["state"] == "no_model"


def test_audit_page__after_the_last_check_it_can_be_taken_back(running: ServerContext) -> None:
    assert page(running)["undoable"] is None
    first = page(running)["items"][0]
    decide(running, first, first["given"])
    assert page(running)["undoable"] == {"group": "audit-0123456789", "count": 1}
