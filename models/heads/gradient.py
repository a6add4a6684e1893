"""What heads have in common that are trained by the steps of `models.training` and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import torch

from models.heads.contract import Progress, TrainedHead, TrainingSet, no_progress
from models.training import TOLERANCE, fit

if TYPE_CHECKING:
    from config.schema import HeadSection


class GradientHead(ABC):
    """A head that is its parameters at the start and its computation of logits; training does the rest.

    Attributes:
        name: the name in the registry of heads.
        tolerance: a member has converged once an epoch lowers its loss by less than this share.
    """

    name: str
    tolerance: ClassVar[float] = TOLERANCE

    @abstractmethod
    def initialise(
        self, members: int, dimensions: int, classes: int, generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        """Make the parameters a training starts from.

        Args:
            members: size of the ensemble.
            dimensions: length of a vector, d.
            classes: number of classes, k.
            generator: source of chance.

        Returns:
            The parameters by name, each with a leading axis of members.
        """

    @abstractmethod
    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute logits; see `models.heads.contract.Head.forward`.

        Args:
            tensors: the parameters.
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32.
        """

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
        """Train all members at once; see `models.heads.contract.Head.fit`.

        Args:
            training: the labels and their vectors.
            section: the head's settings.
            seed: of all chance.
            device: where to compute.
            progress: told the share done.
            weights: (members, m) float32; None draws a Bayesian bootstrap.
        """
        return fit(
            self.name, self.initialise, self.forward, training, section=section, seed=seed, device=device,
            progress=progress, weights=weights, tolerance=self.tolerance,
        )  # fmt: skip
