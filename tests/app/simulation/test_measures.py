from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from app.simulation.measures import (
    area,
    balanced_accuracy,
    half_budget_ratio,
    height_at,
    labels_to,
    labels_to_all_classes,
    macro_f1,
    mean_curve,
    mean_interval,
    paired_difference,
    paired_ratio,
    summarise,
)
from tests.app.simulation.pools import small_pool

GENERATOR = np.random.default_rng(0)
TRUTH = np.repeat(np.arange(4), [40, 20, 6, 3]).astype(np.int64)
ANSWER = np.where(GENERATOR.random(TRUTH.size) < 0.6, TRUTH, GENERATOR.integers(0, 4, TRUTH.size))


def curve(heights: Sequence[float], labels: Sequence[int] | None = None) -> pd.DataFrame:
    places = list(labels or range(10, 10 * len(heights) + 10, 10))
    return pd.DataFrame({"labels": places, "decisions": places, "balanced_accuracy": heights})


def test_balanced_accuracy__as_scikit_learn() -> None:
    assert balanced_accuracy(TRUTH, ANSWER) == pytest.approx(balanced_accuracy_score(TRUTH, ANSWER))


def test_balanced_accuracy__answers_of_classes_that_do_not_occur() -> None:
    assert balanced_accuracy(np.array([0, 0, 1]), np.array([0, 9, 1])) == 0.75


def test_macro_f1__as_scikit_learn() -> None:
    assert macro_f1(TRUTH, ANSWER) == pytest.approx(f1_score(TRUTH, ANSWER, average="macro"))


def test_macro_f1__a_class_never_answered_counts_zero() -> None:
    assert macro_f1(np.array([0, 1]), np.array([0, 0])) == pytest.approx((2 / 3 + 0) / 2)


def test_area__by_trapezoids() -> None:
    assert area(curve([0.0, 1.0, 1.0], [10, 20, 40])) == pytest.approx((5 + 20) / 30)


def test_area__one_step() -> None:
    assert area(curve([0.4])) == 0.4


def test_labels_to__between_two_steps() -> None:
    assert labels_to(curve([0.0, 1.0], [10, 20]), 0.25) == 12.5


def test_labels_to__already_there_at_the_first_step() -> None:
    assert labels_to(curve([0.9, 0.9, 0.9]), 0.5) == 10


def test_labels_to__one_lucky_step_does_not_count() -> None:
    assert labels_to(curve([0.3, 0.3, 0.9, 0.3, 0.3]), 0.6) == float("inf")


def test_height_at__between_two_steps() -> None:
    assert height_at(curve([0.0, 1.0], [10, 20]), 15) == 0.5


def test_labels_to_all_classes__counts_from_one() -> None:
    assert labels_to_all_classes(np.array([0, 0, 2, 1, 0]), 3) == 4


def test_labels_to_all_classes__never() -> None:
    assert labels_to_all_classes(np.array([0, 0]), 3) == float("inf")


def test_mean_interval__students_t() -> None:
    found = mean_interval([1.0, 2.0, 3.0])
    assert (found.mean, found.high - found.mean) == pytest.approx((2.0, 4.3027 / np.sqrt(3)), rel=1e-4)


def test_mean_interval__of_one_value_has_no_end() -> None:
    assert mean_interval([1.0]).high == float("inf")


def test_paired_difference__takes_the_seeds_both_have() -> None:
    assert paired_difference({0: 1.0, 1: 3.0, 5: 9.0}, {0: 0.5, 1: 2.5, 7: 0.0}).mean == 0.5


def test_paired_difference__no_common_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="no seed in common"):
        paired_difference({0: 1.0}, {1: 1.0})


def test_paired_ratio__is_geometric() -> None:
    found = paired_ratio({0: 1.0, 1: 8.0}, {0: 2.0, 1: 4.0})
    assert (found.mean, found.low, found.high) == pytest.approx((1.0, 0.5, 2.0))


def test_mean_curve__over_places_of_all_runs() -> None:
    found = mean_curve([curve([0.0, 1.0], [10, 20]), curve([1.0, 1.0, 1.0], [10, 15, 30])])
    assert found["labels"].tolist() == [10, 15, 20]
    assert found["mean"].tolist() == [0.5, 0.75, 1.0]


def test_half_budget_ratio__twice_as_fast() -> None:
    slow = {seed: curve([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [10, 20, 30, 40, 50, 60]) for seed in range(3)}
    fast = {seed: curve([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [5, 10, 15, 20, 25, 30]) for seed in range(3)}
    found = half_budget_ratio(fast, slow)
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_half_budget_ratio__never_reached_is_infinite() -> None:
    low, high = {0: curve([0.1, 0.1, 0.1])}, {0: curve([0.5, 0.5, 0.5])}
    assert half_budget_ratio(low, high).mean == float("inf")


def test_summarise__balance_of_what_was_labelled() -> None:
    pool = small_pool()
    rows = [int(np.flatnonzero(pool.truth == label)[place]) for label in range(3) for place in range(2)]
    steps = curve([0.5]).assign(
        macro_f1=0.5, classes_met=3, rare_found=2, rare_met=1, choose_s=0.1, train_s=0.2
    )
    found = summarise(steps, pool, rows)
    assert found["smallest_share"] == pytest.approx(1 / 3)
    assert found["effective_classes"] == pytest.approx(3)
    assert found["labels_to_all_classes"] == 5
