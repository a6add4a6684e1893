"""Training of heads by gradient: `fit` → `epoch` → `batch`, all members in one computation.

Repeatable: chance comes from generators seeded by the caller, never from torch's global seed, and the number
of threads is fixed while it runs. The same seed on the same kind of device gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from models.devices import fixed_threads
from models.errors import TrainingDivergedError
from models.heads.contract import Progress, TrainedHead, TrainingSet, check_training, no_progress
from models.heads.scaling import measure_scale
from models.losses import Correction, bootstrap_weights, correct_imbalance, cross_entropy
from models.optimisers import Descent, descend, start_descent
from models.soft_labels import targets_and_weights
from models.stepping import Layout, step_down

if TYPE_CHECKING:
    from config.schema import HeadSection

Forward = Callable[[Mapping[str, torch.Tensor], torch.Tensor], torch.Tensor]
Loss = Callable[
    [Mapping[str, torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor
]
"""`(parameters, scaled vectors (b, d), one_hot (b, k), weights (M, b), offset (M, k)) -> (M,)`, in nats, added up
over the labels."""

Initialise = Callable[[int, int, int, torch.Generator], dict[str, torch.Tensor]]

BATCH = 8192
"""Labels in one batch; their gradients are added up, so that it bounds memory and changes nothing else."""

FEWEST = 500
"""Fewer labels are penalised as if they were this many.

