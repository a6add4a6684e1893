"""Losses of a whole ensemble at once, and how they correct for classes of unequal number.

* `logit_adjustment`: the log of each class's share among the labels is added to the logits while training
  (Menon et al. 2021, "Long-tail learning via logit adjustment", tau = 1), so that the logits themselves carry
  no prior.
* `balanced_softmax` (Ren et al. 2020, "Balanced meta-softmax for long-tailed visual recognition") adds the log of
  each class's count. Counts and shares differ by one constant for all classes, which a softmax does not see: it
  is another name for the same thing.
* `balanced_weights`: every class weighs the same in the loss.
* `none`: trained like logit adjustment, where the shares added are the bias at its start; the shares stay
  part of the answer, since they are taken to be those of the pool (`TrainedHead.corrected`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.heads.contract import IMBALANCES, MASKED_LOGIT


@dataclass(frozen=True)
class Correction:
    """What the correction of imbalance does to a loss. M members, m labels, k classes.

    Attributes:
        offset: (M, k) float32; added to the logits while training.
        weights: (M, m) float32; how much each label counts; each row adds up to m.
        mask: (M, k) float32; 0 for a class the member has labels of, `MASKED_LOGIT` for another.
    """

    offset: torch.Tensor
    weights: torch.Tensor
    mask: torch.Tensor


def correct_imbalance(kind: str, *, one_hot: torch.Tensor, weights: torch.Tensor) -> Correction:
    """Work out the offsets and weights that correct for imbalance.

    Args:
        kind: one of `IMBALANCES`.
        one_hot: (m, k) float32; 1 where label i is of class j.
        weights: (M, m) float32, not negative, some greater than 0 in each row.

    Raises:
        ValueError: the kind is unknown.
    """
    if kind not in IMBALANCES:
        raise ValueError(f"unknown imbalance {kind!r}; known are {', '.join(IMBALANCES)}")
    weights = weights / weights.mean(dim=1, keepdim=True)
    sums = weights @ one_hot
    seen = sums > 0
    mask = torch.where(seen, 0.0, MASKED_LOGIT)
    if kind == "balanced_weights":
        each = one_hot.shape[0] / seen.sum(dim=1, keepdim=True)
        factors = torch.where(seen, each / sums.clamp_min(1e-12), 0.0)
        return Correction(offset=mask, weights=weights * (factors @ one_hot.T), mask=mask)
    shares = sums / one_hot.shape[0]
    offset = torch.where(seen, shares.clamp_min(1e-12).log(), MASKED_LOGIT)
    return Correction(offset=offset, weights=weights, mask=mask)


def cross_entropy(logits: torch.Tensor, one_hot: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Add up the weighted cross-entropy of each member.

    Products with one-hot rows stand where an index would do: their gradient adds in a fixed order on a GPU
    too.

    Args:
        logits: (M, b, k) float32, offsets added.
        one_hot: (b, k) float32.
        weights: (M, b) float32.

    Returns:
        (M,) float32; in nats.
    """
    chosen = (logits * one_hot).sum(dim=2)
    return ((torch.logsumexp(logits, dim=2) - chosen) * weights).sum(dim=1)


def bootstrap_weights(members: int, labels: int, *, seed: int) -> torch.Tensor:
    """Draw Bayesian-bootstrap weights (Rubin 1981): exponential, so that no label ever drops out altogether.

    Args:
        members: rows wanted; a single member weighs every label alike.
        labels: number of labels, m.
        seed: of the draw.

    Returns:
        (members, m) float32, greater than 0, each row with mean 1.
    """
    if members == 1:
        return torch.ones(1, labels)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.empty(members, labels).exponential_(generator=generator).clamp_min_(1e-6)
    return drawn / drawn.mean(dim=1, keepdim=True)
