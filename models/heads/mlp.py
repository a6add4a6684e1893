"""A network with one hidden layer: for classes that no plane separates, once there are labels enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from models.heads.contract import Progress, TrainedHead, TrainingSet, no_progress
from models.training import fit

if TYPE_CHECKING:
    from config.schema import HeadSection

HIDDEN = 32
"""Units in the hidden layer of each member."""

TOLERANCE = 1e-3
"""Looser than for logistic regression: the last steps only follow the labels' noise, and cost half the time."""


class MlpHead:
    """One hidden layer of smooth units (SiLU), then a linear map; members start apart and so end apart."""

    name = "mlp"

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
            self.name, initialise, self.forward, training,
            section=section, seed=seed, device=device, progress=progress, weights=weights, tolerance=TOLERANCE,
        )  # fmt: skip

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute logits.

        Args:
            tensors: `inner` (members, d, h), `inner_bias` (members, h), `outer` (members, h, k), `outer_bias`
                (members, k).
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32.
        """
        inner = tensors["inner"]
        members, dimensions, hidden = inner.shape
        side_by_side = inner.permute(1, 0, 2).reshape(dimensions, members * hidden)
        activity = (vectors @ side_by_side).view(len(vectors), members, hidden) + tensors["inner_bias"]
        activity = torch.nn.functional.silu(activity).permute(1, 0, 2)
        return torch.baddbmm(tensors["outer_bias"][:, None, :], activity, tensors["outer"])


def initialise(
    members: int, dimensions: int, classes: int, generator: torch.Generator
) -> dict[str, torch.Tensor]:
    """Make the parameters a training starts from: normal, scaled by the number of inputs (LeCun et al. 1998).

    Args:
        members: size of the ensemble.
        dimensions: length of a vector, d.
        classes: number of classes, k.
        generator: source of chance.

    Returns:
        The four tensors that `MlpHead.forward` reads.
    """
    inner = torch.empty(members, dimensions, HIDDEN).normal_(0.0, dimensions**-0.5, generator=generator)
    outer = torch.empty(members, HIDDEN, classes).normal_(0.0, HIDDEN**-0.5, generator=generator)
    return {
        "inner": inner,
        "inner_bias": torch.zeros(members, HIDDEN),
        "outer": outer,
        "outer_bias": torch.zeros(members, classes),
    }
