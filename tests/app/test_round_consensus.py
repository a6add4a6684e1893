"""What rounds learn where several people labelled an item."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.project import Project, open_project
from app.round_consensus import agree, soft_labels
from app.round_files import read_meaning
from app.round_inputs import RoundInputs, gather_inputs
from app.run_now import run_now
from config.files import load_config, save_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.queue import proposals_of
from tests.projects import MOMENT, label, label_some, make_clouds, truth_of

NOW = 10**9


def wrong_class(name: str) -> str:
    return "rare" if name != "rare" else "common"


def overlap(project: Project, *, items: int = 20) -> dict[str, str]:
    """Ann and bob are right about some items, and cyd, the last to label, never is. Returns the true classes."""
    truth = dict(list(truth_of(project).items())[:items])
    label(project, truth)
    label(project, truth, annotator="bob")
    label(project, {key: wrong_class(name) for key, name in truth.items()}, annotator="cyd")
    return truth


def agreed(project: Project) -> RoundInputs:
    return agree(project, gather_inputs(project, revision=NOW), seed=1)


def names_of(inputs: RoundInputs, project: Project, keys: list[str]) -> dict[str, str]:
    rows = project.pool.rows(keys)
    columns = zip(keys, inputs.labels[rows], strict=True)
    return {key: inputs.classes[column].name for key, column in columns}


def with_method(project: Project, method: str | None) -> Project:
    config = load_config(project.paths.config)
    team = config.team.model_copy(update={"consensus": method})
    save_config(config.model_copy(update={"team": team}), project.paths.config)
    return open_project(project.paths.config)


def test_agree__the_votes_make_soft_labels(clouds: Project) -> None:
    truth = overlap(clouds)
    inputs = agreed(clouds)
    assert names_of(inputs, clouds, list(truth)) == truth
    assert names_of(gather_inputs(clouds, revision=NOW), clouds, list(truth)) == truth
    assert inputs.soft is not None
    assert inputs.soft_rows.tolist() == sorted(clouds.pool.rows(list(truth)).tolist())
    assert np.allclose(inputs.soft.sum(axis=1), 1)


def test_agree__a_class_that_nobody_said_is_not_taught(clouds: Project) -> None:
    truth = overlap(clouds)
    inputs = agreed(clouds)
    assert inputs.soft is not None
    names = [entry.name for entry in inputs.classes]
    for row, shares in zip(inputs.soft_rows, inputs.soft, strict=True):
        true = truth[clouds.pool.key(int(row))]
        said = {names.index(true), names.index(wrong_class(true))}
        assert {int(column) for column in np.flatnonzero(shares)} <= said


def test_agree__the_model_decides_between_two_people(clouds: Project) -> None:
    truth = truth_of(clouds)
    keys = list(truth)
    label(clouds, {key: truth[key] for key in keys[:60]})
    torn = keys[60:66]
    label(clouds, {key: truth[key] for key in torn})
    label(clouds, {key: wrong_class(truth[key]) for key in torn}, annotator="bob")
    assert names_of(agreed(clouds), clouds, torn) == {key: truth[key] for key in torn}


def test_agree__one_vote_an_item_changes_nothing(clouds: Project) -> None:
    label_some(clouds)
    some = list(truth_of(clouds).items())[-3:]
    label(clouds, dict(some), annotator="bob")
    inputs = gather_inputs(clouds, revision=NOW)
    assert inputs.votes is None
    assert agree(clouds, inputs, seed=1) is inputs
    assert soft_labels(inputs) is None


def test_agree__null_trains_on_the_label_alone(clouds: Project) -> None:
    truth = overlap(clouds)
    project = with_method(clouds, None)
    assert names_of(agreed(project), project, list(truth)) == truth
    assert agreed(project).soft is None
    project.close()


def test_agree__what_a_reviewer_settled_stays(clouds: Project) -> None:
    truth = overlap(clouds)
    key = next(iter(truth))
    with clouds.database.transaction() as session:
        ids = {entry.name: entry.id for entry in list_classes(session)}
        new = NewAnnotation(
            uid="adjudicated-1", item_key=key, act=Act.ADJUDICATE, class_id=ids[wrong_class(truth[key])]
        )
        record(session, new=new, annotator_id=ensure_annotator(session, name="dora"), now=MOMENT)
    inputs = agreed(clouds)
    assert names_of(inputs, clouds, [key]) == {key: wrong_class(truth[key])}
    assert clouds.pool.row(key) not in inputs.soft_rows


def test_soft_labels__are_a_row_for_each_label(clouds: Project) -> None:
    overlap(clouds)
    alone = list(truth_of(clouds))[-1]
    label(clouds, {alone: "common"})
    inputs = agreed(clouds)
    soft = soft_labels(inputs)
    labelled = np.flatnonzero(inputs.labels >= 0)
    assert soft is not None
    assert soft.shape == (21, 3)
    assert (soft.argmax(axis=1) == inputs.labels[labelled]).all()
    (row,) = clouds.pool.rows([alone])
    assert sorted(soft[labelled.tolist().index(int(row))].tolist()) == [0, 0, 1]


def test_run_round__with_several_votes_is_repeatable(clouds: Project, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = make_clouds(tmp_path / "again")
    told = []
    for project in (clouds, again):
        overlap(project)
        run_now(project)
        meaning = read_meaning(project.paths.rounds, 1)
        assert meaning is not None
        with project.database.reading() as session:
            found = proposals_of(session, round_number=1)
        told.append((meaning.hashes, meaning.quality, [(entry.item_key, entry.score) for entry in found]))
    assert told[0] == told[1]
    again.close()


def test_run_round__the_votes_are_among_its_inputs(clouds: Project, tmp_path: Path) -> None:
    """The label that stands is the same in both; who else said what is not."""
    (tmp_path / "again").mkdir()
    again = make_clouds(tmp_path / "again")
    truth = dict(list(truth_of(clouds).items())[:20])
    for project, said in ((clouds, truth), (again, {key: wrong_class(name) for key, name in truth.items()})):
        label(project, said, annotator="bob")
        label(project, truth)
    first, second = (gather_inputs(project, revision=NOW).labels_hash for project in (clouds, again))
    assert first != second
    again.close()
