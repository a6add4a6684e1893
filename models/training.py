"""Training of heads by gradient: `fit` → `epoch` → `batch`, all members in one computation.

Repeatable: chance comes from generators seeded by the caller, never from torch's global seed, and the number
of threads is fixed while it runs. The same seed on the same kind of device gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from models.devices import fixed_threads
from models.errors import TrainingDivergedError
from models.heads.contract import Progress, TrainedHead, TrainingSet, check_training, no_progress
from models.heads.scaling import measure_scale
from models.losses import Correction, bootstrap_weights, correct_imbalance, cross_entropy
from models.optimisers import Descent, descend, start_descent

if TYPE_CHECKING:
    from config.schema import HeadSection

Forward = Callable[[Mapping[str, torch.Tensor], torch.Tensor], torch.Tensor]
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
class Fit:
    """What stays the same through all epochs. M members, m labels, d dimensions, k classes.

    Attributes:
        forward: the head's computation.
        shapes: the shape of each parameter, members first.
        vectors: (m, d) float32, scaled.
        one_hot: (m, k) float32.
        correction: what is done about imbalance.
        decay: strength of the penalty on half the squared parameters, in units of one label's loss.
        tolerance: a member has converged once an epoch lowers its loss by less than this share.
    """

    forward: Forward
    shapes: Mapping[str, torch.Size]
    vectors: torch.Tensor
    one_hot: torch.Tensor
    correction: Correction
    decay: float
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
    """Train a head; see `models.heads.contract.Head.fit` for what is common to all.

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
    check_training(training)
    with fixed_threads():
        if weights is None:
            weights = bootstrap_weights(section.members, len(training.labels), seed=seed)
        scale = training.scale or measure_scale(training.vectors)
        mean = torch.from_numpy(scale.mean.copy()).to(device)
        size = torch.tensor(scale.size, dtype=torch.float32, device=device)
        vectors = (_to_tensor(training, device) - mean) / size
        labels = torch.tensor(training.labels, dtype=torch.int64)
        one_hot = torch.nn.functional.one_hot(labels, training.class_count).to(device, torch.float32)
        correction = correct_imbalance(section.imbalance, one_hot=one_hot, weights=weights.to(device))
        generator = torch.Generator().manual_seed(seed + 1)
        start = initialise(len(weights), vectors.shape[1], training.class_count, generator)
        start = {key: tensor.to(device) for key, tensor in start.items()}
        shapes = {key: tensor.shape for key, tensor in start.items()}
        decay = section.weight_decay * max(len(labels), FEWEST)
        setup = Fit(forward, shapes, vectors, one_hot, correction, decay, tolerance)
        tensors = _minimise(setup, start, section, progress)
    return TrainedHead(
        name=name,
        tensors=tensors,
        mean=mean,
        size=size,
        mask=correction.mask,
        label_counts=torch.from_numpy(training.label_counts).to(device),
        forward=forward,
        class_names=training.names,
        corrected=section.imbalance != "none",
        seed=seed,
    )


def epoch(setup: Fit, descent: Descent, *, first_step: float) -> None:
    """Go over all labels and take one step with every member; changes `descent`.

    Args:
        setup: what is trained on what.
        descent: where the members stand.
        first_step: length of the very first step.

    Raises:
        TrainingDivergedError: the loss is not a number.
    """
    descend(lambda point: _evaluate(setup, point), descent, first_step=first_step, tolerance=setup.tolerance)
    _check_finite(descent)


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
    logits = setup.forward(tensors, setup.vectors[start:stop]) + setup.correction.offset[:, None, :]
    return cross_entropy(logits, setup.one_hot[start:stop], setup.correction.weights[:, start:stop])


def _minimise(
    setup: Fit, start: Mapping[str, torch.Tensor], section: HeadSection, progress: Progress
) -> dict[str, torch.Tensor]:
    """Run the epochs; where the loss is not a number, once more from the start with a tenth of the step."""
    try:
        return _run(setup, start, section.epochs, section.learning_rate, progress)
    except TrainingDivergedError:
        return _run(setup, start, section.epochs, section.learning_rate / 10, progress)


def _run(
    setup: Fit, start: Mapping[str, torch.Tensor], epochs: int, first_step: float, progress: Progress
) -> dict[str, torch.Tensor]:
    descent = start_descent(lambda point: _evaluate(setup, point), _flatten(start))
    _check_finite(descent)
    for number in range(epochs):
        epoch(setup, descent, first_step=first_step)
        progress((number + 1) / epochs, "training")
        if bool(descent.settled.all()):
            break
    progress(1.0, "training")
    return {key: tensor.contiguous() for key, tensor in _unflatten(setup, descent.point).items()}


def _evaluate(setup: Fit, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each member's mean loss with its penalty, and the gradient."""
    count = len(setup.vectors)
    gradient = setup.decay * point
    total = 0.5 * (gradient * point).sum(dim=1)
    for start in range(0, count, BATCH):
        leaf = point.detach().requires_grad_(True)
        with torch.enable_grad():
            loss = batch(setup, _unflatten(setup, leaf), start, min(start + BATCH, count))
            # members share no parameter, so the gradient of the sum is each member's own
            (found,) = torch.autograd.grad(loss.sum(), leaf)
        total = total + loss.detach()
        gradient = gradient + found
    return total / count, gradient / count


def _check_finite(descent: Descent) -> None:
    if not bool(torch.isfinite(descent.loss).all()):
        raise TrainingDivergedError(
            "the training loss is not a number, even with a smaller step; lower head.learning_rate, raise "
            "head.weight_decay, or look for extreme values in the vectors"
        )


def _flatten(tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.flatten(1) for tensor in tensors.values()], dim=1)


def _unflatten(setup: Fit, point: torch.Tensor) -> dict[str, torch.Tensor]:
    widths = [int(torch.Size(shape[1:]).numel()) for shape in setup.shapes.values()]
    parts = torch.split(point, widths, dim=1)
    return {key: part.reshape(shape) for (key, shape), part in zip(setup.shapes.items(), parts, strict=True)}


def _to_tensor(training: TrainingSet, device: torch.device) -> torch.Tensor:
    return torch.tensor(training.vectors, dtype=torch.float32).to(device)
