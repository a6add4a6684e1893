"""From runs to figures, on curves whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.label_efficiency_figures import (
    Ratio,
    accuracy_ratio,
    area_difference,
    areas,
    bootstrap_interval,
    crossing,
    effort_ratio,
    geometric_mean,
    half_budget_ratio,
    labels_to_all,
    rare_met_at,
)
from benchmarks.label_efficiency_runs import Run

BUDGET = 100


def make_run(
    heights: list[float], *, decisions: list[int] | None = None, all_classes: int | None = 10
) -> Run:
    labels = [10 * (place + 1) for place in range(len(heights))]
    return Run(
        labels=labels,
        decisions=decisions or labels,
        accuracy=heights,
        rare_met=[place // 2 for place in range(len(heights))],
        all_classes=all_classes,
        rare_found=3,
        whole=1.0,
        choose_s=0.0,
        cpu_s=0.0,
        duplicates=0,
    )


def rising(slope: float, *, steps: int = 10, offset: float = 0.0) -> Run:
    """A straight line: `slope` more with every batch."""
    return make_run([min(1.0, offset + slope * (place + 1)) for place in range(steps)])


def test_crossing__is_interpolated() -> None:
    grid = np.asarray([10.0, 20.0, 30.0])
    labels, reached = crossing(grid, np.asarray([[0.1, 0.3, 0.5]]), np.asarray([0.4]))
    assert (labels.tolist(), reached.tolist()) == ([25.0], [True])


def test_crossing__the_first_of_several_counts() -> None:
    grid = np.asarray([10.0, 20.0, 30.0, 40.0])
    labels, _ = crossing(grid, np.asarray([[0.1, 0.5, 0.2, 0.6]]), np.asarray([0.5]))
    assert labels.tolist() == [20.0]


def test_crossing__never_reached_counts_as_the_end() -> None:
    labels, reached = crossing(np.asarray([10.0, 20.0]), np.asarray([[0.1, 0.2]]), np.asarray([0.9]))
    assert (labels.tolist(), reached.tolist()) == ([20.0], [False])


def test_crossing__reached_with_the_first_batch() -> None:
    labels, reached = crossing(np.asarray([10.0, 20.0]), np.asarray([[0.5, 0.6]]), np.asarray([0.4]))
    assert (labels.tolist(), reached.tolist()) == ([10.0], [True])


def test_half_budget_ratio__twice_as_steep_needs_half() -> None:
    ratio = half_budget_ratio({0: rising(0.1), 1: rising(0.1)}, {0: rising(0.05), 1: rising(0.05)}, BUDGET)
    assert ratio.reached
    assert ratio.mean == pytest.approx(0.5)
    assert ratio.interval.low == pytest.approx(0.5)


def test_half_budget_ratio__of_itself_is_one() -> None:
    runs = {0: rising(0.05), 1: rising(0.08)}
    assert half_budget_ratio(runs, runs, BUDGET).mean == pytest.approx(1.0)


def test_half_budget_ratio__never_reached_is_two() -> None:
    ratio = half_budget_ratio({0: rising(0.01)}, {0: rising(0.08)}, BUDGET)
    assert (ratio.mean, ratio.reached) == (2.0, False)


def test_half_budget_ratio__uses_the_seeds_both_have() -> None:
    one = {0: rising(0.1), 1: rising(0.001), 7: rising(0.001)}
    assert half_budget_ratio(one, {0: rising(0.05)}, BUDGET).mean == pytest.approx(0.5)


def test_half_budget_ratio__the_interval_holds_the_mean_and_knows_of_spread() -> None:
    one = {seed: rising(0.06 + 0.01 * seed) for seed in range(5)}
    interval = half_budget_ratio(one, {seed: rising(0.05) for seed in range(5)}, BUDGET).interval
    assert interval.low < interval.mean < interval.high


def test_effort_ratio__counts_decisions() -> None:
    decisions = [3 * (place + 1) for place in range(20)]
    pages = {0: make_run([0.1 * min(place + 1, 10) for place in range(20)], decisions=decisions)}
    single = {0: make_run([0.1 * min(place + 1, 10) for place in range(20)])}
    ratio = effort_ratio(pages, single, (BUDGET, 2 * BUDGET))
    assert ratio.reached
    assert ratio.mean == pytest.approx(0.3, abs=0.05)


def test_geometric_mean__of_a_half_and_two() -> None:
    drawn = np.full(8, 0.5)
    assert geometric_mean([Ratio(0.5, drawn, True), Ratio(2.0, 4 * drawn, True)]).mean == pytest.approx(1.0)


def test_areas__of_a_flat_curve() -> None:
    assert areas({3: make_run([0.4] * 10)}, BUDGET) == {3: pytest.approx(0.4)}


def test_areas__ignores_what_lies_beyond_the_budget() -> None:
    assert areas({3: make_run([0.4] * 10 + [1.0] * 10)}, BUDGET) == {3: pytest.approx(0.4)}


def test_area_difference__is_paired() -> None:
    one = {seed: make_run([0.1 * seed + 0.2] * 10) for seed in range(4)}
    other = {seed: make_run([0.1 * seed + 0.1] * 10) for seed in range(4)}
    difference = area_difference(one, other, BUDGET)
    assert difference.low == pytest.approx(0.1)
    assert difference.high == pytest.approx(0.1)


def test_labels_to_all__never_counts_as_the_budget() -> None:
    runs = {
        0: make_run([0.5], all_classes=40),
        1: make_run([0.5], all_classes=None),
        2: make_run([0.5], all_classes=150),
    }
    labels, never = labels_to_all(runs, BUDGET)
    assert (labels.tolist(), never) == ([40.0, 100.0, 100.0], 2)


def test_rare_met_at__within_the_labels() -> None:
    assert rare_met_at({0: make_run([0.1] * 10)}, 40).tolist() == [1.0]


def test_accuracy_ratio__is_of_the_means_on_common_seeds() -> None:
    one = {0: rising(0.04), 1: rising(0.02), 7: rising(0.09)}
    other = {0: rising(0.05), 1: rising(0.05)}
    found = accuracy_ratio(one, other, 100)
    assert found.mean == pytest.approx(0.6)
    assert found.low == pytest.approx(0.4)
    assert found.high == pytest.approx(0.8)


def test_bootstrap_interval__of_equal_values_has_no_width() -> None:
    found = bootstrap_interval(np.full(6, 3.0), lambda values: np.median(values, axis=-1))
    assert (found.mean, found.low, found.high) == (3.0, 3.0, 3.0)


def test_bootstrap_interval__more_seeds_make_it_narrower() -> None:
    generator = np.random.default_rng(0)
    few, many = (
        bootstrap_interval(generator.normal(size=size), lambda values: values.mean(axis=-1))
        for size in (5, 500)
    )
    assert many.high - many.low < (few.high - few.low) / 2
