from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.metrics import confusion_matrix as peer_confusion

from models.errors import TrainingSetError
from models.folds import OutOfFold
from models.heads.contract import MASKED_LOGIT, TrainingSet
from models.metrics import (
    balanced_accuracy,
    confusion_matrix,
    cross_validate,
    draw_confusions,
    macro_f1,
    report,
)
from tests.models.heads.sets import CPU, labelled, pool, section


def random_pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, 60)
    return truth, np.where(generator.random(60) < 0.6, truth, generator.integers(0, 5, 60))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_measures__are_those_of_scikit_learn(seed: int) -> None:
    truth, predicted = random_pair(seed)
    assert balanced_accuracy(truth, predicted) == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert macro_f1(truth, predicted) == pytest.approx(f1_score(truth, predicted, average="macro"))
    found = confusion_matrix(truth, predicted, class_count=5)
    assert np.array_equal(found, peer_confusion(truth, predicted, labels=range(5)))


@pytest.mark.parametrize("measure", [balanced_accuracy, macro_f1])
def test_measures__nothing_or_two_lengths_are_refused(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match="one length"):
        measure(np.zeros(0, np.int64), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="one length"):
        measure(np.zeros(2, np.int64), np.zeros(3, np.int64))


def test_cross_validate__interval_holds_the_score_on_unseen_items() -> None:
    report = cross_validate(labelled("digits", 300), section=section(), seed=0, device=CPU)
    assert report.source == "cross-validation"
    assert report.labels == 300
    assert report.balanced_accuracy is not None
    assert 0.85 < report.balanced_accuracy.value < 0.98
    assert report.balanced_accuracy.low < 0.93 < report.balanced_accuracy.high + 0.03
    assert report.calibration_error is not None
    assert report.calibration_error < 0.15


def test_cross_validate__figures_lie_inside_their_intervals() -> None:
    report = cross_validate(labelled("digits", 60), section=section(), seed=0, device=CPU)
    for found in (report.balanced_accuracy, report.macro_f1):
        assert found is not None
        assert 0 < found.low < found.value < found.high < 1


def test_cross_validate__labels_without_meaning_score_as_chance() -> None:
    vectors, _ = pool("digits")
    noise = np.random.default_rng(0).integers(0, 2, 200)
    report = cross_validate(TrainingSet(vectors[:200], noise, 2), section=section(), seed=0, device=CPU)
    assert report.balanced_accuracy is not None
    assert report.balanced_accuracy.low < 0.5 < report.balanced_accuracy.high


def test_cross_validate__every_label_is_counted_once() -> None:
    training = labelled("wine", 90)
    report = cross_validate(training, section=section(), seed=0, device=CPU)
    assert np.array_equal(np.asarray(report.confusion).sum(axis=1), training.label_counts)
    assert [entry.labels for entry in report.per_class] == training.label_counts.tolist()


def test_cross_validate__class_with_one_label_is_not_judged() -> None:
    vectors, truth = pool("wine")
    rows = np.concatenate([np.flatnonzero(truth < 2)[:40], np.flatnonzero(truth == 2)[:1]])
    report = cross_validate(TrainingSet(vectors[rows], truth[rows], 4), section=section(), seed=0, device=CPU)
    single, empty = report.per_class[2], report.per_class[3]
    assert single.too_few_labels
    assert (single.precision, single.f1, single.labels) == (None, None, 1)
    assert empty.too_few_labels
    assert report.per_class[0].recall is not None
    assert sum(report.confusion[2]) == 0


def test_cross_validate__one_label_a_class_gives_no_figures() -> None:
    vectors, truth = pool("wine")
    rows = np.array([np.flatnonzero(truth == index)[0] for index in range(3)])
    report = cross_validate(TrainingSet(vectors[rows], truth[rows], 3), section=section(), seed=0, device=CPU)
    assert report.balanced_accuracy is None
    assert report.macro_f1 is None
    assert report.calibration_error is None
    assert report.folds == 0
    assert report.source == "cross-validation"


def test_cross_validate__two_labels_a_class_are_enough() -> None:
    vectors, truth = pool("wine")
    rows = np.concatenate([np.flatnonzero(truth == index)[:2] for index in range(3)])
    report = cross_validate(TrainingSet(vectors[rows], truth[rows], 3), section=section(), seed=0, device=CPU)
    assert report.balanced_accuracy is not None
    assert report.balanced_accuracy.high - report.balanced_accuracy.low > 0.15
    assert report.per_class[0].recall is not None


def test_cross_validate__same_seed_same_report() -> None:
    reports = [cross_validate(labelled("wine", 60), section=section(), seed=3, device=CPU) for _ in range(2)]
    assert reports[0] == reports[1]


def test_cross_validate__more_labels_narrow_the_interval() -> None:
    widths = []
    for count in (40, 400):
        found = cross_validate(
            labelled("cancer", count), section=section(), seed=0, device=CPU
        ).balanced_accuracy
        assert found is not None
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]


def test_cross_validate__wrong_labels_are_refused() -> None:
    with pytest.raises(TrainingSetError):
        cross_validate(labelled("wine", 20, class_count=1), section=section(), seed=0, device=CPU)


def test_draw_confusions__two_out_of_two_is_not_certain() -> None:
    draws = draw_confusions(np.array([[2, 0], [0, 2]]), generator=np.random.default_rng(0))
    assert np.allclose(draws.sum(axis=2), 2)
    assert np.quantile(draws[:, 0, 0] / 2, 0.05) < 0.7


@pytest.mark.parametrize("corrected", [True, False])
def test_report__taken_for_a_class_without_labels_is_a_mistake(corrected: bool) -> None:
    training = TrainingSet(np.eye(6, dtype=np.float32), np.array([0, 0, 0, 1, 1, 1], np.int64), 4)
    logits = np.full((1, 6, 4), MASKED_LOGIT, np.float32)
    logits[0, :, :3] = 0.0
    logits[0, np.arange(6), training.labels] = 3.0
    logits[0, 0, 2] = 9.0  # the third class is known by its name alone, the fourth not at all
    found = report(
        OutOfFold(logits, np.ones(6, bool), 3), training, temperature=1.0, corrected=corrected, seed=0
    )
    assert found.confusion[0] == (2, 0, 1, 0)
    assert found.balanced_accuracy is not None
    assert found.balanced_accuracy.value == pytest.approx((2 / 3 + 1) / 2)
    unmet = found.per_class[2]
    assert (unmet.labels, unmet.precision, unmet.recall, unmet.f1) == (0, None, None, None)
