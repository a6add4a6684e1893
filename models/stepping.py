"""Training by a fixed number of small steps: AdamW and Muon, for a whole ensemble at once.

Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; Jordan et al. 2024, "Muon: an optimizer for hidden
layers", as `torch.optim.Muon`. Muon makes the step of a weight matrix orthogonal, so every member's matrix is a
parameter of its own: stacked, members would be mixed. Everything that is no matrix goes by AdamW.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from models.heads.contract import Progress, no_progress
from models.optimisers import Objective


@dataclass(frozen=True)
class Layout:
    """How named parameters lie side by side in one row a member.

    Attributes:
        shapes: the shape of each parameter, members first.
    """

    shapes: Mapping[str, torch.Size]

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor]) -> Layout:
        """Return the layout of some parameters.

        Args:
            tensors: the parameters, each with a leading axis of members.
        """
        return cls({key: tensor.shape for key, tensor in tensors.items()})

    def flatten(self, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Lay parameters side by side.

        Args:
            tensors: the parameters, in the order of the layout.

        Returns:
            (M, p).
        """
        return torch.cat([tensors[key].flatten(1) for key in self.shapes], dim=1)

    def restore(self, point: torch.Tensor) -> dict[str, torch.Tensor]:
        """Give parameters their names and shapes back.

        Args:
            point: (M, p), as `flatten` returned it.
        """
        widths = [int(torch.Size(shape[1:]).numel()) for shape in self.shapes.values()]
        parts = torch.split(point, widths, dim=1)
        return {
            key: part.reshape(shape) for (key, shape), part in zip(self.shapes.items(), parts, strict=True)
        }


def step_down(
    kind: str,
    objective: Objective,
    start: Mapping[str, torch.Tensor],
    *,
    steps: int,
    learning_rate: float,
    weight_decay: float,
    progress: Progress = no_progress,
) -> dict[str, torch.Tensor]:
    """Take steps whose length falls to zero along a cosine.

    Args:
        kind: "adamw" or "muon".
        objective: `(M, p) -> (M,) losses and (M, p) gradients`, without a penalty.
        start: the parameters to start from, each with a leading axis of members; not changed.
        steps: how many.
        learning_rate: length of the first.
        weight_decay: decoupled decay: the share of every parameter that a step of length 1 takes away.
        progress: told the share done.

    Returns:
        The parameters, of the names and shapes of `start`.

    Raises:
        ValueError: the kind is unknown.
    """
    if kind not in ("adamw", "muon"):
        raise ValueError(f"unknown optimiser {kind!r}; known are adamw, muon")
    layout = Layout.of(start)
    leaves = {key: tensor.detach().clone().contiguous() for key, tensor in start.items()}
    matrices = [key for key, shape in layout.shapes.items() if kind == "muon" and len(shape) == 3]
    single = [part for key in matrices for part in leaves[key]]
    optimisers: list[torch.optim.Optimizer] = []
    rest = [leaves[key] for key in leaves if key not in matrices]
    if rest:
        optimisers.append(torch.optim.AdamW(rest, lr=learning_rate, weight_decay=weight_decay))
    if single:
        optimisers.append(
            torch.optim.Muon(
                single, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            )
        )
    schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(each, steps) for each in optimisers]
    for number in range(steps):
        _, gradient = objective(layout.flatten(leaves))
        _set_gradients(layout.restore(gradient), leaves, matrices, single)
        for optimiser, schedule in zip(optimisers, schedules, strict=True):
            optimiser.step()
            schedule.step()
        progress((number + 1) / steps, "training")
    objective(layout.flatten(leaves))  # the last step may have left the numbers
    return leaves


def _set_gradients(
    gradients: Mapping[str, torch.Tensor],
    leaves: Mapping[str, torch.Tensor],
    matrices: list[str],
    single: list[torch.Tensor],
) -> None:
    parts = [part for key in matrices for part in gradients[key]]
    for leaf, part in zip(single, parts, strict=True):
        leaf.grad = part.contiguous()
    for key, leaf in leaves.items():
        if key not in matrices:
            leaf.grad = gradients[key].contiguous()
