"""Three experts for unknown class shares: one for many, one for all, one for few labels, joined on the pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from models.devices import fixed_threads
from models.heads.contract import MASKED_LOGIT, Progress, TrainedHead, TrainingSet, no_progress
from models.heads.logistic import LogisticHead
from models.heads.scaling import spaced_rows
from models.optimisers import descend, start_descent
from models.training import Prepared, assemble, begin, minimise, prepare, softmax_loss, to_tensor

if TYPE_CHECKING:
    from config.schema import HeadSection

EXPERTS = 3
INVERSE = 2.0
"""How much of the inverted shares the backward expert is taught, as in the paper."""

VIEWS = 1000
"""Vectors of the pool on which the experts are joined."""

NOISE = 0.3
"""Standard deviation of what is added to a vector for another view of it, in units of the vectors' entries."""

JOIN_STEPS = 30


class SadeHead:
    """Self-supervised aggregation of diverse experts (SADE; Zhang et al. 2022), linear experts on vectors.

    The forward expert is trained by plain cross-entropy, the uniform one by balanced softmax, the backward one for
    shares turned upside down. Their weights are those under which two noisy views of a pool's vectors get
    the most alike answers. Then the shares that each expert was taught are taken out of its bias, so that the
    logits carry no prior, as those of every head; the weighted sum of linear experts is one linear map again, and
    scoring costs no more than with `logistic`. Without vectors of the pool the labelled ones are used.
    """

    name = "sade"

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
        """Train all experts of all members at once; see `models.heads.contract.Head.fit`.

        Args:
            training: the labels and their vectors; `unlabelled` joins the experts where it is given.
            section: the head's settings; `imbalance` decides about the pool's shares alone, since the experts
                have losses of their own.
            seed: of all chance.
            device: where to compute.
            progress: told the share done.
            weights: (members, m) float32; None draws a Bayesian bootstrap.
        """
        adjusted = section.model_copy(update={"imbalance": "logit_adjustment"})
        prepared = prepare(training, section=adjusted, seed=seed, device=device, weights=weights)
        with fixed_threads():
            taught, offset = _priors(prepared)
            wide = _spread(prepared, offset)
            start = begin(wide, LogisticHead().initialise, seed=seed)
            loss = softmax_loss(LogisticHead().forward)
            found = minimise(wide, start, loss, section=adjusted, progress=progress)
            found = {key: _by_expert(each) for key, each in found.items()}
            shares = _join(prepared, found, seed=seed)
            tensors = {
                "weight": torch.einsum("me,medk->mdk", shares, found["weight"]),
                "bias": torch.einsum("me,mek->mk", shares, found["bias"] - taught),
                "shares": shares,
            }
        return assemble(self.name, prepared, tensors, self.forward, section=section, seed=seed)

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute logits, one matrix product for all members.

        Args:
            tensors: `weight` (members, d, k) and `bias` (members, k), the experts' joined; `shares` (members, 3) says
                how much of each expert, forward, uniform, backward, is in them.
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32.
        """
        return LogisticHead().forward(tensors, vectors)


def _priors(prepared: Prepared) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the log shares each expert is taught (M, 3, k), 0 for absent classes, and its offset in training."""
    present = prepared.correction.mask == 0
    shares = torch.where(present, prepared.correction.offset, 0.0)
    turned = INVERSE * _inverted(shares, present)
    nothing = torch.zeros_like(shares)
    taught = torch.stack([shares, nothing, turned], dim=1)
    offset = torch.stack([nothing, shares, shares - turned], dim=1)
    return taught, torch.where(present[:, None, :], offset, MASKED_LOGIT)


def _inverted(shares: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Give the class of the most labels the share of the one with the fewest, and so on inwards."""
    turned = torch.zeros_like(shares)
    for member in range(len(shares)):
        seen = torch.nonzero(present[member])[:, 0]
        values, order = torch.sort(shares[member, seen], stable=True)
        turned[member, seen[order]] = values.flip(0)
    return turned


def _spread(prepared: Prepared, offset: torch.Tensor) -> Prepared:
    """Make a member of every expert."""
    correction = prepared.correction
    return replace(
        prepared,
        correction=replace(
            correction,
            offset=offset.flatten(0, 1),
            weights=correction.weights.repeat_interleave(EXPERTS, dim=0),
            mask=correction.mask.repeat_interleave(EXPERTS, dim=0),
        ),
    )


def _by_expert(stacked: torch.Tensor) -> torch.Tensor:
    """Turn (M · 3, …) into (M, 3, …)."""
    return stacked.reshape(-1, EXPERTS, *stacked.shape[1:])


def _join(prepared: Prepared, experts: Mapping[str, torch.Tensor], *, seed: int) -> torch.Tensor:
    """Return (M, 3) the experts' weights: positive, adding up to 1, under which answers are steadiest."""
    views = _views(prepared, seed=seed)
    mask = prepared.correction.mask[:, None, None, :]
    flat = {key: each.flatten(0, 1) for key, each in experts.items()}
    answers = [_by_expert(LogisticHead().forward(flat, view)) + mask for view in views]

    def unsteady(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        leaf = point.detach().requires_grad_(True)
        with torch.enable_grad():
            shares = torch.softmax(leaf, dim=1)
            first, second = (
                torch.softmax(torch.einsum("me,mebk->mbk", shares, each), dim=2) for each in answers
            )
            loss = 1.0 - torch.cosine_similarity(first, second, dim=2).mean(dim=1)
            (gradient,) = torch.autograd.grad(loss.sum(), leaf)
        return loss.detach(), gradient

    descent = start_descent(unsteady, torch.zeros(prepared.members, EXPERTS, device=prepared.mean.device))
    for _ in range(JOIN_STEPS):
        descend(unsteady, descent, first_step=0.1, tolerance=1e-4)
        if bool(descent.settled.all()):
            break
    return torch.softmax(descent.point, dim=1)


def _views(prepared: Prepared, *, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two noisy copies of vectors of the pool, scaled."""
    source = prepared.training.unlabelled
    if source is None or not len(source):
        source = prepared.training.vectors
    rows = spaced_rows(len(source), VIEWS)
    vectors = (to_tensor(source[rows], prepared.mean.device) - prepared.mean) / prepared.size
    generator = torch.Generator().manual_seed(seed + 2)
    first, second = (
        vectors + NOISE * torch.randn(vectors.shape, generator=generator).to(vectors) for _ in range(2)
    )
    return first, second
