from __future__ import annotations

import torch

from models.optimisers import descend, start_descent


def minimise(objective: object, start: torch.Tensor, *, epochs: int = 200) -> torch.Tensor:
    assert callable(objective)
    descent = start_descent(objective, start)
    for _ in range(epochs):
        descend(objective, descent, first_step=0.05, tolerance=0.0)
    return descent.point


def test_descend__each_member_finds_its_own_bowl() -> None:
    centres = torch.tensor([[1.0, -2.0, 3.0], [100.0, 0.0, -5.0]])
    slopes = torch.tensor([[1.0, 10.0, 100.0], [0.01, 1.0, 1000.0]])

    def bowl(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gap = point - centres
        return 0.5 * (slopes * gap * gap).sum(dim=1), slopes * gap

    assert torch.allclose(minimise(bowl, torch.zeros(2, 3)), centres, atol=1e-2)


def test_descend__follows_the_bent_valley_of_rosenbrock() -> None:
    def valley(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = point[:, 0], point[:, 1]
        loss = (1 - x) ** 2 + 100 * (y - x * x) ** 2
        return loss, torch.stack([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], dim=1)

    found = minimise(valley, torch.tensor([[-1.2, 1.0], [2.0, -1.0]]))
    assert torch.allclose(found, torch.ones(2, 2), atol=1e-2)


def test_descend__the_loss_never_rises() -> None:
    def wavy(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return (point.square() + torch.sin(5 * point)).sum(dim=1), 2 * point + 5 * torch.cos(5 * point)

    descent = start_descent(wavy, torch.tensor([[3.0], [-4.0]]))
    for _ in range(20):
        before = descent.loss
        descend(wavy, descent, first_step=0.05, tolerance=1e-6)
        assert (descent.loss <= before).all()
    assert descent.settled.all()
