"""One pass over vectors on a GPU: copies run beside the computing, and what fits stays there for the next round.

Vectors travel and rest as they are stored: halves stay halves until they are computed with. On a CPU the same calls
copy at once, which is how the order of things is tested without a GPU.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

log = logging.getLogger("goldpan.models")

RESIDENT_SHARE = 0.5
"""Vectors stay on a GPU where they take up to this share of its free memory; the rest is for computing."""

LEAST_ROWS = 2_048
"""Parts are not made smaller than this when memory runs out: then it is not the parts."""

SMALLER = 4
SLOTS = 2
"""Parts on their way at a time: one is copied while the one before is computed with."""

COPIERS = max(1, min(8, (os.cpu_count() or 1) // 2))
"""Threads that read vectors into the memory that the GPU copies from: one thread is slower than its bus."""

ALONE_BYTES = 4 << 20
"""Fewer bytes are read by one thread."""

Vectors = npt.NDArray[np.floating]
Parts = Generator[tuple[int, int, torch.Tensor], None, None]
Answer = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]
"""Vectors (b, d) on the device → new tensors of b rows there."""

Take = Callable[[int, int, tuple[npt.NDArray[np.generic], ...]], None]
"""First row, row after the last, and the answers to them; the arrays are used again afterwards."""


class Lane:
    """Work that a device does in order, beside other lanes; on anything but a GPU all is done at once."""

    def __init__(self, device: torch.device) -> None:
        """Make a lane.

        Args:
            device: whose.
        """
        make: Any = torch.cuda.Stream  # its types are not told
        self._stream: torch.cuda.Stream | None = make(device) if device.type == "cuda" else None

    def open(self) -> AbstractContextManager[object]:
        """Return the context in which what is asked for goes into this lane."""
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def follow(self, mark: Mark) -> None:
        """Let what comes next in this lane wait for something in another.

        Args:
            mark: what to wait for.
        """
        if self._stream is not None and mark.event is not None:
            self._stream.wait_event(mark.event)

    def uses(self, tensor: torch.Tensor) -> None:
        """Keep a tensor's memory until this lane has done what it was asked with it.

        Args:
            tensor: made in another lane.
        """
        if self._stream is not None:
            tensor.record_stream(self._stream)


@dataclass(frozen=True)
class Mark:
    """A point in the work of a device.

    Attributes:
        event: None where everything is done at once.
    """

    event: torch.cuda.Event | None = None

    @classmethod
    def here(cls, device: torch.device) -> Mark:
        """Return the point that the lane in use has come to.

        Args:
            device: whose lane.
        """
        if device.type != "cuda":
            return cls()
        make: Any = torch.cuda.Event  # its types are not told
        event: torch.cuda.Event = make()
        event.record(torch.cuda.current_stream(device))
        return cls(event)

    def wait(self) -> None:
        """Wait until the device has come to it."""
        if self.event is not None:
            self.event.synchronize()

    def hold(self, device: torch.device) -> None:
        """Let what comes next in the lane in use wait for it.

        Args:
            device: whose lane.
        """
        if self.event is not None:
            torch.cuda.current_stream(device).wait_event(self.event)


class Residence:
    """Vectors that stay on a device from one round to the next; those of one pool at a time."""

    def __init__(self, free_bytes: Callable[[torch.device], int] | None = None) -> None:
        """Keep nothing yet.

        Args:
            free_bytes: how much memory a device has left; None asks it.
        """
        self._free_bytes = free_bytes
        self._key: tuple[str, torch.device] | None = None
        self._kept: torch.Tensor | None = None

    def hold(self, vectors: Vectors, device: torch.device, *, key: str, rows: int) -> torch.Tensor | None:
        """Return the vectors on the device, copied there unless they are there already.

        Args:
            vectors: (n, d).
            device: where they shall be.
            key: what tells them from others: their hash.
            rows: copied at once.

        Returns:
            (n, d) as they are stored; None where they would take too much of the free memory.
        """
        if self._kept is not None and self._key == (key, device):
            return self._kept
        self.release()
        free = (self._free_bytes or free_memory)(device)
        if vectors.nbytes > RESIDENT_SHARE * free:
            return None
        there = torch.empty(vectors.shape, dtype=_dtype_of(vectors), device=device)
        with closing(staged(vectors, device, rows=rows)) as parts:
            for start, stop, part in parts:
                there[start:stop] = part
        self._key, self._kept = (key, device), there
        return there

    def release(self) -> None:
        """Give the memory back."""
        self._key = self._kept = None


RESIDENCE = Residence()
"""Of this process: a worker's rounds are of one pool."""


