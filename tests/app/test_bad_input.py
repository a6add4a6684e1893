"""Whole rounds over pools and labels as nobody wishes for: each gives proposals or a clear error, soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from app.prepare import create_project
from app.project import Project
from app.round_files import RoundArrays, RoundMeaning, read_arrays, read_meaning
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from app.status import read_status
from config.errors import ConfigInvalidError
from config.files import parse_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import archive_class, list_classes, update_class
from labeling.queue import Proposal, proposals_of
from models.stopping import Stopping
from strategies.registry import strategies
from tests.projects import MOMENT, label, label_some, make_texts, seek, truth_of

LONGEST_ROUND_S = 30.0
"""Processor time, far above what any of these rounds takes, so that a busy machine does not fail the test."""

Vectors = npt.NDArray[np.float32]
Make = Callable[..., Project]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make projects over an array of vectors, closed after the test."""
    made: list[Project] = []

    def project(vectors: Vectors, *, classes: Sequence[str] = ("a", "b"), **sections: Any) -> Project:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        np.save(folder / "pool.npy", vectors)
        wishes = ProjectWishes(name="bad", pool=str(folder / "pool.npy"), classes=tuple(classes), seed=5)
        config = make_config(wishes, folder / "bad.yaml")
        for name, values in sections.items():
            config = config.model_copy(update={name: getattr(config, name).model_copy(update=values)})
        made.append(create_project(config, folder / "bad.yaml"))
        return made[-1]

    yield project
    for entry in made:
        entry.close()


def groups(*sizes: int, dimensions: int = 6, seed: int = 0) -> Vectors:
    generator = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    centres = generator.normal(size=(len(sizes), dimensions)) * 8
    return (centres[rows] + generator.normal(size=(rows.size, dimensions))).astype(np.float32)


def give(project: Project, rows: Sequence[int], class_name: str) -> None:
    label(project, dict.fromkeys(project.pool.keys(list(rows)), class_name))


def act_on(project: Project, rows: Sequence[int], act: Act) -> None:
    with project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="ann")
        for key in project.pool.keys(list(rows)):
            new = NewAnnotation(uid=f"{act}-{key}", item_key=key, act=act)
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)


def play(project: Project) -> list[Proposal]:
    """Run a round within bounds; return its proposals, distinct open items each, and a whole advice beside them."""
    began = time.process_time()
    run_now(project)
    assert time.process_time() - began < LONGEST_ROUND_S
    latest = read_status(project.database).latest
    assert latest is not None
    assert Stopping.from_dict(latest.metrics["stopping"]).verdict
    with project.database.reading() as session:
        found = proposals_of(session, round_number=latest.number)
    keys = [entry.item_key for entry in found]
    assert len(set(keys)) == len(keys)
    assert all(entry.reason for entry in found)
    return found


def model(project: Project) -> tuple[RoundMeaning, RoundArrays]:
    number = read_status(project.database).round_number
    meaning, arrays = read_meaning(project.paths.rounds, number), read_arrays(project.paths.rounds, number)
    assert meaning is not None
    assert arrays is not None
    assert np.allclose(np.asarray(arrays.probabilities, np.float32).sum(axis=1), 1, atol=0.02)
    return meaning, arrays


def test_round__a_class_with_one_label(make: Make) -> None:
    project = make(groups(60, 30))
    give(project, range(8), "a")
    give(project, [70], "b")
    assert play(project)
    _, arrays = model(project)
    assert np.mean(arrays.predicted[60:] == 1) > 0.9


def test_round__every_class_with_one_label(make: Make) -> None:
    project = make(groups(40, 40, 40), classes=("a", "b", "c"))
    for place, name in ((0, "a"), (50, "b"), (100, "c")):
        give(project, [place], name)
    assert len(play(project)) == 60
    meaning, _ = model(project)
    assert meaning.quality is not None
    assert meaning.quality["balanced_accuracy"] is None  # nothing can be held out, and nothing is made up


def test_round__one_class_only(make: Make) -> None:
    project = make(groups(60, 30), classes=("a",))
    give(project, range(5), "a")
    assert {entry.kind for entry in play(project)} == {"discover"}


