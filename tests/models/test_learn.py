from __future__ import annotations

import numpy as np
import pytest
import torch

from config.errors import UnknownNameError
from models.errors import NotEnoughLabelsError
from models.heads.contract import TrainingSet
from models.heads.registry import heads
from models.learn import learn, pick_unlabelled, train_head
from models.scoring import score_pool
from tests.models.heads.sets import CPU, labelled, pool, section


@pytest.mark.parametrize("name", heads.names())
def test_learn__same_arguments_same_answer(name: str) -> None:
    first, second = (
        learn(labelled("wine", 50), section=section(name=name), seed=4, device=CPU) for _ in range(2)
    )
    assert first.temperature == second.temperature
    assert first.quality == second.quality
    assert all(
        torch.equal(first.trained.tensors[key], second.trained.tensors[key]) for key in first.trained.tensors
    )


def test_learn__calibration_lowers_the_loss_on_unseen_items() -> None:
    vectors, truth = pool("digits")
    learned = learn(labelled("digits", 200), section=section(), seed=0, device=CPU)

    def loss(temperature: float) -> float:
        chances = score_pool(vectors[200:], learned.trained, temperature=temperature).balanced_probabilities
        return float(-np.log(chances[np.arange(len(chances)), truth[200:]]).mean())

    assert loss(learned.temperature) < loss(3.0)
    assert loss(learned.temperature) < loss(1.0) + 0.01


def test_learn__without_calibration_the_temperature_is_one() -> None:
    assert (
        learn(labelled("wine", 50), section=section(calibrate=False), seed=0, device=CPU).temperature == 1.0
    )


def test_learn__one_label_a_class_works_and_says_so() -> None:
    vectors, truth = pool("digits")
    rows = np.array([np.flatnonzero(truth == index)[0] for index in (3, 8)])
    learned = learn(TrainingSet(vectors[rows], truth[rows], 10), section=section(), seed=0, device=CPU)
    assert learned.quality.balanced_accuracy is None
    assert learned.temperature == 1.0


def test_learn__steps_are_timed_and_told() -> None:
    told: list[tuple[float, str]] = []
    learned = learn(
        labelled("wine", 50),
        section=section(),
        seed=0,
        device=CPU,
        progress=lambda *report: told.append(report),
    )
    assert set(learned.seconds) == {"compare", "train", "cross_validate", "calibrate"}
    assert all(seconds >= 0 for seconds in learned.seconds.values())
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {"training", "cross-validating"} <= {text for _, text in told}


def test_learn__too_few_classes() -> None:
    training = TrainingSet(np.eye(2, dtype=np.float32), np.zeros(2, np.int64), 3, class_names=("a", "b", "c"))
    with pytest.raises(NotEnoughLabelsError, match="only 'a' has one"):
        learn(training, section=section(), seed=0, device=CPU)


def test_learn__unknown_head() -> None:
    with pytest.raises(UnknownNameError, match=r"known: .*logistic"):
        learn(
            labelled("wine", 9), section=section().model_copy(update={"name": "oracle"}), seed=0, device=CPU
        )


@pytest.mark.parametrize("option", ["mixup", "semi_supervised"])
def test_learn__rows_that_are_added_are_no_labels(option: str) -> None:
    vectors, truth = pool("digits")
    rows = np.sort(np.concatenate([np.flatnonzero(truth == index)[: 3 + 2 * index] for index in range(10)]))
    training = TrainingSet(vectors[rows], truth[rows], 10, unlabelled=vectors[900:])
    learned = learn(training, section=section(**{option: True}), seed=0, device=CPU)
    plain = learn(training, section=section(), seed=0, device=CPU)
    assert learned.trained.label_counts.tolist() == training.label_counts.tolist()
    assert learned.quality.labels == len(rows)
    assert not torch.equal(learned.trained.tensors["weight"], plain.trained.tensors["weight"])


def test_train_head__gives_the_head_that_learn_gives() -> None:
    vectors, truth = pool("digits")
    training = TrainingSet(vectors[:120], truth[:120], 10, unlabelled=vectors[120:900])
    given = section(semi_supervised=True, mixup=True)
    trained = train_head(training, section=given, seed=2, device=CPU)
    learned = learn(training, section=given, seed=2, device=CPU).trained
    assert all(torch.equal(trained.tensors[key], learned.tensors[key]) for key in trained.tensors)


def test_pick_unlabelled__only_where_it_is_used_and_only_what_is_readable() -> None:
    vectors = np.ones((20, 3), dtype=np.float16)
    vectors[5] = 0
    labels = np.full(20, -1)
    labels[:3] = 1
    assert pick_unlabelled(vectors, labels, section=section()) is None
    for given in (section(semi_supervised=True), section(name="sade")):
        found = pick_unlabelled(vectors, labels, section=given)
        assert found is not None
        assert found.shape == (16, 3)
        assert found.dtype == np.float32


def test_learn__the_bias_starts_at_the_prior() -> None:
    vectors, truth = pool("wine")
    rows = np.concatenate(
        [np.flatnonzero(truth == index)[:count] for index, count in ((0, 30), (1, 9), (2, 3))]
    )
    training = TrainingSet(vectors[rows], truth[rows], 3)
    given = section(members=1, epochs=1, learning_rate=1e-6)
    trained = train_head(training, section=given, seed=0, device=CPU)
    joint = trained.logits(torch.tensor(vectors)).double() + trained.label_counts.double().log()
    assert torch.allclose(
        torch.softmax(joint, dim=2).mean(dim=1)[0], torch.tensor([30, 9, 3]).double() / 42.0, atol=0.02
    )
