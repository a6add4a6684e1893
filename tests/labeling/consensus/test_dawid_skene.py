from __future__ import annotations

import numpy as np

from labeling.consensus.registry import methods
from tests.labeling.consensus.people import opinions, simulate


def accuracy(name: str, *args: object) -> float:
    votes, truth = args[0], args[1]
    chances = args[2] if len(args) > 2 else None
    found = methods.get(name)(votes, chances)  # type: ignore[arg-type]
    return float((found.classes == truth).mean())


def test_dawid_skene__finds_whom_to_believe() -> None:
    votes, truth = simulate(items=2000, skills=(0.95, 0.55, 0.55))
    assert accuracy("dawid_skene", votes, truth) > accuracy("majority", votes, truth) + 0.1


def test_dawid_skene__with_a_dozen_items_is_no_worse_than_a_majority() -> None:
    gains = []
    for seed in range(40):
        votes, truth = simulate(items=12, skills=(0.8, 0.8, 0.8), seed=seed)
        gains.append(accuracy("dawid_skene", votes, truth) - accuracy("majority", votes, truth))
    assert np.mean(gains) > -0.01


def test_model_assisted__the_model_decides_where_people_are_divided() -> None:
    votes, truth = simulate(items=2000, skills=(0.7, 0.7))
    chances = opinions(truth, skill=0.6, classes=4)
    plain = accuracy("dawid_skene", votes, truth)
    assert accuracy("model_assisted", votes, truth, chances) > plain + 0.03


def test_model_assisted__a_model_that_knows_nothing_changes_nothing() -> None:
    votes, _ = simulate()
    even = methods.get("model_assisted")(votes, np.full((600, 4), 0.25))
    plain = methods.get("dawid_skene")(votes)
    assert np.allclose(even.probabilities, plain.probabilities, atol=1e-9)


def test_model_assisted__a_model_that_guesses_and_is_sure_does_not_overrule_three_people() -> None:
    votes, truth = simulate(items=300, skills=(0.9, 0.9, 0.9))
    guessed = np.random.default_rng(2).integers(0, 4, len(truth))
    wrong = opinions(guessed, skill=0.999, classes=4)
    table = votes.classes.reshape(300, 3)
    agreed = (table == table[:, :1]).all(axis=1)
    found = methods.get("model_assisted")(votes, wrong)
    assert (found.classes[agreed] == table[agreed, 0]).mean() > 0.95


def test_confidence__is_about_right_where_people_err_apart() -> None:
    votes, truth = simulate(items=5000, skills=(0.85, 0.75, 0.65))
    found = methods.get("dawid_skene")(votes)
    assert abs(found.confidence.mean() - (found.classes == truth).mean()) < 0.03