def sweep(
    vectors: Vectors,
    device: torch.device,
    answer: Answer,
    take: Take,
    *,
    rows: int,
    key: str = "",
    residence: Residence = RESIDENCE,
) -> None:
    """Let a function answer for all vectors on a device, part by part.

    Where the device's memory runs out, the parts become smaller and the vectors no longer stay there.

    Args:
        vectors: (n, d) float16 or float32, often a memory map.
        device: where to compute.
        answer: the function; a row's answer depends on that row alone, since rows may be asked for again.
        take: what is done with the answers, in the order of the rows.
        rows: of a part, at least 1.
        key: hash of the vectors, so that they can stay on the device; "" for vectors that are looked at once.
        residence: where they stay.

    Raises:
        torch.OutOfMemoryError: even small parts do not fit.
    """
    while True:
        try:
            there = residence.hold(vectors, device, key=key, rows=rows) if key else None
            parts = staged(vectors, device, rows=rows) if there is None else _slices(there, rows)
            with closing(parts):
                _answer_all(parts, device, answer, take)
            return
        except torch.OutOfMemoryError as problem:
            residence.release()
            if rows <= LEAST_ROWS:
                raise
            said = str(problem).partition("\n")[0]
        # Beyond the handler: the error's traceback keeps the tensors that there was no room for.
        if device.type == "cuda":
            torch.cuda.empty_cache()
        smaller = max(rows // SMALLER, LEAST_ROWS)
        log.warning(
            "%d vectors at once are too many for %s (%s); going on with %d", rows, device, said, smaller
        )
        rows, key = smaller, ""


def staged(vectors: Vectors, device: torch.device, *, rows: int) -> Parts:
    """Yield parts of the vectors on a device, the next one being copied while one is computed with.

    Args:
        vectors: (n, d).
        device: where the parts shall be.
        rows: of a part.

    Yields:
        First row, row after the last, and (b, d) as they are stored; to be used before the next one is asked for.
    """
    count, shape = len(vectors), (min(rows, len(vectors)), vectors.shape[1])
    dtype, pinned = _dtype_of(vectors), device.type == "cuda"
    host = [torch.empty(shape, dtype=dtype, pin_memory=pinned) for _ in range(SLOTS)]
    there = [torch.empty(shape, dtype=dtype, device=device) for _ in range(SLOTS)] if pinned else host
    lane, copied, used = Lane(device), [Mark()] * SLOTS, [Mark.here(device)] * SLOTS

    def send(slot: int, start: int) -> None:
        size = min(rows, count - start)
        copied[slot].wait()  # the GPU may still be reading what lies there
        _read(vectors[start : start + size], host[slot].numpy()[:size], readers)
        lane.follow(used[slot])
        with lane.open():
            if there is not host:
                there[slot][:size].copy_(host[slot][:size], non_blocking=True)
            copied[slot] = Mark.here(device)

    with ThreadPoolExecutor(COPIERS) as readers:
        try:
            send(0, 0)
            for number, start in enumerate(range(0, count, rows)):
                slot, following = number % SLOTS, start + rows
                if following < count:
                    send((number + 1) % SLOTS, following)
                copied[slot].hold(device)
                stop = min(following, count)
                yield start, stop, there[slot][: stop - start]
                used[slot] = Mark.here(device)
        finally:
            # Memory that a copy still reads or writes must not be given back.
            for mark in copied:
                mark.wait()


def free_memory(device: torch.device) -> int:
    """Return the bytes of memory that a device has left; 0 for one that is no GPU: nothing needs to stay there.

    Args:
        device: which.
    """
    if device.type != "cuda":
        return 0
    # What torch holds back for its own next use is free too.
    held_back = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + int(held_back)


def _answer_all(parts: Parts, device: torch.device, answer: Answer, take: Take) -> None:
    """Answer for each part, and take the answers to the part before it meanwhile."""
    lane = Lane(device)
    before: tuple[int, int, list[torch.Tensor], Mark] | None = None
    for start, stop, part in parts:
        brought, mark = _bring(answer(part), lane, device)
        if before is not None:
            _hand_over(*before, take)
        before = (start, stop, brought, mark)
    if before is not None:
        _hand_over(*before, take)


def _bring(
    found: Sequence[torch.Tensor], lane: Lane, device: torch.device
) -> tuple[list[torch.Tensor], Mark]:
    """Begin to copy answers from the device."""
    if device.type != "cuda":
        return list(found), Mark()
    lane.follow(Mark.here(device))
    with lane.open():
        brought = []
        for tensor in found:
            lane.uses(tensor)
            home = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            brought.append(home.copy_(tensor, non_blocking=True))
        return brought, Mark.here(device)


def _hand_over(start: int, stop: int, brought: Sequence[torch.Tensor], mark: Mark, take: Take) -> None:
    mark.wait()
    take(start, stop, tuple(tensor.numpy() for tensor in brought))


def _slices(there: torch.Tensor, rows: int) -> Parts:
    for start in range(0, len(there), rows):
        stop = min(start + rows, len(there))
        yield start, stop, there[start:stop]


def _read(source: Vectors, target: npt.NDArray[np.generic], readers: ThreadPoolExecutor) -> None:
    """Copy vectors out of a memory map, in several threads where they are many."""
    if source.nbytes <= ALONE_BYTES or COPIERS == 1:
        np.copyto(target, source)
        return
    step = -(-len(source) // COPIERS)
    jobs = [
        readers.submit(np.copyto, target[low : low + step], source[low : low + step])
        for low in range(0, len(source), step)
    ]
    for job in jobs:
        job.result()


def _dtype_of(vectors: Vectors) -> torch.dtype:
    return torch.float16 if vectors.dtype == np.float16 else torch.float32
