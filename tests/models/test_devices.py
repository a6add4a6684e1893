from __future__ import annotations

import pytest
import torch

from models.devices import choose_device, fixed_threads
from models.errors import DeviceError


def test_choose_device__cpu_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")


def test_choose_device__auto_finds_something_that_computes() -> None:
    device = choose_device("auto")
    assert (torch.ones(2, device=device) + 1).sum().item() == 4


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:1", "mps:0", "", "cuda:-1"])
def test_choose_device__unknown_names_are_refused(name: str) -> None:
    with pytest.raises(DeviceError, match="known are"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_choose_device__cuda_that_is_not_there(name: str) -> None:
    with pytest.raises(DeviceError, match="no CUDA device"):
        choose_device(name)


@pytest.mark.gpu
def test_choose_device__cuda_number_too_high() -> None:
    with pytest.raises(DeviceError, match="numbered 0"):
        choose_device("cuda:99")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without Apple's GPU")
def test_choose_device__mps_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match="'mps' is not there"):
        choose_device("mps")


def test_fixed_threads__puts_the_number_back_after_an_error() -> None:
    before = torch.get_num_threads()
    seen = []

    def fail() -> None:
        with fixed_threads(before + 1):
            seen.append(torch.get_num_threads())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [before + 1]
    assert torch.get_num_threads() == before
