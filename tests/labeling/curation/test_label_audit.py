from __future__ import annotations

import numpy as np
import pytest

from labeling.curation.label_audit import class_thresholds, doubt_labels, joint_opinion

CHANCES = np.array(
    [
        [0.90, 0.05, 0.05],
        [0.80, 0.10, 0.10],
        [0.10, 0.85, 0.05],  # labelled 0, is 1
        [0.20, 0.70, 0.10],
        [0.10, 0.80, 0.10],
        [0.45, 0.50, 0.05],  # labelled 0, a little likelier 1, yet below what 1 usually reaches
    ]
)
LABELS = np.array([0, 0, 0, 1, 1, 0])


def test_class_thresholds__are_the_mean_of_a_classs_own() -> None:
    found = class_thresholds(CHANCES, LABELS)
    assert found[:2].tolist() == pytest.approx([(0.9 + 0.8 + 0.1 + 0.45) / 4, 0.75])
    assert found[2] == np.inf


def test_doubt_labels__the_model_must_be_confident_of_another_class() -> None:
    found = doubt_labels(CHANCES, LABELS)
    assert np.flatnonzero(found.suspicious).tolist() == [2]
    assert (found.suggested[2], found.suggested_confidence[2]) == (1, 0.85)
    assert found.self_confidence[2] == pytest.approx(0.1)
    assert found.margin[2] == pytest.approx(-0.75)


def test_doubt_labels__ranks_what_is_doubted_by_the_given_class() -> None:
    order = doubt_labels(CHANCES, LABELS).ranked()
    assert order[:2].tolist() == [2, 5]
    assert np.flatnonzero(doubt_labels(CHANCES, LABELS).doubted).tolist() == [2, 5]
    assert order[-1] == 0


def test_doubt_labels__finds_what_was_mislabelled() -> None:
    generator = np.random.default_rng(0)
    truth = generator.choice(4, 400, p=[0.6, 0.25, 0.1, 0.05])
    logits = generator.normal(size=(400, 4)) + 3.5 * np.eye(4)[truth]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = truth.copy()
    wrong = generator.choice(400, 20, replace=False)
    labels[wrong] = (labels[wrong] + 1 + generator.integers(0, 3, 20)) % 4
    found = doubt_labels(chances.astype(np.float16), labels)
    first = found.ranked()[:20]
    assert len(set(first) & set(wrong)) >= 14


def test_doubt_labels__a_class_without_labels_is_never_suggested_as_sure() -> None:
    chances = np.array([[0.1, 0.1, 0.8], [0.2, 0.7, 0.1]])
    assert not doubt_labels(chances, np.array([0, 1])).suspicious.any()


def test_doubt_labels__one_class_or_no_labels() -> None:
    assert not doubt_labels(np.ones((3, 1)), np.zeros(3, np.int64)).suspicious.any()
    assert doubt_labels(np.zeros((0, 4)), np.zeros(0, np.int64)).ranked().tolist() == []


@pytest.mark.parametrize(
    ("chances", "labels", "message"),
    [
        (np.ones((2, 2)), np.array([0]), "shape"),
        (np.ones(2), np.array([0, 1]), "shape"),
        (np.ones((2, 2)), np.array([0, 2]), "2 classes"),
        (np.ones((2, 2)), np.array([0, -1]), "2 classes"),
        (np.array([[np.nan, 1.0]]), np.array([0]), "finite"),
    ],
)
def test_doubt_labels__refuses_what_makes_no_sense(
    chances: np.ndarray, labels: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        doubt_labels(chances, labels)


def test_joint_opinion__a_label_that_both_doubt_comes_before_one_that_either_does() -> None:
    model = np.array([[0.2, 0.8], [0.9, 0.1], [0.2, 0.8], [0.8, 0.2], [0.1, 0.9]])
    near = np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.2, 0.8]])
    labels = np.array([0, 0, 0, 0, 1])
    assert doubt_labels(joint_opinion(model, near), labels).ranked()[0] == 2
    assert joint_opinion(model, None).tolist() == model.tolist()
