"""Any classifier on the list of `models.heads.estimators` as a head, stored as its labels and refitted on loading."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from models.devices import fixed_threads
from models.heads.contract import Progress, TrainedHead, TrainingSet, no_progress
from models.training import assemble, prepare

if TYPE_CHECKING:
    from config.schema import HeadSection
    from models.heads.estimators import FittedMember

KEPT = 4
"""Fitted ensembles kept in memory; a round needs two, that of all labels and that of the folds."""


class SklearnHead:
    """A classifier of scikit-learn; members differ by their weights of the labels and their seed.

    A fitted forest is no tensor, and pickles are not read. So the tensors are what it was fitted on, the scaled
    vectors, labels, weights and the seed, and whoever loads them fits it again, to the same bits with the same
    version of scikit-learn. What was fitted is kept in memory by the content of its tensors.
    """

    name = "sklearn"

    def __init__(self) -> None:
        """Start without anything fitted."""
        self._fitted: OrderedDict[bytes, list[FittedMember]] = OrderedDict()

    def fit(
        self,
        training: TrainingSet,
        *,
        section: HeadSection,
        seed: int,
        device: torch.device,
        progress: Progress = no_progress,
        weights: torch.Tensor | None = None,
    ) -> TrainedHead:
        """Fit all members one after the other; see `models.heads.contract.Head.fit`.

        Args:
            training: the labels and their vectors.
            section: the head's settings; `estimator` names the classifier. Optimiser, epochs, learning rate and
                weight decay have no meaning here.
            seed: of all chance.
            device: where the tensors are; scikit-learn computes on the cpu.
            progress: told the share done.
            weights: (members, m) float32; None draws a Bayesian bootstrap.
        """
        balanced = section.model_copy(update={"imbalance": "none"})  # each member balances its own weights
        prepared = prepare(training, section=balanced, seed=seed, device=device, weights=weights, soft=False)
        tensors = {
            "vectors": prepared.vectors,
            "labels": torch.from_numpy(training.labels.astype(np.int64)).to(device),
            "weights": prepared.correction.weights,
            "estimator": torch.tensor(list(section.estimator.encode()), dtype=torch.uint8, device=device),
            "balanced": torch.tensor(section.imbalance != "none", device=device),
            "seed": torch.tensor(seed, device=device),
            "classes": torch.tensor(training.class_count, device=device),
        }
        self._members(tensors, progress)
        return assemble(self.name, prepared, tensors, self.forward, section=section, seed=seed)

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute logits with the class prior taken out.

        Args:
            tensors: `vectors` (m, d), `labels` (m,), `weights` (members, m), `estimator` its name as bytes, and the
                numbers `balanced`, `seed`, `classes`.
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32, on the device of the vectors.
        """
        members = self._members(tensors, no_progress)
        given = vectors.detach().cpu().numpy()
        with threadpool_limits(1):
            found = np.stack([member.logits(given, int(tensors["classes"])) for member in members])
        return torch.from_numpy(found).to(vectors.device)

    def _members(self, tensors: Mapping[str, torch.Tensor], progress: Progress) -> list[FittedMember]:
        key = _content(tensors)
        if key not in self._fitted:
            with fixed_threads(), threadpool_limits(1):
                self._fitted[key] = _fit_members(tensors, progress)
            while len(self._fitted) > KEPT:
                self._fitted.popitem(last=False)
        self._fitted.move_to_end(key)
        progress(1.0, "training")
        return self._fitted[key]


def _fit_members(tensors: Mapping[str, torch.Tensor], progress: Progress) -> list[FittedMember]:
    from models.heads.estimators import fit_member  # scikit-learn takes seconds to import

    name = bytes(tensors["estimator"].tolist()).decode()
    vectors, labels = tensors["vectors"].cpu().numpy(), tensors["labels"].cpu().numpy()
    rows = tensors["weights"].cpu().numpy().astype(np.float64)
    balanced, seed = bool(tensors["balanced"]), int(tensors["seed"])
    members = []
    for number, weights in enumerate(rows):
        own_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        members.append(fit_member(name, vectors, labels, weights, balanced=balanced, seed=own_seed))
        progress((number + 1) / len(rows), "training")
    return members


def _content(tensors: Mapping[str, torch.Tensor]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()
