from __future__ import annotations

import numpy as np
import pytest

from models.errors import NotEnoughLabelsError, TrainingSetError
from models.heads.contract import ClassNames, TrainingSet, VectorScale, check_training
from models.heads.registry import heads
from tests.models.heads.sets import CPU, labelled, section


def a_set(**changes: object) -> TrainingSet:
    given: dict[str, object] = {
        "vectors": np.eye(4, dtype=np.float32),
        "labels": np.array([0, 1, 0, 1], dtype=np.int64),
        "class_count": 2,
    }
    return TrainingSet(**(given | changes))  # type: ignore[arg-type]


def names(
    vectors: object = ((1, 0, 0, 0), (0, 1, 0, 0)), labels: object = (0, 1), *, dtype: type = np.int64
) -> dict[str, ClassNames]:
    return {"name_points": ClassNames(np.array(vectors, np.float32), np.array(labels, dtype))}


def test_check_training__good_labels_pass() -> None:
    check_training(a_set())
    check_training(a_set(**names()))
    check_training(a_set(**names(np.zeros((0, 4)), [])))


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
        (names(np.ones((2, 3))), r"class names must be \(s, 4\).*\(2, 3\)"),
        (names(np.ones(4), [0]), r"must be \(s, 4\)"),
        (names(labels=[0]), r"\(2, 4\) and \(1,\)"),
        (names([[1, 0, 0, np.nan]] * 2), "class names hold NaN"),
        (names([[1, 0, 0, np.inf]] * 2), "infinity"),
        (names([[1, 0, 0, 0], [0, 0, 0, 0]]), "a row of zeros"),
        (names(labels=[0, 2]), "of classes 0 … 1, found 0 … 2"),
        (names(labels=[-1, 0]), "found -1"),
        (names(dtype=np.float32), "whole numbers, got float32"),
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
