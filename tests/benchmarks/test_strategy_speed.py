"""The time of a round and of each strategy, on few items."""

from __future__ import annotations

import numpy as np

from benchmarks.strategy_speed import LABELS, drawn_pool, measure_choices, measure_round
from strategies.registry import strategies


def test_drawn_pool__has_its_labels() -> None:
    vectors, labels = drawn_pool(2_000)
    assert vectors.dtype == np.float32
    assert np.count_nonzero(labels >= 0) == LABELS


def test_measure_round__the_parts_add_up() -> None:
    figures = measure_round(1_500, size="1500")
    parts = figures["learn_1500_s"] + figures["score_1500_s"] + figures["choose_prospect_1500_s"]
    assert 0 < figures["round_1500_s"] < 1.01 * parts + 1e-3


def test_measure_choices__every_strategy() -> None:
    figures = measure_choices(1_500)
    assert {f"choose_{name}_s" for name in strategies.names()} <= set(figures)
    assert all(seconds >= 0 for seconds in figures.values())
