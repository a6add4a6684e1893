"""States of a pool to ask peers with."""

from __future__ import annotations

from typing import cast

import numpy as np

from strategies.contract import FloatArray, PoolState


def make_state(items: int = 80, *, labelled: int = 12, classes: int = 3, sure: bool = False) -> PoolState:
    """Return a pool of clumps; with labels also a model's answer, certain of most items where it is `sure`."""
    generator = np.random.default_rng(0)
    truth = np.arange(items) % classes
    vectors = (generator.normal(size=(items, 4)) + 3 * truth[:, None]).astype(np.float32)
    labels = np.full(items, -1, np.int64)
    labels[:labelled] = truth[:labelled]
    state = PoolState(
        vectors=vectors,
        labels=labels,
        closed=labels >= 0,
        class_names=tuple(f"class {index}" for index in range(classes)),
        targets=np.full(classes, 1 / classes, np.float32),
    )
    if not labelled:
        return state
    answers = generator.dirichlet(np.full(classes, 0.5), items).astype(np.float32)
    if sure:
        answers[labelled + 4 :] = np.eye(classes, dtype=np.float32)[truth[labelled + 4 :]]
    return _answered(state, answers)


def _answered(state: PoolState, answers: FloatArray) -> PoolState:
    from dataclasses import replace

    return replace(
        state,
        probabilities=answers,
        balanced_probabilities=answers,
        disagreement=np.zeros(len(answers), np.float32),
        prior=cast(FloatArray, answers.mean(axis=0)),
    )
