from __future__ import annotations

import pytest
import torch

from models.heads.registry import heads
from models.stepping import Layout, step_down
from tests.models.heads.sets import CPU, labelled, pool, section

CENTRES = torch.tensor([[1.0, -2.0, 3.0, 0.5, -1.0, 0.0], [4.0, 0.0, -5.0, 1.0, 1.0, 2.0]])


def bowl(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    gap = point - CENTRES
    return 0.5 * gap.square().sum(dim=1), gap


def start() -> dict[str, torch.Tensor]:
    return {"weight": torch.zeros(2, 2, 2), "bias": torch.zeros(2, 2)}


def test_layout__restores_what_it_flattened() -> None:
    tensors = {"weight": torch.rand(3, 4, 2), "bias": torch.rand(3, 2)}
    layout = Layout.of(tensors)
    back = layout.restore(layout.flatten(tensors))
    assert all(torch.equal(back[key], tensors[key]) for key in tensors)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_step_down__each_member_finds_its_own_bowl(kind: str) -> None:
    found = step_down(kind, bowl, start(), steps=150, learning_rate=0.6, weight_decay=0.0)
    assert torch.allclose(Layout.of(found).flatten(found), CENTRES, atol=0.3)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_step_down__members_do_not_touch_one_another(kind: str) -> None:
    def of_first(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        loss, gradient = bowl(torch.cat([point, point]))
        return loss[:1], gradient[:1]

    both = step_down(kind, bowl, start(), steps=20, learning_rate=0.1, weight_decay=0.1)
    one = {key: tensor[:1] for key, tensor in start().items()}
    alone = step_down(kind, of_first, one, steps=20, learning_rate=0.1, weight_decay=0.1)
    assert all(torch.equal(both[key][:1], alone[key]) for key in alone)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_step_down__decay_draws_to_nothing(kind: str) -> None:
    def flat(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(len(point)), torch.zeros_like(point)

    given = {key: torch.ones_like(tensor) for key, tensor in start().items()}
    found = step_down(kind, flat, given, steps=50, learning_rate=0.2, weight_decay=0.5)
    assert all((tensor > 0).all() and (tensor < 0.2).all() for tensor in found.values())
    assert all((tensor == 1).all() for tensor in given.values())


def test_step_down__unknown_kind() -> None:
    with pytest.raises(ValueError, match="known are adamw, muon"):
        step_down("sgd", bowl, start(), steps=1, learning_rate=0.1, weight_decay=0.0)


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
@pytest.mark.parametrize("name", ["logistic", "mlp"])
def test_fit__learns_with_every_optimiser_and_twice_the_same(name: str, optimiser: str) -> None:
    vectors, truth = pool("wine")
    first, second = (
        heads.get(name).fit(
            labelled("wine", 60),
            section=section(optimiser=optimiser, members=3, epochs=60),
            seed=5,
            device=CPU,
        )
        for _ in range(2)
    )
    found = first.logits(torch.tensor(vectors)).mean(dim=0).argmax(dim=1).numpy()
    assert (found[60:] == truth[60:]).mean() > 0.9
    assert all(torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors)
