"""A walk over a model's answers that keeps the best few rows by one or several scores, wherever the answers lie.

Where they lie in parts on other machines, the scores are made there and only the best rows of each part come back;
what is found, and what is drawn among equals, is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strategies.contract import FloatArray, IntArray, PoolState
from strategies.ranking import TopRows, margins, row_parts


@dataclass(frozen=True)
class Answers:
    """What a model says of b items.

    Attributes:
        probabilities: (b, k) float32; under the pool's class shares.
        balanced_probabilities: (b, k) float32; with the class prior taken out.
        disagreement: (b,) float32.
    """

    probabilities: FloatArray
    balanced_probabilities: FloatArray
    disagreement: FloatArray


Score = Callable[[Answers], npt.NDArray[np.floating]]
"""(b,) finite scores of b items, each from its own answers alone. It is sent to other machines by its name: a function
of a module, or an instance of a class of one."""


@dataclass(frozen=True)
class Wish:
    """What a walk is to find.

    Attributes:
        score: by what.
        count: how many rows of the highest scores.
    """

    score: Score
    count: int


def answers_at(state: PoolState, rows: IntArray) -> Answers:
    """Return the model's answers on some rows.

    Args:
        state: the pool, with a model's answer.
        rows: (b,) rows.
    """
    assert state.probabilities is not None
    assert state.balanced_probabilities is not None
    assert state.disagreement is not None
    return Answers(state.probabilities[rows], state.balanced_probabilities[rows], state.disagreement[rows])


def walk(state: PoolState, rows: IntArray, wishes: Sequence[Wish]) -> list[TopRows]:
    """Return the best of some rows for each wish, from one walk over the answers.

    Args:
        state: the pool, with a model's answer.
        rows: (m,) rows to choose from, ascending.
        wishes: what is to be found.

    Returns:
        One for each wish; positions in it are positions in `rows`.
    """
    if state.elsewhere is not None:
        return list(state.elsewhere.walk(rows, wishes))
    tops = [TopRows(wish.count) for wish in wishes]
    for part in row_parts(rows):
        answers = answers_at(state, part)
        for wish, top in zip(wishes, tops, strict=True):
            top.add(wish.score(answers))
    return tops


def best_rows(
    state: PoolState, rows: IntArray, score: Score, count: int, generator: np.random.Generator
) -> tuple[IntArray, npt.NDArray[np.floating]]:
    """Return the rows of the highest scores, best first, and their scores.

    Args:
        state: the pool, with a model's answer.
        rows: (m,) rows to choose from, ascending.
        score: by what.
        count: how many; all when there are fewer.
        generator: draws the order among equals.
    """
    (top,) = walk(state, rows, [Wish(score, count)])
    best = rows[top.best(generator)]
    return best, score(answers_at(state, best))


def small_margin(answers: Answers) -> npt.NDArray[np.floating]:
    """Return how close the two likeliest classes are, the class prior taken out; from 0 to 1."""
    return 1.0 - margins(answers.balanced_probabilities)


def little_confidence(answers: Answers) -> npt.NDArray[np.floating]:
    """Return how unlikely the likeliest class is, the class prior taken out; from 0 to 1."""
    return 1.0 - answers.balanced_probabilities.max(axis=1)


def members_disagree(answers: Answers) -> FloatArray:
    """Return how much the members of the ensemble disagree, in nats."""
    return answers.disagreement


@dataclass(frozen=True)
class LikelyMember:
    """Scores items that may well be of a class, and that the model is not sure of yet.

    Attributes:
        class_index: the class.
    """

    class_index: int

    def __call__(self, answers: Answers) -> npt.NDArray[np.floating]:
        """Return the score of each item, at least 0."""
        chance = answers.probabilities[:, self.class_index]
        unsure = 1.0 - answers.balanced_probabilities[:, self.class_index]
        return np.sqrt(np.maximum(chance, 0.0)) * unsure
