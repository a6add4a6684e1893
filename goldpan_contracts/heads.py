"""What every head keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from config.schema import HeadSection
from goldpan_contracts.errors import require, told
from goldpan_contracts.pools import group_vectors
from models.heads.contract import Head, TrainedHead, TrainingSet

_CPU = torch.device("cpu")
_LEAST = 0.8


def check_head(head: Head | type, *, section: HeadSection | None = None) -> None:
    """Check that a head keeps the contract of `models.heads.contract`.

    Args:
        head: an instance, or its class.
        section: settings to try it with; three members if None.

    Raises:
        ContractBrokenError: a promise is not kept.
    """
    made: Any = head() if isinstance(head, type) else head
    settings = section or HeadSection(members=3)
    vectors, labels = _labelled()
    training = TrainingSet(vectors, labels, 3)
    called = f"the head {made.name!r}"
    trained = _fit(made, training, settings, seed=1, where=called)
    _right_shape(trained, training, settings, called)
    _learns(trained, vectors, labels, called)
    _repeats(made, trained, training, settings, called)
    _rows_alone(trained, vectors, called)
    _unknown_class(made, vectors, labels, settings, called)
    _weights(made, training, settings, called)


def _labelled() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    vectors = group_vectors((20, 15, 10))
    labels = np.repeat(np.arange(3), (20, 15, 10)).astype(np.int64)
    order = np.random.default_rng(0).permutation(len(labels))
    return vectors[order], labels[order]


def _fit(
    head: Head,
    training: TrainingSet,
    section: HeadSection,
    *,
    seed: int,
    where: str,
    weights: torch.Tensor | None = None,
) -> TrainedHead:
    with told(f"{where}, fit"):
        return head.fit(training, section=section, seed=seed, device=_CPU, weights=weights)


def _logits(trained: TrainedHead, vectors: npt.NDArray[np.float32], where: str) -> torch.Tensor:
    with told(f"{where}, logits"):
        return trained.logits(torch.from_numpy(vectors))


def _right_shape(trained: TrainedHead, training: TrainingSet, section: HeadSection, where: str) -> None:
    found = _logits(trained, training.vectors.astype(np.float32), where)
    wanted = (section.members, len(training.labels), training.class_count)
    require(tuple(found.shape) == wanted, f"{where}: logits are {wanted}, got {tuple(found.shape)}")
    require(found.dtype == torch.float32, f"{where}: logits are float32, got {found.dtype}")
    require(bool(torch.isfinite(found).all()), f"{where}: logits are finite numbers")


def _learns(
    trained: TrainedHead, vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], where: str
) -> None:
    shares = torch.softmax(_logits(trained, vectors, where), dim=2).mean(dim=0)
    right = float((shares.argmax(dim=1).numpy() == labels).mean())
    require(right >= _LEAST, f"{where}: groups far apart are told apart, {right:.0%} were")


def _repeats(
    head: Head, trained: TrainedHead, training: TrainingSet, section: HeadSection, where: str
) -> None:
    before = training.vectors.copy(), training.labels.copy()
    torch.manual_seed(9)
    again = _fit(head, training, section, seed=1, where=where)
    same = trained.tensors.keys() == again.tensors.keys() and all(
        torch.equal(trained.tensors[name], again.tensors[name]) for name in trained.tensors
    )
    require(same, f"{where}: the same seed gives the same parameters, whatever torch's own seed is")
    kept = np.array_equal(before[0], training.vectors) and np.array_equal(before[1], training.labels)
    require(kept, f"{where}: labels and vectors are left unchanged")


def _rows_alone(trained: TrainedHead, vectors: npt.NDArray[np.float32], where: str) -> None:
    whole = _logits(trained, vectors, where)
    parts = torch.cat(
        [_logits(trained, vectors[start : start + 7], where) for start in range(0, len(vectors), 7)], 1
    )
    require(torch.allclose(whole, parts, atol=1e-4), f"{where}: an answer depends on its own row alone")


def _unknown_class(
    head: Head,
    vectors: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    section: HeadSection,
    where: str,
) -> None:
    known = labels != 2
    trained = _fit(head, TrainingSet(vectors[known], labels[known], 3), section, seed=1, where=where)
    shares = torch.softmax(_logits(trained, vectors, where), dim=2)
    require(float(shares[:, :, 2].max()) == 0.0, f"{where}: a class without labels has the probability 0")


def _weights(head: Head, training: TrainingSet, section: HeadSection, where: str) -> None:
    weights = torch.ones(2, len(training.labels))
    trained = _fit(head, training, section, seed=1, where=where, weights=weights)
    require(trained.members == 2, f"{where}: two rows of weights make two members, got {trained.members}")
