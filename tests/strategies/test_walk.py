"""A walk finds and draws the same wherever the answers lie, however they are cut."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from strategies.contract import IntArray, PoolState
from strategies.ranking import TopRows, open_rows
from strategies.registry import strategies
from strategies.walk import (
    Answers,
    LikelyMember,
    Score,
    Wish,
    answers_at,
    best_rows,
    little_confidence,
    members_disagree,
    small_margin,
    walk,
)


class InParts:
    """Answers that are walked a few rows at a time, what is found sent about as bytes."""

    def __init__(self, state: PoolState, rows: int) -> None:
        self.state, self.rows = state, rows

    def walk(self, rows: IntArray, wishes: Sequence[Wish]) -> list[TopRows]:
        tops = [TopRows(wish.count) for wish in wishes]
        for low in range(0, len(self.state.labels), self.rows):
            part = rows[(rows >= low) & (rows < low + self.rows)]
            for wish, top in zip(wishes, tops, strict=True):
                later = TopRows(wish.count)
                if part.size:
                    later.add(wish.score(answers_at(self.state, part)))
                top.merge(pickle.loads(pickle.dumps(later.pruned())))
        return tops


def pool(levels: int) -> PoolState:
    """Return a pool of 900 items whose answers are rounded, so that many are equal."""
    generator = np.random.default_rng(levels)
    shares = np.round(generator.dirichlet(np.ones(3), 900) * levels) + 1e-6
    shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    closed = generator.random(900) < 0.1
    closed[:20] = True
    labels = np.where(np.arange(900) < 20, np.arange(900) % 3, -1)
    return PoolState(
        vectors=generator.normal(size=(900, 4)).astype(np.float32),
        labels=labels,
        closed=closed,
        class_names=("a", "b", "c"),
        targets=np.full(3, 1 / 3, np.float32),
        probabilities=shares[::-1],
        balanced_probabilities=shares,
        disagreement=np.round(generator.random(900) * levels).astype(np.float32),
        prior=np.full(3, 1 / 3, np.float32),
    )


@pytest.mark.parametrize("levels", [1, 4, 10**6])
@pytest.mark.parametrize("part", [7, 300, 2_000])
@pytest.mark.parametrize("count", [1, 40, 600, 1_000])
def test_walk__parts_do_not_matter(levels: int, part: int, count: int) -> None:
    state = pool(levels)
    rows = open_rows(state)
    scores: list[Score] = [small_margin, little_confidence, members_disagree, LikelyMember(1)]
    wishes = [Wish(score, count) for score in scores]
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    here = [top.best(one).tolist() for top in walk(state, rows, wishes)]
    there = [
        top.best(other).tolist() for top in walk(replace(state, elsewhere=InParts(state, part)), rows, wishes)
    ]
    assert here == there
    assert one.random() == other.random()


@pytest.mark.parametrize("name", ["prospect", "margin", "entropy", "least_confidence", "disagreement"])
def test_strategies__walk_where_the_answers_are(name: str) -> None:
    state = pool(50)
    here = strategies.get(name)(state, 60, np.random.default_rng(1))
    elsewhere = replace(state, elsewhere=InParts(state, 128))
    there = strategies.get(name)(elsewhere, 60, np.random.default_rng(1))
    assert here.indices.tolist() == there.indices.tolist()
    assert here.reasons == there.reasons
    assert np.array_equal(here.scores, there.scores)


def test_best_rows__highest_first_with_their_scores() -> None:
    state = pool(10**6)
    rows, scores = best_rows(state, open_rows(state), members_disagree, 5, np.random.default_rng(0))
    assert state.disagreement is not None
    assert scores.tolist() == np.sort(state.disagreement[~state.closed])[::-1][:5].tolist()
    assert np.array_equal(state.disagreement[rows], scores)


def test_likely_member__unsure_ones_first() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    balanced = np.array([[0.9, 0.1], [0.5, 0.5]], np.float32)
    scores = LikelyMember(0)(Answers(shares, balanced, np.zeros(2, np.float32)))
    assert scores[1] > scores[0] > 0
