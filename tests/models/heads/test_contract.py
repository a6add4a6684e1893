from __future__ import annotations

import numpy as np
import pytest

from models.errors import NotEnoughLabelsError, TrainingSetError
from models.heads.contract import TrainingSet, VectorScale, check_training
from models.heads.registry import heads
from tests.models.heads.sets import CPU, labelled, section


def a_set(**changes: object) -> TrainingSet:
    given: dict[str, object] = {
        "vectors": np.eye(4, dtype=np.float32),
        "labels": np.array([0, 1, 0, 1], dtype=np.int64),
        "class_count": 2,
    }
    return TrainingSet(**(given | changes))  # type: ignore[arg-type]


def test_check_training__good_labels_pass() -> None:
    check_training(a_set())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vectors": np.zeros((3, 4), np.float32)}, r"\(3, 4\) and \(4,\)"),
        ({"vectors": np.zeros(4, np.float32)}, "must be"),
        ({"vectors": np.zeros((4, 0), np.float32)}, "d > 0"),
        ({"labels": np.array([0, 1, 2, 1])}, r"0 … 1, found 0 … 2"),
        ({"labels": np.array([0, 1, -1, 1])}, "found -1"),
        ({"labels": np.array([0.0, 1.0, 0.0, 1.0])}, "whole numbers"),
        ({"class_names": ("a",)}, "1 class names for 2 classes"),
        ({"scale": VectorScale(np.zeros(3, np.float32), 1.0)}, "mean of 4 numbers"),
        ({"scale": VectorScale(np.zeros(4, np.float32), 0.0)}, "greater than 0"),
    ],
)
def test_check_training__wrong_values_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingSetError, match=message):
        check_training(a_set(**changes))


def test_check_training__names_the_only_class_with_labels() -> None:
    with pytest.raises(NotEnoughLabelsError, match=r"only 'star' has one.*1 more class"):
        check_training(a_set(labels=np.zeros(4, np.int64), class_names=("star", "quasar")))


def test_check_training__no_labels_at_all() -> None:
    nothing = a_set(vectors=np.zeros((0, 4), np.float32), labels=np.zeros(0, np.int64))
    with pytest.raises(NotEnoughLabelsError, match="no class has one"):
        check_training(nothing)


def test_save__wrong_number_of_names_is_refused(tmp_path: object) -> None:
    trained = heads.get("logistic").fit(labelled("wine", 30), section=section(), seed=0, device=CPU)
    with pytest.raises(TrainingSetError, match="2 class names for 3"):
        trained.save(tmp_path / "x", class_names=("a", "b"))  # type: ignore[operator]
