from __future__ import annotations

import numpy as np
import pytest

from models.calibration import DEFAULT_TEMPERATURE, calibration_error, class_weights, fit_temperature, softmax


def drawn(count: int, *, true_temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from them at a temperature."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (count, 4)).astype(np.float32)
    chances = softmax(logits / true_temperature)
    labels = (generator.random(count)[:, None] > chances.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    return logits, labels.astype(np.int64)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_fit_temperature__finds_the_true_one_in_many_labels(true_temperature: float) -> None:
    logits, labels = drawn(5000, true_temperature=true_temperature)
    assert fit_temperature(logits, labels, np.ones(5000)) == pytest.approx(true_temperature, rel=0.08)


def test_fit_temperature__few_labels_stay_near_the_default() -> None:
    logits, labels = drawn(4000, true_temperature=4.0)
    found = [fit_temperature(logits[:m], labels[:m], np.ones(m)) for m in (3, 30, 4000)]
    distances = [abs(np.log(value / DEFAULT_TEMPERATURE)) for value in found]
    assert distances[0] < distances[1] < distances[2]
    assert found[0] < 1.5


def test_fit_temperature__no_labels_give_the_default() -> None:
    assert (
        fit_temperature(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), np.zeros(0))
        == DEFAULT_TEMPERATURE
    )


def test_fit_temperature__repeats_count_once() -> None:
    logits, labels = drawn(20, true_temperature=4.0)
    once = fit_temperature(logits, labels, np.ones(20))
    twice = fit_temperature(np.tile(logits, (2, 1)), np.tile(labels, 2), np.ones(40), repeats=2)
    assert once == pytest.approx(twice, rel=1e-3)


def test_fit_temperature__stays_in_range_when_all_is_right() -> None:
    logits = np.eye(3, dtype=np.float32)[np.arange(300) % 3] * 5
    assert 0.1 <= fit_temperature(logits, np.arange(300) % 3, np.ones(300)) < 1


def test_class_weights__every_class_counts_the_same() -> None:
    labels = np.array([0, 0, 0, 2])
    weights = class_weights(labels, 3)
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights.sum() == pytest.approx(1)


def test_calibration_error__is_nothing_for_true_chances_and_large_for_false_ones() -> None:
    logits, labels = drawn(5000, true_temperature=1.0)
    assert calibration_error(softmax(logits), labels, np.ones(5000)) < 0.03
    assert calibration_error(softmax(logits * 10), labels, np.ones(5000)) > 0.1


def test_calibration_error__all_wrong_and_sure_is_one() -> None:
    chances = np.tile([1.0, 0.0], (20, 1))
    assert calibration_error(chances, np.ones(20, np.int64), np.ones(20)) == pytest.approx(1)
