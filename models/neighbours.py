"""Nearest rows among very many: cells on a CPU (`models.near_rows`), exact products on a GPU (`models.exact_rows`).

For many queries among up to some hundred thousand rows. Of a few points among a whole pool `models.nearest` finds the
nearest.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.errors import DeviceError
from models.near_rows import NearRows

log = logging.getLogger("goldpan.models")

DRIVER = Path("/proc/driver/nvidia")
"""Without it there is no GPU that is worth importing torch for."""

CPU = "cpu"
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class RowSearch(Protocol):
    """Rows that can be searched for the nearest to others."""

    def nearest(self, queries: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
        """Return the nearest rows of each query.

        Args:
            queries: (q, d) float32, finite.
            count: how many.

        Returns:
            (q, k) int64 rows and (q, k) float32 distances, the nearest first; k is `count`, or the number of rows where
            that is less.
        """
        ...

    def neighbours(self, count: int) -> tuple[IntArray, FloatArray]:
        """Return the nearest other rows of each of the rows themselves, as `nearest` does.

        Args:
            count: how many; less than the number of rows.
        """
        ...


def search_rows(rows: FloatArray, *, seed: int, device: str = CPU) -> RowSearch:
    """Make rows searchable.

    Args:
        rows: (m, d) float32, m at least 1, finite.
        seed: of the cells; a GPU needs none.
        device: "cpu", or as `search_device` gives it. Where a GPU has no room for the rows, the CPU takes over.
    """
    if device == CPU:
        return NearRows(rows, seed=seed)
    import torch

    from models.exact_rows import ExactRows

    try:
        return ExactRows(rows, device=torch.device(device))
    except torch.OutOfMemoryError as problem:
        log.warning("%s has no room for %d rows (%s); the CPU searches", device, len(rows), problem)
        return NearRows(rows, seed=seed)


def search_device(wanted: str) -> str:
    """Return where rows are best searched; imports torch only where there may be a GPU.

    Args:
        wanted: the device as the settings have it.

    Returns:
        A name of a CUDA device that is there, else "cpu": a GPU is a gain here, not a condition.
    """
    if not (wanted.startswith("cuda") or (wanted == "auto" and DRIVER.exists())):
        return CPU
    from models.devices import choose_device

    try:
        found = choose_device(wanted)
    except DeviceError as problem:
        log.warning("nearest rows are searched on the CPU: %s", problem)
        return CPU
    return str(found) if found.type == "cuda" else CPU
