"""Evidential experts: how sure the head is, by how much evidence it has, fused expert by expert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from models.devices import fixed_threads
from models.heads.contract import Progress, TrainedHead, TrainingSet, no_progress
from models.heads.logistic import LogisticHead
from models.training import Loss, Prepared, assemble, begin, minimise, prepare

if TYPE_CHECKING:
    from config.schema import HeadSection

EXPERTS = 3
KL_WEIGHT = 0.01
"""Strength of the pull of evidence for wrong classes to nothing."""

DIVERSITY = 0.01
"""Strength of the push of an expert away from those before it."""

TOLERANCE = 1e-3
"""Looser than for logistic regression: the last steps change no answer, and cost half the time."""

HIGHEST = 12.0
"""Largest logarithm of evidence; beyond it only rounding grows."""


class EvidentialHead:
    """Trustworthy long-tailed classification (TLC; Li et al. 2022) on vectors.

    Each of three linear experts gives every class some evidence e, which with 1 added makes a Dirichlet
    distribution over the class probabilities. The experts are trained one after the other: a label counts for an
    expert as far as those before it are uncertain of its item, which is most for classes with few labels.
    Beliefs are fused by the rule of Dempster and Shafer. The logits are the logarithms of the fused expected
    probabilities. The imbalance's offset is added to the logarithm of the evidence while training.
    """

    name = "evidential"

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
        """Train all members at once, expert by expert; see `models.heads.contract.Head.fit`.

        Args:
            training: the labels and their vectors.
            section: the head's settings.
            seed: of all chance.
            device: where to compute.
            progress: told the share done.
            weights: (members, m) float32; None draws a Bayesian bootstrap.
        """
        prepared = prepare(training, section=section, seed=seed, device=device, weights=weights, soft=False)
        experts: list[dict[str, torch.Tensor]] = []
        with fixed_threads():
            for number in range(EXPERTS):
                start = begin(prepared, LogisticHead().initialise, seed=seed + number)
                experts.append(
                    minimise(
                        _engaged(prepared, experts), start, _loss(experts), section=section, tolerance=TOLERANCE,
                        progress=lambda share, text, done=number: progress((done + share) / EXPERTS, text),  # type: ignore[misc]
                    )
                )  # fmt: skip
        tensors = {key: torch.stack([each[key] for each in experts], dim=1) for key in experts[0]}
        tensors["present"] = (prepared.correction.mask == 0).to(torch.float32)
        return assemble(self.name, prepared, tensors, self.forward, section=section, seed=seed)

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute the logarithms of the fused expected probabilities.

        Args:
            tensors: `weight` (members, experts, d, k), `bias` (members, experts, k), `present` (members, k) 1 for a
                class the member saw labels of.
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32.
        """
        present = tensors["present"]
        opinions = [
            _opinion(_logits({key: tensors[key][:, number] for key in ("weight", "bias")}, vectors), present)
            for number in range(tensors["weight"].shape[1])
        ]
        belief, uncertainty = _fuse(opinions)
        share = uncertainty / present.sum(dim=1)[:, None]
        return torch.log((belief + share[..., None]).clamp_min(1e-30))


def _logits(tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
    return LogisticHead().forward(tensors, vectors)


def _opinion(logits: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return beliefs (M, b, k) and uncertainty (M, b); together they add up to 1."""
    evidence = torch.exp(logits.clamp_max(HIGHEST)) * present[:, None, :]
    classes = present.sum(dim=1)[:, None]
    strength = evidence.sum(dim=2) + classes
    return evidence / strength[..., None], classes / strength


def _fuse(opinions: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Combine opinions by Dempster and Shafer's reduced rule (Han et al. 2021)."""
    belief, unsure = opinions[0]
    for other, other_unsure in opinions[1:]:
        agreed = belief * other
        # what is left when beliefs in two different classes are struck out; above 0, as neither is ever certain
        left = 1.0 - (belief.sum(dim=2) * other.sum(dim=2) - agreed.sum(dim=2))
        belief = (agreed + belief * other_unsure[..., None] + other * unsure[..., None]) / left[..., None]
        unsure = unsure * other_unsure / left
    return belief, unsure


def _engaged(prepared: Prepared, experts: Sequence[Mapping[str, torch.Tensor]]) -> Prepared:
    """Weigh labels for the next expert by how uncertain those before it are of their items."""
    if not experts:
        return prepared
    correction = prepared.correction
    present = (correction.mask == 0).to(torch.float32)
    opinions = [_opinion(_logits(tensors, prepared.vectors), present) for tensors in experts]
    weights = correction.weights * _fuse(opinions)[1]
    weights = weights / weights.mean(dim=1, keepdim=True).clamp_min(1e-12)
    return replace(prepared, correction=replace(correction, weights=weights))


def _loss(experts: Sequence[Mapping[str, torch.Tensor]]) -> Loss:
    def loss(
        tensors: Mapping[str, torch.Tensor],
        vectors: torch.Tensor,
        one_hot: torch.Tensor,
        weights: torch.Tensor,
        offset: torch.Tensor,
    ) -> torch.Tensor:
        present = (offset > -1e3).to(torch.float32)
        classes = present.sum(dim=1, keepdim=True)
        shift = (offset + classes.log()) * present  # 0 for every class where all have as many labels
        logits = _logits(tensors, vectors)
        alpha = torch.exp((logits + shift[:, None, :]).clamp_max(HIGHEST)) * present[:, None, :] + 1.0
        strength = (alpha * present[:, None, :]).sum(dim=2)
        fit = strength.log() - (alpha * one_hot).sum(dim=2).log()
        each = fit + KL_WEIGHT * _divergence(alpha * (1 - one_hot) + one_hot, present)
        if experts:
            each = each - DIVERSITY * _distance(logits, experts, vectors, present)
        return (each * weights).sum(dim=1)

    return loss


def _divergence(alpha: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Return (M, b) how far Dirichlet distributions are from the even one, by Kullback and Leibler."""
    seen = present[:, None, :]
    strength = (alpha * seen).sum(dim=2)
    gap = (torch.digamma(alpha) - torch.digamma(strength)[..., None]) * (alpha - 1.0) * seen
    even = torch.lgamma(present.sum(dim=1))[:, None]
    return torch.lgamma(strength) - even - (torch.lgamma(alpha) * seen).sum(dim=2) + gap.sum(dim=2)


def _distance(
    logits: torch.Tensor,
    experts: Sequence[Mapping[str, torch.Tensor]],
    vectors: torch.Tensor,
    present: torch.Tensor,
) -> torch.Tensor:
    """Return (M, b) how far the softmax of an expert is from the mean of those before it."""
    mask = torch.log(present.clamp_min(1e-30))[:, None, :]
    own = torch.log_softmax(logits + mask, dim=2)
    with torch.no_grad():
        others = [torch.softmax(_logits(each, vectors) + mask, dim=2) for each in experts]
        mean = torch.stack(others).mean(dim=0).clamp_min(1e-12).log()
    return (own.exp() * (own - mean) * present[:, None, :]).sum(dim=2)