The penalty is `weight_decay` times half the squared parameters beside the mean loss, as is usual; alone it
would fade as labels get few, just where it is needed. With the default of 0.001 the weights of up to 500
labels have a normal prior of variance 2, which was best or near it on seven real pools of 8 to 384 dimensions
(docs/models.md).
"""

TOLERANCE = 1e-4
"""A member has converged once an epoch lowers its loss by less than this share."""


@dataclass(frozen=True)
class Prepared:
    """Labels and vectors ready for training. M members, m labels, d dimensions, k classes.

    Attributes:
        training: where they come from.
        vectors: (m, d) float32, scaled.
        one_hot: (m, k) float32; shares in place of zeros and ones where labels are soft.
        correction: what is done about imbalance.
        mean: (d,) float32; what was taken from the vectors.
        size: () float32; what they were then divided by.
        decay: strength of the penalty on half the squared parameters, in units of one label's loss.
    """

    training: TrainingSet
    vectors: torch.Tensor
    one_hot: torch.Tensor
    correction: Correction
    mean: torch.Tensor
    size: torch.Tensor
    decay: float

    @property
    def members(self) -> int:
        """The number of members, M."""
        return int(self.correction.mask.shape[0])


@dataclass(frozen=True)
class Fit:
    """What stays the same through all epochs.

    Attributes:
        loss: what is made small.
        layout: names and shapes of the parameters.
        prepared: labels, vectors, correction.
        tolerance: a member has converged once an epoch lowers its loss by less than this share.
    """

    loss: Loss
    layout: Layout
    prepared: Prepared
    tolerance: float


def fit(
    name: str,
    initialise: Initialise,
    forward: Forward,
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    progress: Progress = no_progress,
    weights: torch.Tensor | None = None,
    tolerance: float = TOLERANCE,
) -> TrainedHead:
    """Train a head by cross-entropy; see `models.heads.contract.Head.fit` for what is common to all.

    Args:
        name: the head's name in the registry.
        initialise: `(members, d, k, generator) -> parameters`, each with a leading axis of members.
        forward: `(parameters, scaled vectors (b, d)) -> (members, b, k)`.
        training: the labels and their vectors; not changed.
        section: the head's settings.
        seed: of the members' weights and starts.
        device: where to compute.
        progress: told the share done.
        weights: (members, m) float32; None draws a Bayesian bootstrap.
        tolerance: a member has converged once an epoch lowers its loss by less than this share.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
        TrainingDivergedError: the loss was not a number, again after a retry with a tenth of the step.
    """
    prepared = prepare(training, section=section, seed=seed, device=device, weights=weights)
    start = begin(prepared, initialise, seed=seed)
    loss = softmax_loss(forward)
    tensors = minimise(prepared, start, loss, section=section, progress=progress, tolerance=tolerance)
    return assemble(name, prepared, tensors, forward, section=section, seed=seed)


def prepare(
    training: TrainingSet,
    *,
    section: HeadSection,
    seed: int,
    device: torch.device,
    weights: torch.Tensor | None = None,
    soft: bool = True,
) -> Prepared:
    """Check labels and vectors, scale them, and work out the correction of imbalance.

    Args:
        training: the labels and their vectors; not changed.
        section: the head's settings.
        seed: of the members' weights.
        device: where to compute.
        weights: (members, m) float32; None draws a Bayesian bootstrap.
        soft: whether the head's loss takes soft labels; else they weigh the labels.

    Raises:
        TrainingSetError: the labels or vectors are unusable.
    """
    check_training(training)
    with fixed_threads():
        if weights is None:
            weights = bootstrap_weights(section.members, len(training.labels), seed=seed)
        scale = training.scale or measure_scale(training.vectors)
        mean = torch.from_numpy(scale.mean.copy()).to(device)
        size = torch.tensor(scale.size, dtype=torch.float32, device=device)
        targets, weights = targets_and_weights(training, weights, soft=soft)
        one_hot = targets.to(device)
        return Prepared(
            training=training,
            vectors=(to_tensor(training.vectors, device) - mean) / size,
            one_hot=one_hot,
            correction=correct_imbalance(section.imbalance, one_hot=one_hot, weights=weights.to(device)),
            mean=mean,
            size=size,
            decay=section.weight_decay * max(len(training.labels), FEWEST),
        )


def begin(prepared: Prepared, initialise: Initialise, *, seed: int) -> dict[str, torch.Tensor]:
    """Make the parameters a training starts from.

    Args:
        prepared: what will be trained on.
        initialise: `(members, d, k, generator) -> parameters`.
        seed: the round's; members' weights and starts come from different streams.
    """
    generator = torch.Generator().manual_seed(seed + 1)
    classes = prepared.one_hot.shape[1]
    start = initialise(prepared.members, prepared.vectors.shape[1], classes, generator)
    return {key: tensor.to(prepared.mean.device) for key, tensor in start.items()}


def softmax_loss(forward: Forward) -> Loss:
    """Return the cross-entropy of the softmax of a head's logits, offsets added.

    Args:
        forward: `(parameters, scaled vectors (b, d)) -> (members, b, k)`.
    """

    def loss(
        tensors: Mapping[str, torch.Tensor],
        vectors: torch.Tensor,
        one_hot: torch.Tensor,
        weights: torch.Tensor,
        offset: torch.Tensor,
    ) -> torch.Tensor:
        return cross_entropy(forward(tensors, vectors) + offset[:, None, :], one_hot, weights)

    return loss


def minimise(
    prepared: Prepared,
    start: Mapping[str, torch.Tensor],
    loss: Loss,
    *,
    section: HeadSection,
    progress: Progress = no_progress,
    tolerance: float = TOLERANCE,
) -> dict[str, torch.Tensor]:
    """Find the parameters; where the loss is not a number, once more from the start with a tenth of the step.

    Args:
        prepared: labels, vectors, correction.
        start: the parameters to start from, each with a leading axis of members.
        loss: what is made small, beside the penalty.
        section: the head's settings: optimiser, epochs, step.
        progress: told the share done.
        tolerance: a member has converged once an epoch lowers its loss by less than this share.

    Returns:
        The parameters, of the names and shapes of `start`.

    Raises:
        TrainingDivergedError: the loss was not a number, both times.
    """
    setup = Fit(loss, Layout.of(start), prepared, tolerance)
    run = _run if section.optimiser == "lbfgs" else _run_steps
    with fixed_threads():
        try:
            return run(setup, start, section, section.learning_rate, progress)
        except TrainingDivergedError:
            return run(setup, start, section, section.learning_rate / 10, progress)


def assemble(
    name: str,
    prepared: Prepared,
    tensors: Mapping[str, torch.Tensor],
    forward: Forward,
    *,
    section: HeadSection,
    seed: int,
) -> TrainedHead:
    """Put a trained head together.

    Args:
        name: its name in the registry.
        prepared: what it was trained on.
        tensors: its parameters.
        forward: its computation.
        section: its settings.
        seed: the seed it was trained with.
    """
    training = prepared.training
    return TrainedHead(
        name=name,
        tensors=tensors,
        mean=prepared.mean,
        size=prepared.size,
        mask=prepared.correction.mask,
        label_counts=torch.from_numpy(training.label_counts).to(prepared.mean.device),
        forward=forward,
        class_names=training.names,
        corrected=section.imbalance != "none",
        seed=seed,
    )


def to_tensor(vectors: npt.NDArray[np.floating], device: torch.device) -> torch.Tensor:
    """Copy vectors to a device as float32.

    Args:
        vectors: (m, d) float16 or float32; not changed.
        device: where to.
    """
    return torch.tensor(vectors, dtype=torch.float32).to(device)


def epoch(setup: Fit, descent: Descent, *, first_step: float) -> None:
    """Go over all labels and take one step with every member; changes `descent`.

    Args:
        setup: what is trained on what.
        descent: where the members stand.
        first_step: length of the very first step.

    Raises:
        TrainingDivergedError: the loss is not a number.
    """
    descend(lambda point: _penalised(setup, point), descent, first_step=first_step, tolerance=setup.tolerance)
    _check_finite(descent.loss)


def batch(setup: Fit, tensors: Mapping[str, torch.Tensor], start: int, stop: int) -> torch.Tensor:
    """Compute the members' summed loss on some of the labels.

    Args:
        setup: what is trained on what.
        tensors: the parameters.
        start: first label of the batch.
        stop: one past the last.

    Returns:
        (M,) float32; in nats, added up over the batch.
    """
    given, correction = setup.prepared, setup.prepared.correction
    return setup.loss(
        tensors,
        given.vectors[start:stop],
        given.one_hot[start:stop],
        correction.weights[:, start:stop],
        correction.offset,
    )


def _run(
    setup: Fit, start: Mapping[str, torch.Tensor], section: HeadSection, step: float, progress: Progress
) -> dict[str, torch.Tensor]:
    descent = start_descent(lambda point: _penalised(setup, point), setup.layout.flatten(start))
    _check_finite(descent.loss)
    for number in range(section.epochs):
        epoch(setup, descent, first_step=step)
        progress((number + 1) / section.epochs, "training")
        if bool(descent.settled.all()):
            break
    progress(1.0, "training")
    return {key: tensor.contiguous() for key, tensor in setup.layout.restore(descent.point).items()}


def _run_steps(
    setup: Fit, start: Mapping[str, torch.Tensor], section: HeadSection, step: float, progress: Progress
) -> dict[str, torch.Tensor]:
    def objective(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        loss, gradient = _evaluate(setup, point)
        _check_finite(loss)
        return loss, gradient

    return step_down(
        section.optimiser,
        objective,
        start,
        steps=section.epochs,
        learning_rate=step,
        weight_decay=setup.prepared.decay / len(setup.prepared.vectors),
        progress=progress,
    )


def _penalised(setup: Fit, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each member's mean loss with its penalty, and the gradient."""
    loss, gradient = _evaluate(setup, point)
    strength = setup.prepared.decay / len(setup.prepared.vectors)
    return loss + 0.5 * strength * point.square().sum(dim=1), gradient + strength * point


def _evaluate(setup: Fit, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each member's mean loss without its penalty, and the gradient."""
    count = len(setup.prepared.vectors)
    total, gradient = torch.zeros_like(point[:, 0]), torch.zeros_like(point)
    for start in range(0, count, BATCH):
        leaf = point.detach().requires_grad_(True)
        with torch.enable_grad():
            loss = batch(setup, setup.layout.restore(leaf), start, min(start + BATCH, count))
            # members share no parameter, so the gradient of the sum is each member's own
            (found,) = torch.autograd.grad(loss.sum(), leaf)
        total = total + loss.detach()
        gradient = gradient + found
    return total / count, gradient / count


def _check_finite(loss: torch.Tensor) -> None:
    if not bool(torch.isfinite(loss).all()):
        raise TrainingDivergedError(
            "the training loss is not a number, even with a smaller step; lower head.learning_rate, raise "
            "head.weight_decay, or look for extreme values in the vectors"
        )
