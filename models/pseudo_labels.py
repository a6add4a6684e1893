"""Pseudo-labels: unlabelled items whose class the head is sure of, as many for each class, far from one another.

Lee 2013, "Pseudo-label", with what later work found to matter: thresholds for each class (Zhang et al. 2021,
"FlexMatch"), as many for each class (Wei et al. 2021, "CReST"), and spread, since a hundred copies of what is known
teach nothing. Sure means sure in the pool: the class's share of the pool is in the answer, so that a class of one
item in a hundred needs a hundred times the evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.devices import fixed_threads
from models.extensions import Weighted, add_rows
from models.heads.contract import Head, TrainingSet
from models.heads.scaling import spaced_rows
from models.prior import PSEUDO_HIGH, PSEUDO_LOW, run_em

if TYPE_CHECKING:
    from config.schema import HeadSection

Probabilities = npt.NDArray[np.float64]

SURE = 0.9
"""Least calibrated probability, in the pool, of the class given."""

PER_LABEL = 0.5
"""Pseudo-labels of each class, as a share of the mean number of labels of a class; at least one."""

SHORTLIST = 10
"""Of each class the surest are looked at, this many for each one chosen, and the farthest apart of them taken."""

WEIGHT = 0.5
"""How much a pseudo-label counts beside a label."""

ROWS, ENTRIES = 2000, 4_000_000
"""Most unlabelled vectors looked at, and most probabilities held at once, members and classes together."""


class PseudoLabels:
    """An extension (`models.extensions.Extension`) that learns in two passes: labels, then what they made sure."""

    def __init__(
        self, head: Head, *, section: HeadSection, seed: int, device: torch.device, temperature: float
    ) -> None:
        """Make the extension.

        Args:
            head: what the first pass trains.
            section: its settings.
            seed: of the first pass.
            device: where to compute.
            temperature: what its logits are divided by before they count as sure.
        """
        self._head, self._section, self._seed = head, section, seed
        self._device, self._temperature = device, temperature

    def __call__(self, training: TrainingSet, weights: torch.Tensor, *, alone: bool) -> Weighted:
        """Add pseudo-labels; see `models.extensions.Extension`. Alone, each member gets those it made itself.

        Args:
            training: the labels, their vectors, and unlabelled vectors; without these nothing is added.
            weights: (members, m).
            alone: whether each member is a model of its own.
        """
        if training.unlabelled is None or not len(training.unlabelled):
            return training, weights
        vectors = _looked_at(training, len(weights))
        balanced = self._answers(training, weights, vectors)
        if not alone:
            balanced = balanced.mean(axis=0, keepdims=True)
        seen = [training.labels[row > 0] for row in weights.cpu().numpy()]
        groups = seen if alone else [np.concatenate(seen)]
        chosen = [
            choose(vectors, self._in_pool(own, labels, training), _quota(training))
            for own, labels in zip(balanced, groups, strict=True)
        ]
        return _add(training, weights, vectors, chosen)

    def _answers(
        self, training: TrainingSet, weights: torch.Tensor, vectors: npt.NDArray[np.float32]
    ) -> Probabilities:
        """Return (members, u, k) what a head trained on the labels alone answers, prior taken out."""
        trained = self._head.fit(
            training, section=self._section, seed=self._seed, device=self._device, weights=weights
        )
        with fixed_threads(), torch.inference_mode():
            logits = trained.logits(torch.from_numpy(vectors).to(self._device)) / self._temperature
            return torch.softmax(logits, dim=2).cpu().numpy().astype(np.float64)

    def _in_pool(
        self, balanced: Probabilities, labels: npt.NDArray[np.int64], training: TrainingSet
    ) -> Probabilities:
        """Return (u, k) the probabilities with the pool's class shares in them."""
        counts = np.bincount(labels, minlength=training.class_count)
        present = counts > 0
        if self._section.imbalance != "none":
            pseudo = float(np.clip(0.2 * present.sum() / len(labels), PSEUDO_LOW, PSEUDO_HIGH))
            shares = run_em(balanced[None], present=present, pseudo=pseudo)[0]
        else:
            shares = counts / len(labels)
        joint = balanced * shares
        return np.asarray(joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300))


def choose(
    vectors: npt.NDArray[np.float32], probabilities: Probabilities, quota: int
) -> list[tuple[int, int]]:
    """Choose pseudo-labels.

    Args:
        vectors: (u, d) unlabelled.
        probabilities: (u, k) in the pool, calibrated.
        quota: how many of each class at most.

    Returns:
        (row, class index) pairs in the order of the classes; of each class no more than the quota, each surer
        than `SURE` and than half of those the head gives that class.
    """
    best, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen: list[tuple[int, int]] = []
    for index in np.unique(best):
        rows = np.flatnonzero(best == index)
        threshold = max(SURE, float(np.median(sureness[rows])))
        rows = rows[sureness[rows] >= threshold]
        rows = rows[np.argsort(-sureness[rows], kind="stable")][: SHORTLIST * quota]
        chosen += [(int(rows[place]), int(index)) for place in _farthest_first(vectors[rows], quota)]
    return chosen


def _farthest_first(vectors: npt.NDArray[np.float32], wanted: int) -> list[int]:
    """Return places of vectors: the first, then each time the one farthest from those taken (Gonzalez 1985)."""
    if not len(vectors):
        return []
    taken = [0]
    gaps = np.square(vectors - vectors[0]).sum(axis=1)
    while len(taken) < min(wanted, len(vectors)) and gaps.max() > 0:
        taken.append(int(gaps.argmax()))
        gaps = np.minimum(gaps, np.square(vectors - vectors[taken[-1]]).sum(axis=1))
    return taken


def _quota(training: TrainingSet) -> int:
    counts = training.label_counts
    return max(1, round(PER_LABEL * float(counts[counts > 0].mean())))


def _looked_at(training: TrainingSet, members: int) -> npt.NDArray[np.float32]:
    assert training.unlabelled is not None
    most = max(1, min(ROWS, ENTRIES // (members * training.class_count)))
    return np.asarray(training.unlabelled[spaced_rows(len(training.unlabelled), most)], dtype=np.float32)


def _add(
    training: TrainingSet,
    weights: torch.Tensor,
    vectors: npt.NDArray[np.float32],
    chosen: list[list[tuple[int, int]]],
) -> Weighted:
    """Add every pair that somebody chose; it counts for who chose it."""
    pairs = sorted({pair for own in chosen for pair in own})
    if not pairs:
        return training, weights
    places = {pair: number for number, pair in enumerate(pairs)}
    counts = np.zeros((len(chosen), len(pairs)), dtype=np.float32)
    for number, own in enumerate(chosen):
        counts[number, [places[pair] for pair in own]] = WEIGHT
    added = torch.from_numpy(counts).expand(len(weights), -1)
    rows, labels = np.array(pairs, dtype=np.int64).T
    return add_rows(training, weights, vectors[rows], labels, added)
