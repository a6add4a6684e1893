from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.calibration import calibration_error, class_weights
from models.curves import BINS, GRID, class_curves, mean_curves, reliability
from models.predictions import OutOfFoldPredictions


def predictions(count: int = 200, *, k: int = 3, seed: int = 0, sharp: float = 1.0) -> OutOfFoldPredictions:
    """Return predictions that lean to the truth, some tied."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(k, count, p=np.arange(k, 0, -1) / np.arange(k, 0, -1).sum())
    logits = generator.normal(size=(count, k)) + 1.5 * np.eye(k)[labels]
    chances = np.exp(sharp * logits)
    chances = (chances / chances.sum(axis=1, keepdims=True)).round(2)
    return OutOfFoldPredictions(np.arange(count), labels, chances.argmax(axis=1), chances)


@pytest.mark.parametrize("seed", range(4))
def test_class_curves__areas_are_those_of_scikit_learn(seed: int) -> None:
    seen = predictions(seed=seed)
    found = class_curves(seen, 2)
    assert found is not None
    truth, scores = seen.labels == 2, seen.probabilities[:, 2]
    assert found.auroc.value == pytest.approx(roc_auc_score(truth, scores))
    assert found.auprc.value == pytest.approx(average_precision_score(truth, scores))
    assert found.base_rate == pytest.approx(truth.mean())
    for area in (found.auroc, found.auprc):
        assert 0 < area.low < area.value < area.high < 1


def test_class_curves__rise_from_end_to_end() -> None:
    found = class_curves(predictions(), 0)
    assert found is not None
    assert (np.diff(found.hits) >= 0).all()
    assert found.hits[-1] == pytest.approx(1)
    assert found.precision[-1] >= found.base_rate - 1e-9
    assert found.false_alarms.tolist() == GRID.tolist()


def test_class_curves__a_rare_class_is_found_with_less_precision() -> None:
    seen = predictions(400)
    here, there = class_curves(seen, 0), class_curves(seen, 0, share=0.02)
    assert here is not None and there is not None
    assert there.auroc.value == pytest.approx(here.auroc.value)
    assert there.auprc.value < here.auprc.value - 0.2
    assert there.base_rate == 0.02


def test_class_curves__the_share_it_has_changes_nothing() -> None:
    seen = predictions()
    here = class_curves(seen, 1)
    there = class_curves(seen, 1, share=float((seen.labels == 1).mean()))
    assert here is not None and there is not None
    assert there.auprc.value == pytest.approx(here.auprc.value)


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_class_curves__a_share_that_is_none(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        class_curves(predictions(), 0, share=share)


def test_class_curves__without_labels_of_the_class_or_of_another() -> None:
    seen = predictions()
    one = OutOfFoldPredictions(
        seen.rows, np.zeros_like(seen.labels), seen.predicted, np.asarray(seen.probabilities)
    )
    assert class_curves(one, 0) is None
    assert class_curves(one, 1) is None
    assert mean_curves(one) is None


def test_class_curves__two_of_two_are_not_certain() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8]])
    seen = OutOfFoldPredictions(np.arange(4), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), chances)
    found = class_curves(seen, 0)
    assert found is not None
    assert found.auroc.value == 1.0
    assert found.auroc.low < 0.5


def test_mean_curves__is_the_mean_over_classes_with_labels() -> None:
    seen = predictions(k=4)
    missing = OutOfFoldPredictions(seen.rows, seen.labels % 3, seen.predicted, np.asarray(seen.probabilities))
    found = mean_curves(missing)
    parts = [class_curves(missing, column) for column in range(3)]
    assert found is not None
    assert found.auroc.value == pytest.approx(np.mean([part.auroc.value for part in parts if part]))
    assert found.base_rate == pytest.approx(1 / 3)


def test_mean_curves__of_many_classes_and_labels_takes_no_long() -> None:
    found = mean_curves(predictions(2000, k=150))
    assert found is not None
    assert found.auroc.low <= found.auroc.value <= found.auroc.high


def test_reliability__error_is_that_of_the_report() -> None:
    seen = predictions(300)
    weights = class_weights(seen.labels, 3)
    assert reliability(seen).error == pytest.approx(
        calibration_error(np.asarray(seen.probabilities), seen.labels, weights)
    )


def test_reliability__bins_hold_all_labels_and_rise() -> None:
    seen = predictions(300)
    found = reliability(seen, 1)
    assert len(found.bins) <= BINS
    assert sum(entry.labels for entry in found.bins) == 300
    sure = [entry.confidence for entry in found.bins]
    assert sure == sorted(sure)
    assert all(entry.low <= entry.share <= entry.high for entry in found.bins)


def test_reliability__says_who_is_too_sure() -> None:
    assert reliability(predictions(600, sharp=4.0)).excess > 0.05
    assert reliability(predictions(600, sharp=0.3)).excess < -0.05


def test_reliability__few_labels_make_few_bins() -> None:
    assert len(reliability(predictions(5)).bins) == 1
