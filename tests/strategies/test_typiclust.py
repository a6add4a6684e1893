from __future__ import annotations

from dataclasses import replace

import numpy as np

from strategies.contract import PoolState
from strategies.registry import strategies
from strategies.typiclust import typiclust
from tests.strategies.pools import cold_state, group_vectors, taught_state

SIZES = (300, 150, 80)


def group_of(rows: np.ndarray) -> list[int]:
    return np.repeat(np.arange(len(SIZES)), SIZES)[rows].tolist()


def rows_of(name: str, state: PoolState) -> list[int]:
    return strategies.get(name)(state, 9, np.random.default_rng(0)).indices.tolist()


def test_typiclust__without_a_model_one_item_of_every_group_the_largest_first() -> None:
    choice = typiclust(cold_state(group_vectors(SIZES)), 3, np.random.default_rng(0))
    assert group_of(choice.indices) == [0, 1, 2]
    assert choice.reasons[0] == "Typical of a group not shown before, about 57 % of the pool."


def test_typiclust__picks_lie_in_the_dense_middle_of_their_group() -> None:
    vectors = group_vectors(SIZES)
    for row in typiclust(cold_state(vectors), 3, np.random.default_rng(0)).indices[:2]:
        group = vectors[: SIZES[0]] if row < SIZES[0] else vectors[SIZES[0] : SIZES[0] + SIZES[1]]
        gaps = np.linalg.norm(group - group.mean(axis=0), axis=1)
        assert np.linalg.norm(vectors[row] - group.mean(axis=0)) < np.quantile(gaps, 0.25)


def test_typiclust__a_group_without_a_label_comes_before_one_with() -> None:
    state = cold_state(group_vectors(SIZES), names=("a",))
    labels = state.labels.copy()
    labels[[3, 310]] = 0
    choice = typiclust(replace(state, labels=labels, closed=labels >= 0), 1, np.random.default_rng(0))
    assert group_of(choice.indices) == [2]


def test_typiclust__stray_items_come_last() -> None:
    vectors = np.concatenate([group_vectors((200, 200)), np.full((1, 6), 500.0, np.float32)])
    choice = typiclust(cold_state(vectors), 3, np.random.default_rng(0))
    assert 400 not in choice.indices[:2]


def test_typiclust__does_not_look_at_margins() -> None:
    state = taught_state(group_vectors(SIZES))
    assert state.balanced_probabilities is not None
    turned = replace(state, balanced_probabilities=state.balanced_probabilities[::-1].copy())
    assert rows_of("typiclust", state) == rows_of("typiclust", turned)
    assert rows_of("margin", state) != rows_of("margin", turned)
