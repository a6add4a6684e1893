"""Multinomial logistic regression: the head for few labels."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from models.heads.gradient import GradientHead


class LogisticHead(GradientHead):
    """A linear map from vector to logits with a penalty on the squared weights.

    The loss is convex, so that members differ by their bootstrap weights alone once they have converged. The
    bias is penalised like the weights: it starts at the prior (see `models.losses`) and is drawn back there.
    """

    name = "logistic"

    def initialise(
        self, members: int, dimensions: int, classes: int, generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        """Make the parameters a training starts from: small random weights, no bias.

        Args:
            members: size of the ensemble.
            dimensions: length of a vector, d.
            classes: number of classes, k.
            generator: source of chance.

        Returns:
            `weight` (members, d, k) and `bias` (members, k).
        """
        weight = torch.empty(members, dimensions, classes).normal_(0.0, 0.01, generator=generator)
        return {"weight": weight, "bias": torch.zeros(members, classes)}

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute logits, one matrix product for all members.

        Args:
            tensors: `weight` (members, d, k) and `bias` (members, k).
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32.
        """
        weight, bias = tensors["weight"], tensors["bias"]
        members, dimensions, classes = weight.shape
        side_by_side = weight.permute(1, 0, 2).reshape(dimensions, members * classes)
        logits = (vectors @ side_by_side).view(len(vectors), members, classes) + bias
        return logits.permute(1, 0, 2)