def test_round__no_class_at_all(make: Make) -> None:
    assert len(play(make(groups(60, 30), classes=()))) == 60


@pytest.mark.parametrize("act", [Act.SKIP, Act.UNSURE, Act.FLAG])
def test_round__nothing_but_skips(make: Make, act: Act) -> None:
    project = make(groups(60, 30))
    act_on(project, range(20), act)
    found = play(project)
    assert not {entry.item_key for entry in found} & set(project.pool.keys(range(20)))
    assert len(found) == 60


def test_round__every_item_skipped(make: Make) -> None:
    project = make(groups(20, 10))
    act_on(project, range(30), Act.SKIP)
    assert play(project) == []


def test_round__two_classes_merged(make: Make) -> None:
    """What was 'b' is labelled 'a' from now on, and 'b' is put away."""
    project = make(groups(60, 30, 30), classes=("a", "b", "c"))
    for first, name in ((0, "a"), (60, "b"), (90, "c")):
        give(project, range(first, first + 8), name)
    play(project)
    give(project, range(60, 68), "a")
    with project.database.transaction() as session:
        archive_class(session, class_id=next(e.id for e in list_classes(session) if e.name == "b"))
    play(project)
    meaning, arrays = model(project)
    assert meaning.class_names == ("a", "c")
    assert np.mean(arrays.predicted[:90] == 0) > 0.95


def test_round__a_class_put_away_with_its_labels(make: Make) -> None:
    """Its labels no longer count, its items stay looked at, and two classes are left to learn."""
    project = make(groups(60, 30, 30), classes=("a", "b", "c"))
    for first, name in ((0, "a"), (60, "b"), (90, "c")):
        give(project, range(first, first + 8), name)
    play(project)
    with project.database.transaction() as session:
        archive_class(session, class_id=next(e.id for e in list_classes(session) if e.name == "b"))
    found = play(project)
    assert not {entry.item_key for entry in found} & set(project.pool.keys(range(60, 68)))
    assert read_status(project.database).latest.labels_used == 16  # type: ignore[union-attr]


def test_round__contradictory_labels_on_identical_items(make: Make) -> None:
    vectors = groups(60, 30)
    vectors[:20] = vectors[0]
    project = make(vectors)
    give(project, range(0, 10), "a")
    give(project, range(10, 20), "b")
    give(project, range(60, 65), "b")
    assert play(project)
    _, arrays = model(project)
    sure = np.asarray(arrays.probabilities[:20], np.float32).max(axis=1)
    assert sure.max() < 0.9  # it cannot be sure of what it was told both ways


def test_round__the_same_item_labelled_again_and_again(make: Make) -> None:
    project = make(groups(60, 30))
    for name in ("a", "b", "a", "b"):
        give(project, range(10), name)
    give(project, range(60, 66), "a")
    play(project)
    assert read_status(project.database).latest.labels_used == 16  # type: ignore[union-attr]


@pytest.mark.slow
def test_round__a_thousand_classes(make: Make) -> None:
    names = tuple(f"class {number}" for number in range(1_000))
    vectors = groups(*[3] * 1_000, dimensions=32)
    project = make(vectors, classes=names)
    label(project, {project.pool.key(3 * number): name for number, name in enumerate(names[:300])})
    assert len(play(project)) == 60
    meaning, arrays = model(project)
    assert len(meaning.class_names) == 1_000
    assert arrays.predicted.max() < 300  # none of a class without labels


def test_round__vectors_with_nan(make: Make) -> None:
    """The reader sets such items aside as unreadable: they are not proposed, the rest is labelled as ever."""
    vectors = groups(60, 30)
    vectors[[3, 40], 2] = np.nan
    vectors[77, 0] = np.inf
    project = make(vectors)
    assert np.flatnonzero(~np.asarray(project.pool.readable)).tolist() == [3, 40, 77]
    give(project, range(5, 10), "a")
    give(project, range(60, 66), "b")
    found = play(project)
    assert not {entry.item_key for entry in found} & set(project.pool.keys([3, 40, 77]))
    model(project)


def test_round__nothing_but_nan(make: Make) -> None:
    assert play(make(np.full((20, 3), np.nan, np.float32))) == []


