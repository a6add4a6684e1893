from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labeling.consensus.quality import annotator_quality, confusion, wilson
from labeling.consensus.registry import methods
from tests.labeling.consensus.people import simulate, votes_of

SKILLS = (0.9, 0.75, 0.6)


def test_annotator_quality__is_how_often_people_are_right() -> None:
    votes, _ = simulate(items=4000, skills=SKILLS)
    found = annotator_quality(votes, methods.get("dawid_skene")(votes))
    for quality, skill in zip(found, SKILLS, strict=True):
        assert quality.agreement is not None
        assert quality.low < quality.agreement < quality.high
        assert abs(quality.agreement - skill) < 0.04


def test_annotator_quality__the_interval_holds_the_skill() -> None:
    inside = 0
    for seed in range(40):
        votes, _ = simulate(items=150, skills=(0.85, 0.85, 0.85), seed=seed)
        first = annotator_quality(votes, methods.get("dawid_skene")(votes))[0]
        inside += first.low <= 0.85 <= first.high
    assert inside >= 34


def test_annotator_quality__without_anybody_else_there_is_none() -> None:
    votes = votes_of([(0, 0, 1), (1, 0, 1), (1, 1, 1)], items=2, people=2, classes=2)
    alone = replace(votes, items=np.array([0, 1, 2]), settled=np.full(3, -1))
    found = annotator_quality(alone, methods.get("majority")(alone))
    assert [(each.votes, each.judged, each.agreement) for each in found] == [(2, 0, None), (1, 0, None)]


def test_annotator_quality__a_settled_item_judges_a_lone_vote() -> None:
    votes = votes_of([(0, 0, 1)], items=1, people=1, classes=2)
    votes.settled[0] = 0
    (found,) = annotator_quality(votes, methods.get("dawid_skene")(votes))
    assert (found.judged, found.agreement) == (1, 0.0)


def test_confusion__counts_what_is_taken_for_what() -> None:
    votes, truth = simulate(items=1000, skills=SKILLS)
    found = confusion(votes, methods.get("dawid_skene")(votes), 1)
    assert found.sum() == pytest.approx(1000)
    shares = found / found.sum(axis=1, keepdims=True)
    assert np.diag(shares).mean() == pytest.approx(0.75, abs=0.06)
    assert shares[0, 1] == pytest.approx(0.25, abs=0.08)
    assert shares[0, 2] < 0.05
    assert len(truth) == 1000


@pytest.mark.parametrize(("share", "trials", "low", "high"), [(1.0, 10, 0.722, 1.0), (0.5, 20, 0.299, 0.701)])
def test_wilson__known_values(share: float, trials: int, low: float, high: float) -> None:
    assert wilson(share, trials) == pytest.approx((low, high), abs=5e-4)
