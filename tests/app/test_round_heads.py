"""The learning and scoring of rounds whose head has other settings than the default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.project import Project
from app.round_files import read_arrays, read_meaning
from app.round_inputs import gather_inputs
from app.rounds import learn_head, score
from app.run_now import run_now
from app.seeking import Words, name_points, read_words
from config.files import save_config
from config.schema import HeadSection
from labeling.classes import add_class, list_classes, rename_class, update_class
from labeling.round_log import list_rounds
from models.errors import TrainingSetError
from models.scoring import PoolScores
from tests.projects import label, label_some, make_texts, truth_of


def scores_of(clouds: Project, head: HeadSection) -> PoolScores:
    project = replace(clouds, config=clouds.config.model_copy(update={"head": head}))
    label_some(project)
    inputs = gather_inputs(project, revision=2**31)
    scores = score(project, inputs, learn_head(project, inputs, Words(), seed=1))
    assert scores is not None
    return scores


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "auto"},
        {"name": "sade"},
        {"name": "sklearn", "estimator": "svm_rbf"},
        {"semi_supervised": True},
        {"mixup": True},
        {"optimiser": "adamw"},
    ],
)
def test_learn_head__finds_the_classes_with_any_settings(clouds: Project, changes: dict[str, object]) -> None:
    found = scores_of(clouds, HeadSection.model_validate({"device": "cpu", "members": 3} | changes))
    truth = np.array(list(truth_of(clouds).values()))
    names = np.array([entry.name for entry in clouds.config.classes])
    assert np.mean(names[found.probabilities.argmax(axis=1)] == truth) > 0.9


def test_learn_head__labels_count_by_their_share_of_the_pool(clouds: Project) -> None:
    weighed, plain = (
        scores_of(clouds, HeadSection(device="cpu", members=2, weigh_by_share=on)) for on in (True, False)
    )
    assert not np.array_equal(weighed.balanced_probabilities, plain.balanced_probabilities)


def test_score__a_stated_prior_is_used_as_it_is(clouds: Project) -> None:
    stated = {"common": 0.5, "other": 0.25, "rare": 0.25}
    found = scores_of(clouds, HeadSection(device="cpu", members=2, target_prior=stated))
    assert found.prior.tolist() == [0.5, 0.25, 0.25]


def test_score__a_stated_prior_of_a_class_that_is_none_is_named(clouds: Project) -> None:
    head = HeadSection(device="cpu", members=2, target_prior={"common": 0.5, "unicorn": 0.5})
    with pytest.raises(TrainingSetError, match="'unicorn'"):
        scores_of(clouds, head)


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Project]:
    """Texts of three classes; four items of two of them have a label, and none of the third."""
    project = make_texts(tmp_path)
    label_two(project)
    yield project
    project.close()


def label_two(project: Project) -> None:
    for name in ("weather", "sport"):
        label(
            project, dict.fromkeys([key for key, true in truth_of(project).items() if true == name][:4], name)
        )


def found_lost_cards(project: Project, number: int) -> float:
    """Return which share of the third class's items a round takes for that class."""
    arrays = read_arrays(project.paths.rounds, number)
    assert arrays is not None
    truth = np.array(list(truth_of(project).values()))
    return float(np.mean(np.asarray(arrays.predicted)[truth == "lost_card"] == 2))


def ignore_names(project: Project) -> None:
    """Write into the project's file that names are not to be learned."""
    head = project.config.head.model_copy(update={"learn_names": False})
    save_config(project.config.model_copy(update={"head": head}), project.paths.config)


def hashes_of(project: Project, number: int) -> dict[str, str]:
    with project.database.reading() as session:
        found = next(entry.hashes for entry in list_rounds(session) if entry.number == number)
    assert found is not None
    return dict(found)


def test_run_round__a_class_is_known_by_its_name_before_its_first_label(texts: Project) -> None:
    run_now(texts)
    assert found_lost_cards(texts, 1) > 0.8


def test_run_round__names_are_not_learned_where_the_file_says_so(texts: Project) -> None:
    ignore_names(texts)
    run_now(texts)
    assert found_lost_cards(texts, 1) == 0
    meaning = read_meaning(texts.paths.rounds, 1)
    assert meaning is not None and meaning.prior[2] == 0


def test_run_round__the_setting_is_in_the_hash_of_the_settings(texts: Project) -> None:
    run_now(texts)
    ignore_names(texts)
    run_now(texts)
    assert hashes_of(texts, 1)["config"] != hashes_of(texts, 2)["config"]


@pytest.mark.parametrize("renamed", [True, False])
def test_name_points__a_name_or_description_that_changed_is_read_anew(texts: Project, renamed: bool) -> None:
    before = gather_inputs(texts, revision=2**31)
    old = name_points(before, read_words(texts, before))
    with texts.database.transaction() as session:
        class_id = list_classes(session)[2].id
        if renamed:
            rename_class(session, class_id=class_id, name="my card was stolen")
        else:
            update_class(session, class_id=class_id, description="a bank card is gone")
    after = gather_inputs(texts, revision=2**31)
    new = name_points(after, read_words(texts, after))
    assert old is not None and new is not None
    assert (old.vectors != new.vectors).any(axis=1).tolist() == [False, False, True]
    assert before.seeks_hash != after.seeks_hash  # so that the server runs a round


def test_run_round__a_class_added_later_is_known_by_its_name(tmp_path: Path) -> None:
    project = make_texts(tmp_path, classes=("weather", "sport"))
    label_two(project)
    run_now(project)
    assert found_lost_cards(project, 1) == 0
    with project.database.transaction() as session:
        add_class(session, name="lost_card")
    run_now(project)
    assert found_lost_cards(project, 2) > 0.8
    assert hashes_of(project, 1)["seeks"] != hashes_of(project, 2)["seeks"]
    project.close()


def test_run_round__with_names_again_gives_the_same(texts: Project, tmp_path: Path) -> None:
    again = make_texts(tmp_path / "again")
    label_two(again)
    run_now(texts)
    run_now(again)
    assert hashes_of(texts, 1) == hashes_of(again, 1)
    again.close()


def test_score__a_name_does_not_show_that_the_pool_holds_any_of_the_class(texts: Project) -> None:
    inputs = gather_inputs(texts, revision=2**31)
    learned = learn_head(texts, inputs, read_words(texts, inputs), seed=1)
    scores = score(texts, inputs, learned)
    assert scores is not None
    assert scores.prior[2] > 0
    assert scores.prior_low[2] == 0
    assert scores.prior_high[2] == pytest.approx(1 - scores.prior_low[:2].sum(), abs=1e-5)
    assert (scores.prior_low[:2] > 0).all()


def test_score__a_stated_share_of_a_class_without_labels_is_used_as_it_is(texts: Project) -> None:
    stated = {"weather": 0.5, "sport": 0.4, "lost_card": 0.1}
    head = HeadSection(device="cpu", members=2, target_prior=stated)
    project = replace(texts, config=texts.config.model_copy(update={"head": head}))
    inputs = gather_inputs(project, revision=2**31)
    scores = score(project, inputs, learn_head(project, inputs, read_words(project, inputs), seed=1))
    assert scores is not None
    assert scores.prior_low.tolist() == scores.prior_high.tolist() == scores.prior.tolist()
    assert scores.prior[2] == pytest.approx(0.1)


def test_learn_head__words_that_are_not_there_are_not_missed(texts: Project) -> None:
    inputs = gather_inputs(texts, revision=2**31)
    learned = learn_head(texts, inputs, Words(problem="the weights are gone"), seed=1)
    assert learned is not None
    assert learned.trained.label_counts.tolist() == [4, 4, 0]
