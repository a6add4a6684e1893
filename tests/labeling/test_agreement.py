from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from labeling.agreement import (
    class_agreement,
    items_disagreed,
    items_said_both,
    krippendorff_alpha,
    pair_agreement,
    vote_agreement,
)
from labeling.consensus.contract import Votes
from tests.labeling.consensus.people import simulate, votes_of


def published() -> Votes:
    """The example of Krippendorff 2011 (part C): four observers, twelve units, gaps; alpha 0.743 for nominal data."""
    rows = (
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    said = [
        (unit, observer, int(value) - 1)
        for observer, row in enumerate(rows)
        for unit, value in enumerate(row.split())
        if value != "."
    ]
    return votes_of(sorted(said), items=12, people=4, classes=5)


def test_krippendorff_alpha__of_the_published_example() -> None:
    found = krippendorff_alpha(published())
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.items == 11
    assert found.low is not None and found.high is not None
    assert found.low < 0.743 < found.high


def test_krippendorff_alpha__same_seed_gives_the_same_interval() -> None:
    votes, _ = simulate()
    assert krippendorff_alpha(votes, seed=3) == krippendorff_alpha(votes, seed=3)
    assert krippendorff_alpha(votes, seed=3) != krippendorff_alpha(votes, seed=4)


def test_krippendorff_alpha__perfect_agreement_and_none() -> None:
    same, _ = simulate(skills=(1.0, 1.0))
    assert krippendorff_alpha(same).value == 1.0
    generator = np.random.default_rng(0)
    random = replace(same, classes=generator.integers(0, 4, len(same.classes)))
    assert abs(krippendorff_alpha(random).value or 1) < 0.1


def test_krippendorff_alpha__without_two_on_one_item() -> None:
    votes = votes_of([(0, 0, 1), (1, 1, 0)], items=2, people=2, classes=2)
    found = krippendorff_alpha(votes)
    assert (found.value, found.low, found.high, found.items) == (None, None, None, 0)


def test_krippendorff_alpha__one_class_alone_says_nothing() -> None:
    votes = votes_of([(0, 0, 1), (0, 1, 1)], items=1, people=2, classes=2)
    assert krippendorff_alpha(votes).value is None


def test_krippendorff_alpha__its_interval_holds_the_truth() -> None:
    large, _ = simulate(items=100_000, skills=(0.8, 0.8))
    truth = krippendorff_alpha(large).value
    assert truth is not None
    inside = 0
    for seed in range(40):
        votes, _ = simulate(items=200, skills=(0.8, 0.8), seed=seed + 1)
        found = krippendorff_alpha(votes)
        assert found.low is not None and found.high is not None
        inside += found.low <= truth <= found.high
    assert inside >= 34


def test_pair_agreement__is_cohens_kappa() -> None:
    votes, _ = simulate()
    table = votes.classes.reshape(600, 3)
    found = pair_agreement(votes)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        expected = cohen_kappa_score(table[:, first], table[:, second])
        assert found.kappa[first, second] == found.kappa[second, first] == pytest.approx(expected)
        assert found.share[first, second] == (table[:, first] == table[:, second]).mean()
    assert (found.common == 600).all()


def test_pair_agreement__people_who_never_met() -> None:
    votes = votes_of([(0, 0, 1), (1, 1, 0)], items=2, people=2, classes=2)
    found = pair_agreement(votes)
    assert found.common.tolist() == [[1, 0], [0, 1]]
    assert np.isnan(found.share[0, 1]) and np.isnan(found.kappa[0, 1])


def test_class_agreement__counts_who_says_it_too() -> None:
    # Two agree on class 0; on the next item one says 0 and one says 1; nobody says 2; a lone vote does not count.
    votes = votes_of([(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1), (2, 0, 1)], items=3, people=2, classes=3)
    found = class_agreement(votes)
    assert found.items.tolist() == [2, 1, 0]
    assert found.agreement[0] == pytest.approx(2 / 3)
    assert found.agreement[1] == 0
    assert np.isnan(found.agreement[2])
    assert found.confused.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_items_said_both__and_where_two_people_differ() -> None:
    votes = votes_of(
        [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0), (2, 0, 1), (2, 1, 0)], items=3, people=2, classes=2
    )
    assert items_said_both(votes, 0, 1).tolist() == [0, 2]
    assert items_said_both(votes, 0, 0).tolist() == [1]
    assert items_disagreed(votes, 0, 1).tolist() == [0, 2]


def test_vote_agreement__is_the_share_of_pairs() -> None:
    votes = votes_of(
        [(0, 0, 0), (0, 1, 0), (0, 2, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1)], items=3, people=3, classes=2
    )
    found = vote_agreement(votes)
    assert found[:2].tolist() == [pytest.approx(1 / 3), 1.0]
    assert np.isnan(found[2])