def test_round__constant_vectors(make: Make) -> None:
    project = make(np.full((50, 4), 2.5, np.float32))
    give(project, range(5), "a")
    give(project, range(5, 8), "b")
    assert len(play(project)) == 42
    model(project)


def test_round__vectors_of_zeros(make: Make) -> None:
    project = make(np.zeros((30, 4), np.float32))
    give(project, range(4), "a")
    give(project, range(4, 8), "b")
    assert len(play(project)) == 22


def test_round__huge_and_tiny_numbers(make: Make) -> None:
    vectors = groups(60, 30)
    vectors[:, 0] *= 1e12
    vectors[:, 1] *= 1e-12
    project = make(vectors)
    give(project, range(5), "a")
    give(project, range(60, 66), "b")
    assert play(project)


def test_round__an_item_ten_thousand_times_over(make: Make) -> None:
    vectors = np.concatenate([np.ones((10_000, 6), np.float32), groups(20, 20)])
    project = make(vectors)
    give(project, [0, 1, *range(10_000, 10_004)], "a")
    give(project, range(10_020, 10_025), "b")
    copies = set(project.pool.keys(range(10_000)))
    found = play(project)
    assert len(found) == 60
    assert sum(entry.item_key in copies for entry in found[:20]) <= 5


@pytest.mark.parametrize("items", [1, 2, 5])
def test_round__a_pool_smaller_than_the_batch(make: Make, items: int) -> None:
    project = make(groups(items))
    assert len(play(project)) == items
    give(project, [0], "a")
    assert len(play(project)) == items - 1


@pytest.mark.parametrize("weights", [(3.0, 1.0), (0.2, 0.2), (0.0, 0.0), (1e9, 1e-9)])
def test_round__targets_that_do_not_add_up_to_one(make: Make, weights: tuple[float, float]) -> None:
    """A target is a weight: 3 to 1 means three quarters; all of them 0 means nothing is wanted more than another."""
    project = make(groups(60, 30))
    with project.database.transaction() as session:
        for entry, weight in zip(list_classes(session), weights, strict=True):
            update_class(session, class_id=entry.id, target=weight)
    give(project, range(6), "a")
    give(project, range(60, 66), "b")
    assert len(play(project)) == 60


@pytest.mark.parametrize("prior", ["{a: 0.9, b: 0.3}", "{a: -0.1, b: 1.1}", "{a: .nan, b: 1}", "{}"])
def test_config__a_target_prior_that_is_no_prior_is_refused(prior: str) -> None:
    text = f"version: 1\nproject: {{name: x}}\npool: {{path: x.csv}}\nhead: {{target_prior: {prior}}}\n"
    with pytest.raises(ConfigInvalidError, match="target_prior"):
        parse_config(text)


@pytest.mark.parametrize("words", ["Ω≈ç√∫ ゆき", "\u200b\u200b", "!!!", "x" * 5_000])
def test_round__a_seek_in_no_language(tmp_path: Path, words: str) -> None:
    project = make_texts(tmp_path, strategy="seek")
    seek(project, "words", words)
    assert len(play(project)) == 60
    label(project, dict(list(truth_of(project).items())[:30]))
    assert len(play(project)) == 60
    project.close()


@pytest.mark.parametrize("name", strategies.names())
def test_round__every_strategy_over_copies_skips_and_single_labels(make: Make, name: str) -> None:
    vectors = np.concatenate([np.ones((300, 6), np.float32), groups(20, 20, 5)])
    project = make(vectors, classes=("a", "b", "c", "never"), strategy={"name": name})
    give(project, [0, *range(300, 303)], "a")
    give(project, range(320, 324), "b")
    give(project, [340], "c")
    act_on(project, [1, 2, 304, 341], Act.SKIP)
    assert len(play(project)) == 60


def test_round__stopping_advice_of_something_else_is_begun_anew(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    (clouds.paths.rounds / "000001" / "watched.npy").write_bytes(b"no array")
    label(clouds, dict(list(truth_of(clouds).items())[:60]))
    play(clouds)
    latest = read_status(clouds.database).latest
    assert latest is not None
    assert latest.metrics["stopping"]["stability"] is None
    assert np.load(clouds.paths.rounds / "000002" / "watched.npy", allow_pickle=False).size
