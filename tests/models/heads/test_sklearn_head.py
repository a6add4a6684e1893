from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from config.schema import HeadSection
from models.errors import WeightsError
from models.heads.contract import TrainedHead, TrainingSet
from models.heads.estimators import ESTIMATORS, Shape, fit_member
from models.heads.files import load_head
from models.heads.sklearn_head import SklearnHead
from tests.models.heads.sets import CPU, labelled, pool, section

every_estimator = pytest.mark.parametrize("estimator", list(ESTIMATORS))


def train(estimator: str, training: TrainingSet, **changes: object) -> TrainedHead:
    given = section(name="sklearn", estimator=estimator, **({"members": 2} | changes))
    return SklearnHead().fit(training, section=given, seed=0, device=CPU)


def test_estimators__are_those_of_the_configuration() -> None:
    assert get_args(HeadSection.model_fields["estimator"].annotation) == tuple(ESTIMATORS)


@every_estimator
def test_fit__every_estimator_learns(estimator: str) -> None:
    vectors, truth = pool("wine")
    trained = train(estimator, labelled("wine", 90, class_count=4))
    chances = torch.softmax(trained.logits(torch.tensor(vectors)), dim=2).mean(dim=0).numpy()
    assert (chances.argmax(axis=1)[90:] == truth[90:]).mean() > 0.85
    assert (chances[:, 3] == 0).all()


@every_estimator
def test_fit__two_labels_of_two_classes_are_enough(estimator: str) -> None:
    vectors, truth = pool("cancer")
    rows = [int(np.flatnonzero(truth == index)[0]) for index in (0, 1)]
    trained = train(estimator, TrainingSet(vectors[rows], truth[rows], 2))
    assert torch.isfinite(trained.logits(torch.tensor(vectors[:20]))).all()


@every_estimator
def test_fit__the_prior_of_the_labels_is_taken_out(estimator: str) -> None:
    generator = np.random.default_rng(0)
    vectors = np.concatenate([generator.normal(0, 1, (400, 2)), generator.normal(1.5, 1, (16, 2))])
    truth = np.repeat([0, 1], [400, 16])
    trained = train(estimator, TrainingSet(vectors.astype(np.float32), truth, 2), members=4)
    tested = generator.normal(1.5, 1, (300, 2)).astype(np.float32)
    found = torch.softmax(trained.logits(torch.tensor(tested)), dim=2).mean(dim=0)[:, 1].mean()
    assert found > 0.3  # of labels alone it would be 0.04 to 0.25


@every_estimator
def test_load_head__refits_to_the_same_logits(estimator: str, tmp_path: Path) -> None:
    trained = train(estimator, labelled("wine", 40))
    trained.save(tmp_path / "head.safetensors")
    loaded, _ = load_head(tmp_path / "head.safetensors")
    vectors = torch.tensor(pool("wine")[0])
    scaled = (vectors - loaded.mean) / loaded.size
    again = SklearnHead().forward(loaded.tensors, scaled)  # a head that has nothing in memory
    assert torch.equal(again + loaded.mask[:, None, :], trained.logits(vectors))


def test_load_head__estimator_that_is_not_on_the_list(tmp_path: Path) -> None:
    file = tmp_path / "head.safetensors"
    train("naive_bayes", labelled("wine", 40)).save(file)
    tensors = load_file(file)
    tensors["parameter.estimator"] = torch.tensor(list(b"os.system"), dtype=torch.uint8)
    meta = {
        "format": "goldpan head 1", "head": "sklearn", "class_names": '["a", "b", "c"]', "dimensions": "13",
        "corrected": "true", "seed": "0", "temperature": "1.0",
    }  # fmt: skip
    save_file(tensors, file, metadata=meta)
    with pytest.raises(WeightsError, match="damaged"):
        load_head(file)


def test_fit__few_ensembles_stay_in_memory() -> None:
    head = SklearnHead()
    given = section(name="sklearn", estimator="naive_bayes", members=1)
    for count in range(30, 40):
        head.fit(labelled("wine", count), section=given, seed=0, device=CPU)
    assert len(head._fitted) == 4


def test_fit_member__gaussian_process_reads_a_bounded_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    monkeypatch.setitem(ESTIMATORS, "gaussian_process", replace(ESTIMATORS["gaussian_process"], most=50))
    vectors = generator.normal(size=(150, 2)).astype(np.float32)
    labels = np.r_[np.zeros(149, np.int64), 1]
    member = fit_member("gaussian_process", vectors, labels, np.ones(150), balanced=True, seed=0)
    assert member.classes.tolist() == [0, 1]  # the only label of a class is never left out
    assert len(member.fitted.base_estimator_.X_train_) <= 51


def test_make__forests_of_many_classes_have_fewer_trees() -> None:
    make = ESTIMATORS["random_forest"].make
    assert make(Shape(500, 8, 10), 0).n_estimators == 100
    assert make(Shape(2000, 8, 1000), 0).n_estimators == 10


def test_fit_member__a_member_that_saw_one_class_alone() -> None:
    vectors, truth = pool("wine")
    weights = (truth == 1).astype(np.float64)
    member = fit_member("random_forest", vectors, truth, weights, balanced=True, seed=0)
    assert (member.logits(vectors[:3], 3) == 0).all()
