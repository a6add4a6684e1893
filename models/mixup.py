"""Mixtures of rare classes' vectors with those of frequent ones, labelled as the rare class (Remix).

Zhang et al. 2018, "mixup: beyond empirical risk minimization", in the form of Chou et al. 2020, "Remix: rebalanced
mixup": where one class has several times the labels of the other, the mixture counts as the rarer, which moves
the boundary away from it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from models.extensions import Weighted, add_rows
from models.heads.contract import TrainingSet

RATIO = 2.0
"""How many times the labels of the rare class a partner's class must have."""

MOST_EACH = 3
"""Mixtures made of one label at most."""

OTHER_SHARE = 0.5
"""The largest share of the partner in a mixture; the share is drawn evenly from 0 to this."""


class Mixup:
    """An extension (`models.extensions.Extension`) that fills rare classes up towards the mean count."""

    def __init__(self, *, seed: int) -> None:
        """Make the extension.

        Args:
            seed: of the pairs and their shares; the same labels give the same mixtures.
        """
        self._seed = seed

    def __call__(self, training: TrainingSet, weights: torch.Tensor, *, alone: bool) -> Weighted:
        """Add mixtures; see `models.extensions.Extension`. A mixture counts for members that see both its labels.

        Args:
            training: the labels and their vectors; not changed.
            weights: (members, m).
            alone: makes no difference.
        """
        rare, other, shares = draw_pairs(training.labels, training.label_counts, seed=self._seed)
        if not len(rare):
            return training, weights
        vectors = training.vectors.astype(np.float32)
        mixed = vectors[rare] + shares[:, None] * (vectors[other] - vectors[rare])
        added = weights[:, rare] * (weights[:, other] > 0)
        return add_rows(training, weights, mixed, training.labels[rare], added)


def draw_pairs(
    labels: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], *, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Choose which labels are mixed.

    Args:
        labels: (m,) class indices.
        counts: (k,) labels of each class.
        seed: of all chance.

    Returns:
        (a,) rows of rare classes, (a,) rows of their partners, (a,) the partners' shares. Empty where no class is rare.
    """
    generator = np.random.default_rng([seed, 7])
    mean = counts[counts > 0].mean()
    rare, other = [], []
    for index in np.flatnonzero((counts > 0) & (counts < mean)):
        own = np.flatnonzero(labels == index)
        partners = np.flatnonzero(counts[labels] >= RATIO * counts[index])
        wanted = min(round(mean) - len(own), MOST_EACH * len(own))
        if wanted > 0 and len(partners):
            rare.append(np.resize(generator.permutation(own), wanted))
            other.append(generator.choice(partners, size=wanted))
    if not rare:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0, dtype=np.float32)
    first, second = np.concatenate(rare), np.concatenate(other)
    return first, second, generator.uniform(0.0, OTHER_SHARE, len(first)).astype(np.float32)
