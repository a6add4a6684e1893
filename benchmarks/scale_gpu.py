"""The scoring pass alone over very many vectors on a GPU, beside what its bus can carry: figures of `benchmarks.scale`.

Vectors of planted classes are drawn on the GPU, a part at a time where the machine's memory does not hold them all with
the answers; drawing them is not timed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.scale_pool import LABELS, SHARES, SPREAD, size_name
from config.schema import HeadSection
from models.heads.contract import TrainedHead, TrainingSet
from models.heads.registry import heads
from models.scoring import CHUNK, GPU_CHUNKS, swept_pass
from models.sweeping import RESIDENCE

ITEMS, DIMENSIONS = 100_000_000, 128
ROWS = CHUNK * GPU_CHUNKS
COPIED_BYTES, COPIES = 1 << 30, 5
MEMORY_SHARE = 0.6
"""Of the memory that is free, what vectors and answers may take."""


def pass_figures(
    device: torch.device,
    *,
    items: int = ITEMS,
    dimensions: int = DIMENSIONS,
    part_rows: int | None = None,
    copied_bytes: int = COPIED_BYTES,
) -> dict[str, float]:
    """Time the pass over many vectors, once from the machine's memory and once from the GPU's.

    Args:
        device: the GPU.
        items: how many vectors.
        dimensions: their length.
        part_rows: vectors held at a time; None for as many as fit.
        copied_bytes: of a copy by which the bus is measured.

    Returns:
        `gpu_pass_1e8_s` from the machine's memory, copies among it; `gpu_resident_1e8_s` where the vectors are on the
        GPU already; `gpu_copy_gb_s`, what its bus carries of pinned memory; and `gpu_copy_fraction`, the vectors' bytes
        a second in the first pass as a share of that.
    """
    bytes_of_item = 2 * dimensions + 4 * (2 * len(SHARES) + 1)
    fitting = part_rows or max(1, int(MEMORY_SHARE * _free_memory() / bytes_of_item))
    carried = copy_bandwidth(device, size=copied_bytes)
    head = _head(device, dimensions)
    streamed = resident = 0.0
    for low in range(0, items, fitting):
        vectors = _draw(min(fitting, items - low), dimensions, device, seed=low)
        if not low:
            _pass_s(vectors[: 4 * ROWS], head)  # the first products set up the libraries
        streamed += _pass_s(vectors, head)
        if RESIDENCE.hold(vectors, device, key=str(low), rows=ROWS) is not None:
            resident += _pass_s(vectors, head, key=str(low))
        RESIDENCE.release()
    name = size_name(items)
    figures = {f"gpu_pass_{name}_s": streamed, "gpu_copy_gb_s": carried}
    figures["gpu_copy_fraction"] = items * dimensions * 2 / streamed / 1e9 / carried
    return figures | ({f"gpu_resident_{name}_s": resident} if resident else {})


def copy_bandwidth(device: torch.device, *, size: int = COPIED_BYTES) -> float:
    """Return the GB (10⁹) a second that are copied from pinned memory to a device, the best of some copies.

    Args:
        device: where to.
        size: bytes of a copy.
    """
    pinned = device.type == "cuda"
    here = torch.ones(size, dtype=torch.uint8, pin_memory=pinned)
    there = torch.empty(size, dtype=torch.uint8, device=device)
    best = min(_seconds(lambda: there.copy_(here, non_blocking=pinned), device) for _ in range(COPIES))
    return size / best / 1e9


def _pass_s(vectors: npt.NDArray[np.float16], head: TrainedHead, *, key: str = "") -> float:
    shares = np.asarray(SHARES, np.float32)
    return _seconds(
        lambda: swept_pass(vectors, head, shares, temperature=1.0, rows=ROWS, key=key), head.device
    )


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    _finish(device)
    began = time.perf_counter()
    work()
    _finish(device)
    return time.perf_counter() - began


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _centres(dimensions: int) -> npt.NDArray[np.float32]:
    drawn = np.random.default_rng([0, 1]).standard_normal((len(SHARES), dimensions)) * SPREAD
    return drawn.astype(np.float32)


def _draw(count: int, dimensions: int, device: torch.device, *, seed: int) -> npt.NDArray[np.float16]:
    """Return (count, dimensions) vectors of planted classes, drawn on the device."""
    generator = torch.Generator(device).manual_seed(seed)
    centres = torch.from_numpy(_centres(dimensions)).to(device)
    shares = torch.tensor(SHARES, device=device)
    vectors = np.empty((count, dimensions), np.float16)
    for low in range(0, count, ROWS):
        high = min(low + ROWS, count)
        classes = torch.multinomial(shares, high - low, replacement=True, generator=generator)
        noise = torch.randn((high - low, dimensions), generator=generator, device=device)
        vectors[low:high] = (noise + centres[classes]).to(torch.float16).cpu().numpy()
    return vectors


def _head(device: torch.device, dimensions: int) -> TrainedHead:
    """Train the default head on labels of the planted classes, as many of each."""
    labels = np.arange(LABELS, dtype=np.int64) % len(SHARES)
    noise = np.random.default_rng(2).standard_normal((LABELS, dimensions)).astype(np.float32)
    training = TrainingSet(noise + _centres(dimensions)[labels], labels, len(SHARES))
    section = HeadSection()
    return heads.get(section.name).fit(training, section=section, seed=0, device=device)


def _free_memory() -> int:
    """Return the bytes of the machine's memory that are free, a quarter of all of it where that cannot be told."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4
