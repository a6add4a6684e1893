"""Rounds on a small real project, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.project import Project, now, open_project
from app.round_files import read_arrays, read_meaning, read_unseen
from app.round_inputs import gather_inputs
from app.rounds import KEPT_ROUNDS
from app.run_now import run_first, run_now
from app.status import read_status
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.queue import proposals_of
from labeling.round_log import list_rounds
from tests.app.cluster.clusters import threads_cluster, use_scheduler
from tests.projects import label, label_some, make_clouds, truth_of


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with threads_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture(params=["here", "cluster"])
def clouds(request: pytest.FixtureRequest, clouds: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The clouds, once with rounds on this machine and once on a cluster of two workers, the pool in four parts."""
    monkeypatch.setattr("app.easing.CHUNK_ROWS", 32)
    if request.param == "cluster":
        use_scheduler(clouds, request.getfixturevalue("scheduler"))
    return clouds


def proposals(project: Project, number: int) -> list[tuple[str, str, str]]:
    with project.database.reading() as session:
        return [
            (entry.item_key, entry.kind, entry.reason) for entry in proposals_of(session, round_number=number)
        ]


def test_run_round__without_labels(clouds: Project) -> None:
    assert run_now(clouds) == clouds.config.rounds.queue
    meaning = read_meaning(clouds.paths.rounds, 1)
    assert meaning is not None and not meaning.trained
    assert {kind for _, kind, _ in proposals(clouds, 1)} == {"discover"}


def test_run_round__first_proposals_meet_the_rare_class(clouds: Project) -> None:
    run_now(clouds)
    truth = truth_of(clouds)
    assert {truth[key] for key, _, _ in proposals(clouds, 1)[:12]} == {"common", "other", "rare"}


def test_run_round__with_one_class_only(clouds: Project) -> None:
    some = [key for key, name in truth_of(clouds).items() if name == "common"][:3]
    label(clouds, dict.fromkeys(some, "common"))
    run_now(clouds)
    assert not set(some) & {key for key, _, _ in proposals(clouds, 1)}
    assert read_arrays(clouds.paths.rounds, 1) is None


