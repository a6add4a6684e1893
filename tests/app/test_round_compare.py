"""Two rounds of a small real project side by side."""

from __future__ import annotations

import shutil

import pytest

from app.project import Project
from app.round_compare import Comparison, comparable, compare_rounds
from app.round_files import read_arrays, round_folder
from app.run_now import run_now
from labeling.classes import add_class, list_classes
from labeling.round_log import RoundRow, list_rounds
from tests.projects import label, label_some, truth_of


def rounds_of(project: Project) -> list[RoundRow]:
    with project.database.reading() as session:
        return list_rounds(session)


def compared(project: Project, before: int = 0, after: int = -1) -> Comparison:
    rounds = rounds_of(project)
    with project.database.reading() as session:
        names = {entry.id: entry.name for entry in list_classes(session)}
    return compare_rounds(
        project.paths.rounds, rounds[before], rounds[after], names=names, pool_hash=project.pool.hash
    )


@pytest.fixture
def two_rounds(clouds: Project) -> Project:
    """A round over labels of which a third is wrong, and one over more."""
    some = label_some(clouds, each=5)
    label(clouds, {key: "other" for key, name in list(some.items())[:3] if name == "common"})
    run_now(clouds)
    label(clouds, dict(list(truth_of(clouds).items())[:60]))
    run_now(clouds)
    return clouds


def test_compare_rounds__better_labels_make_a_better_model(two_rounds: Project) -> None:
    found = compared(two_rounds)
    assert (found.before, found.after, found.labels_before) == (1, 2, 15)
    assert found.balanced_accuracy.difference is not None
    assert found.balanced_accuracy.difference.value > 0
    changes = [entry.f1.difference.value for entry in found.classes if entry.f1.difference]
    assert changes == sorted(changes)
    assert {entry.name for entry in found.classes} == {"common", "other", "rare"}


def test_compare_rounds__counts_what_is_predicted_otherwise(two_rounds: Project) -> None:
    found = compared(two_rounds)
    arrays = [read_arrays(two_rounds.paths.rounds, number) for number in (1, 2)]
    assert arrays[0] is not None and arrays[1] is not None
    assert found.pool_changed == int((arrays[0].predicted != arrays[1].predicted).sum())
    assert found.pool_size == two_rounds.pool.n
    assert found.labelled_compared == 15
    assert found.labelled_changed is not None


def test_compare_rounds__a_round_with_itself_has_not_changed(two_rounds: Project) -> None:
    found = compared(two_rounds, 1, 1)
    assert (found.pool_changed, found.labelled_changed) == (0, 0)
    assert not any(entry.f1.is_clear for entry in found.classes)


def test_compare_rounds__without_the_files_of_one(two_rounds: Project) -> None:
    shutil.rmtree(round_folder(two_rounds.paths.rounds, 1))
    found = compared(two_rounds)
    assert found.pool_changed is None and found.labelled_changed is None
    assert found.balanced_accuracy.difference is not None
    assert [entry.f1.difference for entry in found.classes] == [None, None, None]


def test_compare_rounds__another_pool_since(two_rounds: Project) -> None:
    rounds = rounds_of(two_rounds)
    found = compare_rounds(two_rounds.paths.rounds, rounds[0], rounds[1], names={}, pool_hash="another")
    assert found.pool_changed is None and found.labelled_changed is None
    assert all(entry.name.endswith("(archived)") for entry in found.classes)


def test_compare_rounds__a_class_that_came_between(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    with clouds.database.transaction() as session:
        add_class(session, name="new")
    label(clouds, dict.fromkeys(clouds.pool.keys(range(100, 104)), "new"))
    run_now(clouds)
    found = compared(clouds)
    last = found.classes[-1]
    assert (last.name, last.labels_before, last.f1.difference) == ("new", 0, None)
    assert last.labels_after == 4


def test_comparable__rounds_without_figures_are_left_out(clouds: Project) -> None:
    run_now(clouds)
    label_some(clouds)
    run_now(clouds)
    assert [row.number for row in comparable(rounds_of(clouds))] == [2]
