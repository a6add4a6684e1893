from __future__ import annotations

import numpy as np
import pytest

from benchmarks.consensus import (
    People,
    accuracy_figures,
    agreement_figures,
    correctness,
    in_percent,
    sample_figures,
    training_figures,
)
from labeling.consensus.contract import Consensus
from tests.labeling.consensus.people import simulate


@pytest.fixture(scope="module")
def people() -> People:
    """Three people, the last one bad, on items that lie in four clouds."""
    votes, truth = simulate(items=400, skills=(0.9, 0.8, 0.5))
    generator = np.random.default_rng(3)
    vectors = np.eye(4)[truth] * 3 + generator.normal(0, 1, (400, 4))
    return People(votes.classes.reshape(400, 3), truth, 4, vectors.astype(np.float32))


def test_correctness__of_a_tie_is_the_chance_to_draw_it() -> None:
    chances = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    found = Consensus(chances, chances.argmax(axis=1))
    assert correctness(found, np.array([1, 1, 2])).tolist() == pytest.approx([0.5, 0.0, 1 / 3])


def test_accuracy_figures__measure_what_is_there(people: People) -> None:
    figures = accuracy_figures(people)
    assert figures["accuracy_dawid_skene"] > figures["accuracy_majority"]
    gain = figures["accuracy_dawid_skene"] - figures["accuracy_majority"]
    assert figures["gain_dawid_skene"] == pytest.approx(gain)
    assert figures["gain_dawid_skene_low"] < gain < figures["gain_dawid_skene_high"]
    assert figures["mcnemar_p_dawid_skene"] < 0.05
    assert figures["accuracy_of_the_model_alone"] > 0.8


def test_agreement_figures__stand_beside_the_truth(people: People) -> None:
    figures = agreement_figures(people)
    assert figures["quality_1_truth"] == pytest.approx((people.said[:, 0] == people.truth).mean())
    assert abs(figures["quality_1_dawid_skene"] - figures["quality_1_truth"]) < 0.08


def test_sample_and_training_figures__have_intervals(people: People) -> None:
    sampled = sample_figures(people, 50, draws=2)
    assert sampled["gain_model_assisted_of_50_low"] <= sampled["gain_model_assisted_of_50"]
    trained = training_figures(people, 100, draws=2)
    assert trained["head_truth_of_100"] >= trained["head_latest_of_100"]
    assert {"head_gain_dawid_skene_soft_of_100", "head_model_assisted_hard_of_100"} <= set(trained)


def test_in_percent__leaves_alpha_and_p_values() -> None:
    figures = {"alpha": 0.6, "mcnemar_p_majority": 0.01, "accuracy_majority": 0.9}
    assert in_percent(figures) == {
        "alpha": 0.6,
        "mcnemar_p_majority": 0.01,
        "accuracy_majority_percent": 90.0,
    }
