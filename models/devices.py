"""Where torch computes, and how many threads it may use while it must be repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from models.errors import DeviceError

THREADS = 1
"""Threads of torch while a head is trained or asked, on a cpu.

One, for two reasons. Another number may add the same numbers in another order, so that it must be fixed for a
round to be repeatable. And the products are small: with two threads on two cores that others use too,
training 500 labels was seen to take 3 to 20 times as long, since each product ends with one thread waiting
for the other.
"""


def choose_device(name: str = "auto") -> torch.device:
    """Choose a device by name.

    Args:
        name: "auto" (the first of cuda, mps, cpu that is there), "cpu", "cuda", "cuda:N" or "mps".

    Returns:
        A device that is there.

    Raises:
        DeviceError: the name is not known or the device is not there.
    """
    if name == "auto":
        return torch.device(_best())
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not index.isdigit()) or (index and kind != "cuda"):
        raise DeviceError(
            f"unknown device {name!r}; known are auto, cpu, cuda, cuda:0 (or another number) and mps"
        )
    if kind == "cuda":
        _check_cuda(name, index)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(
            "device 'mps' is not there (no Apple GPU, or torch was built without it); use 'auto'"
        )
    return torch.device(name)


@contextmanager
def fixed_threads(threads: int = THREADS) -> Iterator[None]:
    """Let torch use a fixed number of threads, and put the old number back afterwards.

    Args:
        threads: the number meanwhile.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def half_products(device: torch.device) -> Iterator[None]:
    """Let a GPU round what it multiplies to the ten bits that a half has, and put the old setting back afterwards.

    Sums and results stay float32, and so does their range: nothing overflows as in float16, and no answer is rounded as
    in bfloat16. Vectors that are stored as halves lose nothing, but for their mean and scale.

    Args:
        device: where is computed; on one that is no GPU nothing changes.
    """
    if device.type != "cuda":
        yield
        return
    products = torch.backends.cuda.matmul
    before = products.allow_tf32
    products.allow_tf32 = True
    try:
        yield
    finally:
        products.allow_tf32 = before


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check_cuda(name: str, index: str) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise DeviceError(f"device {name!r} is not there: torch finds no CUDA device; use 'auto' or 'cpu'")
    if index and int(index) >= count:
        raise DeviceError(f"device {name!r} is not there: CUDA devices are numbered 0 to {count - 1}")
