"""Small real pools of vectors for the tests of strategies: Gaussian groups, with or without a model's answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from strategies.contract import PoolState


def group_vectors(sizes: tuple[int, ...], *, dimensions: int = 6, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return Gaussian groups of the given sizes, far apart, in order of the groups."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(len(sizes), dimensions)) * 12
    rows = np.repeat(np.arange(len(sizes)), sizes)
    return (centres[rows] + generator.normal(size=(rows.size, dimensions))).astype(np.float32)


def cold_state(vectors: npt.NDArray[np.floating], *, names: tuple[str, ...] = ()) -> PoolState:
    """Return a pool without labels or model, with the given class names."""
    return PoolState(
        vectors=vectors,
        labels=np.full(vectors.shape[0], -1, np.int64),
        closed=np.zeros(vectors.shape[0], np.bool_),
        class_names=names,
        targets=np.full(len(names), 1 / max(len(names), 1), np.float32),
    )


def taught_state(
    vectors: npt.NDArray[np.floating], *, names: tuple[str, ...] = ("star", "galaxy", "quasar"), seed: int = 0
) -> PoolState:
    """Return a pool with one label for each class in five and a model's answer drawn at random."""
    generator = np.random.default_rng(seed)
    items, classes = vectors.shape[0], len(names)
    state = cold_state(vectors, names=names)
    labels = state.labels.copy()
    labelled = generator.permutation(items)[: min(5 * classes, items // 2)]
    labels[labelled] = np.arange(labelled.size) % classes
    balanced = generator.dirichlet(np.full(classes, 0.5), items).astype(np.float32)
    prior = np.linspace(1, 3, classes, dtype=np.float32)
    prior /= prior.sum()
    joint = balanced * prior
    return replace(
        state,
        labels=labels,
        closed=labels >= 0,
        probabilities=joint / joint.sum(1, keepdims=True),
        balanced_probabilities=balanced,
        disagreement=np.asarray(generator.random(items), np.float32),
        prior=prior,
    )


def members_state(
    vectors: npt.NDArray[np.floating], *, names: tuple[str, ...] = ("star", "galaxy", "quasar"), seed: int = 0
) -> PoolState:
    """Return a taught pool whose model's answer is the mean of five members' answers, kept on most rows."""
    state = taught_state(vectors, names=names, seed=seed)
    generator = np.random.default_rng(seed + 1)
    items, classes = vectors.shape[0], len(names)
    common = generator.normal(size=(1, items, classes)) * 2
    logits = common + generator.normal(size=(5, items, classes)) * generator.random((1, items, 1)) * 2
    answers = np.exp(logits - logits.max(axis=2, keepdims=True))
    answers /= answers.sum(axis=2, keepdims=True)
    balanced = answers.mean(axis=0)
    own = -(answers * np.log(answers)).sum(axis=2).mean(axis=0)
    together = -(balanced * np.log(balanced)).sum(axis=1)
    joint = balanced * state.prior
    rows = np.sort(generator.permutation(items)[: max(1, items - items // 8)]).astype(np.int64)
    return replace(
        state,
        probabilities=(joint / joint.sum(axis=1, keepdims=True)).astype(np.float32),
        balanced_probabilities=balanced.astype(np.float32),
        disagreement=np.maximum(together - own, 0).astype(np.float32),
        member_rows=rows,
        member_probabilities=answers[:, rows].astype(np.float32),
    )


def answered_state(
    vectors: npt.NDArray[np.floating],
    shares: npt.ArrayLike,
    *,
    labels: dict[int, int] | None = None,
) -> PoolState:
    """Return a pool with the given class probabilities (the same with and without the prior) and row → label."""
    answer = np.asarray(shares, np.float32)
    given = np.full(vectors.shape[0], -1, np.int64)
    for row, label in (labels or {}).items():
        given[row] = label
    return replace(
        cold_state(vectors, names=tuple(f"class {index}" for index in range(answer.shape[1]))),
        labels=given,
        closed=given >= 0,
        probabilities=answer,
        balanced_probabilities=answer,
        disagreement=np.zeros(vectors.shape[0], np.float32),
        prior=answer.mean(axis=0),
    )
