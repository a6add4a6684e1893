"""The model in a simulation's loop: goldpan's own heads, trained on the labels so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.simulation.pools import LabelledPool
from config.schema import HeadSection
from models.devices import choose_device, fixed_threads
from models.heads.contract import ClassNames, TrainedHead, TrainingSet, VectorScale
from models.heads.scaling import spaced_rows
from models.label_shares import label_shares
from models.learn import learn, train_head, wants_unlabelled
from models.scoring import PoolScores, member_probabilities, score_pool
from strategies.contract import FloatArray, IntArray

UNLABELLED_ROWS = 4_096
"""Most unlabelled items that a head learns from, evenly spaced."""


def fast_head() -> HeadSection:
    """Return the head a simulation uses unless told otherwise: one member, no cross-validation, on the processor."""
    return HeadSection(members=1, calibrate=False, device="cpu")


@dataclass(frozen=True)
class Model:
    """A trained head with its temperature.

    Attributes:
        trained: the head.
        temperature: what its logits are divided by.
    """

    trained: TrainedHead
    temperature: float

    def score(self, vectors: FloatArray) -> PoolScores:
        """Score all items of a pool, as a round does."""
        return score_pool(vectors, self.trained, temperature=self.temperature)

    def answer(self, vectors: FloatArray) -> IntArray:
        """Return (b,) int64: the class with the highest balanced probability for each row."""
        with fixed_threads():
            members = member_probabilities(vectors, self.trained, temperature=self.temperature)
        return np.asarray(members.mean(axis=0).argmax(axis=1), np.int64)


def train(
    vectors: FloatArray,
    labels: IntArray,
    *,
    class_count: int,
    section: HeadSection,
    scale: VectorScale,
    seed: int,
    pool: FloatArray | None = None,
    unlabelled: FloatArray | None = None,
    names: ClassNames | None = None,
) -> Model | None:
    """Train a head.

    Args:
        vectors: (m, d) float32 of the labelled items.
        labels: (m,) int64 class indices.
        class_count: k; may exceed the classes that have labels.
        section: the head's settings; cross-validated for a temperature only where it asks for calibration.
        scale: the pool's scale.
        seed: of all chance.
        pool: (n, d) float32; all items, where labels shall count by their share of them.
        unlabelled: (u, d) float32; items without a label, for heads that learn from them too.
        names: what the names of the classes teach; None where they are not known.

    Returns:
        The model; None while fewer than two classes have a label.

    Raises:
        models.errors.TrainingDivergedError: the loss became NaN twice.
        config.errors.UnknownNameError: there is no such head.
    """
    if np.unique(labels).size < 2:
        return None
    if not wants_unlabelled(section):
        unlabelled = None
    elif unlabelled is not None:
        unlabelled = unlabelled[spaced_rows(len(unlabelled), UNLABELLED_ROWS)]
    shares = label_shares(vectors, pool) if section.weigh_by_share and pool is not None else None
    training = TrainingSet(
        vectors, labels, class_count=class_count, scale=scale, unlabelled=unlabelled, name_points=names, shares=shares
    )  # fmt: skip
    device = choose_device(section.device)
    if section.calibrate:
        learned = learn(training, section=section, seed=seed, device=device)
        return Model(learned.trained, learned.temperature)
    return Model(train_head(training, section=section, seed=seed, device=device), 1.0)


def train_on_all(pool: LabelledPool, section: HeadSection, *, scale: VectorScale, seed: int) -> Model | None:
    """Train a head on the whole pool with its hidden truth: what labelling everything would give."""
    return train(
        pool.vectors, pool.truth, class_count=len(pool.class_names), section=section, scale=scale, seed=seed
    )
