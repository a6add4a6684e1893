from __future__ import annotations

import numpy as np
import pytest

from benchmarks.consensus import People
from benchmarks.label_audit import OURS, Given, person_figures, rankings


@pytest.fixture(scope="module")
def people() -> People:
    """One careless person on 400 items that lie in four clouds."""
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 4, 400)
    said = truth.copy()
    wrong = generator.choice(400, 60, replace=False)
    said[wrong] = (said[wrong] + generator.integers(1, 4, 60)) % 4
    vectors = (np.eye(4)[truth] * 4 + generator.normal(size=(400, 4))).astype(np.float32)
    return People(said[:, None], truth, 4, vectors)


def test_person_figures__count_wrong_labels_among_the_first(people: People) -> None:
    figures = person_figures({0: people, 1: people}, 0)
    assert figures["wrong_annotator_1"] == 60
    assert 25 < figures[f"found_{OURS}_annotator_1"] <= 40
    gain = figures[f"found_{OURS}_annotator_1"] - figures["found_neighbours_annotator_1"]
    assert figures["gain_over_neighbours_annotator_1"] == pytest.approx(gain)


def test_rankings__each_names_every_label_once(people: People) -> None:
    generator = np.random.default_rng(0)
    given = Given(generator.dirichlet(np.ones(4), 400), people.said[:, 0], people.vectors)
    for ranking in rankings().values():
        assert np.sort(ranking(given)).tolist() == list(range(400))
