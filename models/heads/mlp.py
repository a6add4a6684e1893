"""A network with one hidden layer: for classes that no plane separates, once there are labels enough."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from models.heads.gradient import GradientHead

HIDDEN = 32
"""Units in the hidden layer of each member."""

TOLERANCE = 1e-3
"""Looser than for logistic regression: the last steps only follow the labels' noise, and cost half the time."""


class MlpHead(GradientHead):
    """One hidden layer of smooth units (SiLU), then a linear map; members start apart and so end apart."""

    name = "mlp"
    tolerance = TOLERANCE

    def initialise(
        self, members: int, dimensions: int, classes: int, generator: torch.Generator
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
