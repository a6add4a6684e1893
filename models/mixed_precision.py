"""Networks of encoders on a GPU: products in halves, everything that needs it in float32, vectors float32.

Float16, not bfloat16: three bits more of each product, which are what tells items apart. Where its range does not
suffice for a network, it computes once more in float32. On a CPU all is float32, as ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

log = logging.getLogger("goldpan.models")

HALVES: Mapping[str, torch.dtype] = MappingProxyType({"cuda": torch.float16})
"""Kinds of device on which products are computed in halves, and in which."""

TOLERANCE = 0.01
"""Most that a vector may differ from a CPU's, as a share of its length; tests hold it."""

CPU_BATCH = 64
"""Items that a network is given at once on a CPU, which gains nothing by more."""


def batch_of(wanted: int, device: torch.device) -> int:
    """Return how many items a network is given at once.

    Args:
        wanted: as the settings say.
        device: where it computes.
    """
    return min(wanted, CPU_BATCH) if device.type == "cpu" else wanted


def mixed(compute: Callable[[], torch.Tensor], device: torch.device) -> torch.Tensor:
    """Let a network compute, in mixed precision on a GPU (Micikevicius et al. 2018).

    Args:
        compute: gives the network's answer; called twice where the first answer is not finite, so it must not change
            anything.
        device: where it computes.

    Returns:
        The answer, float32, on the device, with the shape that `compute` gives it. NaN or infinite numbers are in it
        only where they come out in float32 too.
    """
    halves = HALVES.get(device.type)
    if halves is not None:
        with torch.autocast(device.type, dtype=halves):
            found = compute().float()
        if bool(torch.isfinite(found).all()):
            return found
        log.warning("a network's numbers do not fit into %s; it computes in float32", halves)
    return compute().float()
