from __future__ import annotations

import numpy as np
import pytest

from models.quality import Estimate
from models.stopping_figures import (
    LEAST_POINTS,
    chained_change,
    chance_of_new_class,
    expected_gain,
    kappa,
    mean_agreement,
    unfound_items,
    unmet_classes,
)


def test_kappa__by_hand() -> None:
    """Cohen's own form: 20 of 50 and 15 of 50 alike, 35 in all; chance agreement 0.5; κ = (0.7 - 0.5) / 0.5."""
    before = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    after = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert kappa(before, after).value == pytest.approx(0.4)


def test_kappa__full_agreement_and_none_beyond_chance() -> None:
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 3, 30_000)
    assert kappa(classes, classes) == Estimate(1.0, 1.0, 1.0)
    chance = kappa(classes, generator.permutation(classes))
    assert chance.low < 0.0 < chance.high


def test_kappa__one_class_everywhere_is_agreement() -> None:
    assert kappa(np.full(9, 4), np.full(9, 4)).value == 1.0


def test_kappa__a_rare_class_that_flips_counts_for_more_than_its_share() -> None:
    before = np.repeat([0, 1], [990, 10])
    assert kappa(before, np.zeros(1_000, int)).value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("first", "second"), [(3, 4), (0, 0)])
def test_kappa__wrong_lengths_are_refused(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="one length above 0"):
        kappa(np.zeros(first, int), np.zeros(second, int))


def test_mean_agreement__interval_joins_rows_and_rounds() -> None:
    steady = mean_agreement([Estimate(0.9, 0.88, 0.92)] * 3)
    assert (steady.value, steady.low, steady.high) == pytest.approx((0.9, 0.88, 0.92))
    jumping = mean_agreement([Estimate(0.8, 0.78, 0.82), Estimate(1.0, 0.98, 1.0), Estimate(0.9, 0.88, 0.92)])
    assert jumping.value == pytest.approx(0.9)
    assert jumping.low < steady.low


@pytest.mark.parametrize("power", [0.25, 0.5, 1.0])
def test_expected_gain__follows_a_power_law(power: float) -> None:
    labels = np.arange(40, 401, 20)
    due = 0.9 * (400.0**-power - 500.0**-power)
    found = expected_gain(labels, 0.95 - 0.9 * labels**-power)
    assert found is not None
    assert found.value == pytest.approx(due, rel=0.35, abs=5e-4)
    assert found.low <= due <= found.high


def test_expected_gain__a_flat_noisy_curve_gains_nothing_for_sure() -> None:
    generator = np.random.default_rng(1)
    labels = np.arange(50, 451, 10)
    held = 0
    for _ in range(40):
        found = expected_gain(labels, 0.8 + generator.normal(0, 0.02, labels.size))
        assert found is not None
        held += found.low <= 0.0 <= found.high
    assert held >= 38


def test_expected_gain__noise_widens_the_interval() -> None:
    labels = np.arange(50, 451, 10)
    noise = np.random.default_rng(2).normal(size=labels.size)
    curve = 0.9 - 2.0 / labels
    narrow, wide = expected_gain(labels, curve + 0.002 * noise), expected_gain(labels, curve + 0.05 * noise)
    assert narrow is not None and wide is not None
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)


def test_expected_gain__a_falling_curve_says_so() -> None:
    labels = np.arange(50, 451, 10)
    found = expected_gain(labels, 0.9 - labels / 1_000)
    assert found is not None and found.value < 0


@pytest.mark.parametrize(
    "labels",
    [[], [10], list(range(10, 10 + 5 * (LEAST_POINTS - 1), 5)), [100, 101, 102, 103, 104, 105, 106, 107]],
    ids=["none", "one", "few", "too close"],
)
def test_expected_gain__says_nothing_where_it_cannot_tell(labels: list[int]) -> None:
    assert expected_gain(np.array(labels), np.linspace(0.5, 0.9, len(labels))) is None


def test_expected_gain__fewer_labels_to_come_bring_less() -> None:
    labels = np.arange(40, 401, 20)
    curve = 0.95 - 2.0 / labels
    far, near = expected_gain(labels, curve), expected_gain(labels, curve, more=10)
    assert far is not None and near is not None
    assert 0 < near.value < far.value


def test_unfound_items__share_of_the_pool_less_the_labels() -> None:
    found = unfound_items(items=1_000, unlabelled=900, labels=20, share=0.05, share_low=0.03, share_high=0.08)
    assert (found.value, found.low, found.high) == pytest.approx((30.0, 10.0, 60.0))


def test_unfound_items__never_below_none_nor_above_what_is_left() -> None:
    found = unfound_items(items=100, unlabelled=5, labels=20, share=0.1, share_low=0.05, share_high=0.9)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 5.0)


def test_unmet_classes__by_hand() -> None:
    """Six classes with one label and two with two: 6 x 5 / (2 x 3) = 5 more."""
    found = unmet_classes(np.array([1] * 6 + [2] * 2 + [9] * 4 + [0] * 7))
    assert found.value == pytest.approx(5.0)
    assert 0 < found.low < 5.0 < found.high


@pytest.mark.parametrize("counts", [[5, 9, 4], [1, 8], [0, 0, 3]])
def test_unmet_classes__none_where_hardly_a_class_has_one_label(counts: list[int]) -> None:
    found = unmet_classes(np.array(counts))
    assert found.value == found.low == 0.0
    assert found.high <= 1.0


def test_unmet_classes__holds_for_labels_drawn_at_random() -> None:
    """A lower bound on average, and the interval reaches the truth more often than not."""
    generator = np.random.default_rng(0)
    shares = 1 / np.arange(1, 61)
    shares /= shares.sum()
    estimates, truth, held = [], [], 0
    for _ in range(60):
        counts = np.bincount(generator.choice(60, 120, p=shares), minlength=60)
        found = unmet_classes(counts)
        unmet = int((counts == 0).sum())
        estimates.append(found.value)
        truth.append(unmet)
        held += found.low <= unmet <= found.high
    assert 0.5 * np.mean(truth) < np.mean(estimates) <= 1.1 * np.mean(truth)
    assert held >= 42


def test_chance_of_new_class__share_of_single_labels() -> None:
    found = chance_of_new_class(np.array([1, 1, 8, 0]))
    assert found.value == pytest.approx(0.2)
    assert 0 < found.low < 0.2 < found.high < 1
    assert chance_of_new_class(np.array([50, 50])).low == 0.0


def test_chained_change__a_class_met_late_does_not_count() -> None:
    before, after = {"1": 0.9, "2": 0.8}, {"1": 0.9, "2": 0.9, "3": 0.1}
    assert chained_change(before, after) == pytest.approx(0.05)
    assert chained_change({}, after) is None
    assert chained_change({"7": 1.0}, after) is None
