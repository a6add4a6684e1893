from __future__ import annotations

import numpy as np
import pytest

from models.learn import learn
from models.metrics import confusion_matrix
from models.predictions import OutOfFoldPredictions
from tests.models.heads.sets import CPU, labelled, section


def test_in_cell__the_surest_first() -> None:
    chances = np.array([[0.2, 0.8], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9]], np.float16)
    seen = OutOfFoldPredictions(
        rows=np.array([7, 8, 9, 3]),
        labels=np.array([0, 0, 0, 1]),
        predicted=np.array([1, 1, 0, 1]),
        probabilities=chances,
    )
    assert seen.in_cell(0, 1).tolist() == [0, 1]
    assert seen.in_cell(1, 0).tolist() == []
    assert seen.class_count == 2


@pytest.mark.parametrize("imbalance", ["logit_adjustment", "none"])
def test_learn__predictions_are_those_the_confusions_count(imbalance: str) -> None:
    training = labelled("digits", 120)
    learned = learn(training, section=section(imbalance=imbalance), seed=1, device=CPU)
    seen = learned.predictions
    assert seen is not None
    assert np.array_equal(seen.labels, training.labels[seen.rows])
    assert np.allclose(seen.probabilities.sum(axis=1), 1)
    counted = confusion_matrix(seen.labels, seen.predicted, class_count=10)
    assert counted.tolist() == [list(row) for row in learned.quality.confusion]