def test_run_round__learns_the_classes(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    arrays = read_arrays(clouds.paths.rounds, 1)
    meaning = read_meaning(clouds.paths.rounds, 1)
    assert arrays is not None and meaning is not None
    truth = np.array(list(truth_of(clouds).values()))
    assert np.mean(np.array(meaning.class_names)[arrays.predicted] == truth) > 0.98
    assert np.allclose(np.asarray(arrays.probabilities, np.float32).sum(axis=1), 1, atol=0.01)


def test_run_round__keeps_what_was_said_of_labels_not_seen(clouds: Project) -> None:
    labels = label_some(clouds)
    run_now(clouds)
    unseen = read_unseen(clouds.paths.rounds, 1)
    meaning = read_meaning(clouds.paths.rounds, 1)
    assert unseen is not None and meaning is not None
    given = {
        key: meaning.class_names[column]
        for key, column in zip(clouds.pool.keys(unseen.rows), unseen.labels, strict=True)
    }
    assert given == labels
    assert unseen.probabilities.shape == (len(labels), 3)


def test_run_round__proposes_no_labelled_item(clouds: Project) -> None:
    labels = label_some(clouds)
    run_now(clouds)
    assert not set(labels) & {key for key, _, _ in proposals(clouds, 1)}


def test_run_round__again_gives_the_same(clouds: Project, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = make_clouds(tmp_path / "again")
    for project in (clouds, again):
        label_some(project)
        run_now(project)
    assert proposals(clouds, 1) == proposals(again, 1)
    hashes = []
    for project in (clouds, again):
        with project.database.reading() as session:
            hashes.append(list_rounds(session)[0].hashes)
    assert hashes[0] == hashes[1]
    again.close()


def test_run_round__says_what_it_used(clouds: Project) -> None:
    labels = label_some(clouds)
    run_now(clouds)
    status = read_status(clouds.database)
    assert status.latest is not None
    assert (status.latest.labels_used, status.latest.revision) == (len(labels), len(labels))
    assert set(status.latest.hashes) == {"pool", "vectors", "labels", "config", "seeks", "proposals"}
    assert status.latest.metrics["quality"]["source"] == "cross-validation"


def test_run_round__failure_is_recorded(clouds: Project) -> None:
    label_some(clouds)
    (clouds.paths.vectors / "vectors.npy").write_bytes(b"not numpy")
    with pytest.raises(Exception, match="vectors"):
        run_now(clouds)
    status = read_status(clouds.database)
    assert status.failed is not None and status.running is None
    assert "vectors" in status.failed.error


def test_run_round__class_without_labels(clouds: Project) -> None:
    some = {key: name for key, name in truth_of(clouds).items() if name != "rare"}
    label(clouds, dict(list(some.items())[:10]))
    run_now(clouds)
    arrays = read_arrays(clouds.paths.rounds, 1)
    assert arrays is not None
    assert float(np.asarray(arrays.probabilities)[:, 2].max()) == 0.0


def test_run_first__looks_once_at_the_same_labels(clouds: Project) -> None:
    run_first(clouds, lambda share, what: None)
    run_first(clouds, lambda share, what: None)
    assert read_status(clouds.database).round_number == 1


def test_forget_old_rounds__keeps_the_newest_arrays(clouds: Project) -> None:
    label_some(clouds)
    for _ in range(KEPT_ROUNDS + 1):
        run_now(clouds)
    assert read_arrays(clouds.paths.rounds, 1) is None
    assert read_arrays(clouds.paths.rounds, 2) is not None
    assert (clouds.paths.rounds / "000001" / "head.safetensors").is_file()


def test_run_round__everything_is_labelled(clouds: Project) -> None:
    label(clouds, truth_of(clouds))
    assert run_now(clouds) == 0
    status = read_status(clouds.database)
    assert status.latest is not None and status.waiting == 0
    assert read_arrays(clouds.paths.rounds, 1) is not None


def test_run_round__kind_of_another_program(clouds: Project) -> None:
    label_some(clouds)
    with clouds.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="ann")
        new = NewAnnotation(uid="elsewhere-1", item_key="item-050", act=Act.SKIP, kind="picked")
        record(session, new=new, annotator_id=annotator_id, now=now())
    assert run_now(clouds) > 0


def test_gather_inputs__outcomes_of_proposals(clouds: Project) -> None:
    keys = clouds.pool.keys(range(4))
    with clouds.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="ann")
        common, other = (entry.id for entry in list_classes(session)[:2])
        for place, (row, act, class_id, kind) in enumerate(
            [
                (0, Act.LABEL, common, "discover"),
                (1, Act.SKIP, None, "refine"),
                (0, Act.LABEL, other, "discover"),
                (2, Act.LABEL, common, ""),
                (3, Act.UNSURE, None, "balance"),
            ]
        ):
            new = NewAnnotation(
                uid=f"outcome-{place}",
                item_key=keys[row],
                act=act,
                class_id=class_id,
                kind=kind,
                round_number=1,
                suggested_class_id=common,
            )
            record(session, new=new, annotator_id=annotator_id, now=now())
    found = gather_inputs(clouds, revision=5).outcomes
    assert [(entry.row, entry.class_index, entry.expected_class_index) for entry in found] == [
        (0, 1, 0),
        (1, -1, 0),
        (3, -1, 0),
    ]
    assert [entry.class_index for entry in gather_inputs(clouds, revision=2).outcomes] == [0, -1]


def test_run_round__old_files_that_cannot_be_tidied_up(
    clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr("app.rounds.forget_old_rounds", refuse)
    run_now(clouds)
    assert read_status(clouds.database).round_number == 1


def test_open_project__class_name_in_decomposed_letters(tmp_path: Path) -> None:
    project = make_clouds(tmp_path, classes=("e\u0301toile", "other"))
    again = open_project(project.paths.config)
    with again.database.reading() as session:
        assert [entry.name for entry in list_classes(session)] == ["\u00e9toile", "other"]
    again.close()
    project.close()
