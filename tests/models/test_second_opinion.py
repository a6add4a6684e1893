from __future__ import annotations

import numpy as np
import pytest

from models.errors import NotEnoughLabelsError
from models.heads.contract import TrainingSet
from models.second_opinion import second_opinion
from tests.models.heads.sets import CPU, labelled, pool, section


def test_second_opinion__knows_better_than_a_wrong_label() -> None:
    vectors, truth = pool("wine")
    labels = truth[:120].astype(np.int64).copy()
    labels[7] = (labels[7] + 1) % 3
    found = second_opinion(TrainingSet(vectors[:120], labels, 3), section=section(), seed=0, device=CPU)
    assert found.shape == (120, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert found[7].argmax() == truth[7]


def test_second_opinion__same_seed_gives_the_same_bits() -> None:
    auto, training = section(name="auto"), labelled("wine", 60)
    first, second = (second_opinion(training, section=auto, seed=3, device=CPU) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_second_opinion__says_nothing_of_too_few_labels() -> None:
    vectors, _ = pool("wine")
    training = TrainingSet(vectors[:2], np.array([0, 1]), 3)
    assert np.allclose(second_opinion(training, section=section(), seed=0, device=CPU), 1 / 3)


def test_second_opinion__one_class_alone_is_refused() -> None:
    vectors, _ = pool("wine")
    with pytest.raises(NotEnoughLabelsError):
        second_opinion(
            TrainingSet(vectors[:5], np.zeros(5, np.int64), 3), section=section(), seed=0, device=CPU
        )
