"""The learning and scoring of rounds whose head has other settings than the default."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.project import Project
from app.round_inputs import gather_inputs
from app.rounds import learn_head, score
from config.schema import HeadSection
from models.errors import TrainingSetError
from models.scoring import PoolScores
from tests.projects import label_some, truth_of


def scores_of(clouds: Project, head: HeadSection) -> PoolScores:
    project = replace(clouds, config=clouds.config.model_copy(update={"head": head}))
    label_some(project)
    inputs = gather_inputs(project, revision=2**31)
    scores = score(project, inputs, learn_head(project, inputs, seed=1))
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


def test_score__a_stated_prior_is_used_as_it_is(clouds: Project) -> None:
    stated = {"common": 0.5, "other": 0.25, "rare": 0.25}
    found = scores_of(clouds, HeadSection(device="cpu", members=2, target_prior=stated))
    assert found.prior.tolist() == [0.5, 0.25, 0.25]


def test_score__a_stated_prior_of_a_class_that_is_none_is_named(clouds: Project) -> None:
    head = HeadSection(device="cpu", members=2, target_prior={"common": 0.5, "unicorn": 0.5})
    with pytest.raises(TrainingSetError, match="'unicorn'"):
        scores_of(clouds, head)
