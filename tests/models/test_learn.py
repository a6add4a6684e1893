from __future__ import annotations

import numpy as np
import pytest
import torch

from config.errors import UnknownNameError
from models.errors import NotEnoughLabelsError
from models.heads.contract import TrainingSet
from models.heads.registry import heads
from models.learn import learn
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
