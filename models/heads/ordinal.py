"""Ordered classes: one direction through the vectors, cut into the classes in their given order."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn.functional import logsigmoid, softplus

from models.heads.gradient import GradientHead

NARROWEST = 1e-4
"""Least distance between two cuts, so that the logarithm of what lies between stays finite."""


class OrdinalHead(GradientHead):
    """Cumulative logits with proportional odds (McCullagh 1980, "Regression models for ordinal data").

    P(class ≤ j) is the logistic function of cut j minus a linear score. The logits are the logarithms of the
    probabilities between the cuts, so that imbalance is corrected as for any head. The order of the classes is
    that of the configuration.
    """

    name = "ordinal"

    def initialise(
        self, members: int, dimensions: int, classes: int, generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        """Make the parameters a training starts from: hardly any direction, cuts that give every class the same.

        Args:
            members: size of the ensemble.
            dimensions: length of a vector, d.
            classes: number of classes, k.
            generator: source of chance.

        Returns:
            The three tensors that `OrdinalHead.forward` reads; cuts as differences from even ones.
        """
        weight = torch.empty(members, dimensions).normal_(0.0, 0.01, generator=generator)
        return {
            "weight": weight,
            "first": torch.zeros(members, 1),
            "gaps": torch.zeros(members, classes - 2),
        }

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute the logarithms of the classes' probabilities.

        Args:
            tensors: `weight` (members, d), `first` (members, 1), `gaps` (members, k - 2).
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32.
        """
        score = (vectors @ tensors["weight"].T).T[:, :, None]
        widths = _widths(tensors["gaps"])
        first = tensors["first"] + _even_cuts(widths.shape[1] + 2)[0].to(score)
        cuts = torch.cat([first, first + widths.cumsum(dim=1)], dim=1)[:, None, :]
        below, above = logsigmoid(cuts - score), logsigmoid(score - cuts)
        # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)), which does not cancel
        between = below[..., 1:] + above[..., :-1] + torch.log(-torch.expm1(-widths))[:, None, :]
        return torch.cat([below[..., :1], between, above[..., -1:]], dim=2)


def _widths(gaps: torch.Tensor) -> torch.Tensor:
    even = torch.diff(_even_cuts(gaps.shape[1] + 2)).to(gaps)
    return softplus(gaps + torch.log(torch.expm1(even))) + NARROWEST


def _even_cuts(classes: int) -> torch.Tensor:
    """Return (k - 1,) the cuts between which each class has the same probability at score 0."""
    return torch.logit(torch.arange(1, classes, dtype=torch.float64) / classes)
