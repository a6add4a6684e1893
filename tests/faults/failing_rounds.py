"""Rounds that fail as they do in the field: torch's own errors, a real lack of memory, a loss that is not a number.

What is faulty is named in the environment, so that the worker, a process of its own, has it, too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import torch

from app.worker import Worker, work_round
from models import stepping, training
from models.heads.logistic import LogisticHead

FAULT = "GOLDPAN_TEST_FAULT"
Step = Callable[..., Any]


class FaultyWorker(Worker):
    """The worker, with a fault in the process that it starts."""

    def submit(self, config_path: Path, *, number: int, revision: int, seed: int) -> Future[int]:
        return self._ready().submit(faulty_round, str(config_path), number, revision, seed)


def faulty_round(config_path: str, number: int, revision: int, seed: int) -> int:
    """Run a round in a process that has the fault named in the environment."""
    with_fault(os.environ.get(FAULT, ""))
    return work_round(config_path, number, revision, seed)


def with_fault(name: str) -> None:
    """Put a fault into this process; it stays, as a real one would."""
    if name and not hasattr(LogisticHead.fit, "faulty"):
        faulty = FAULTS[name](LogisticHead.fit)
        faulty.faulty = True  # type: ignore[attr-defined]
        LogisticHead.fit = faulty  # type: ignore[method-assign]


def lost_device(fit: Step) -> Step:
    """Whatever is not computed on the CPU by wish fails, as on a GPU that fell off the bus."""

    def faulty(self: Any, rows: Any, *, section: Any, **options: Any) -> Any:
        if section.device != "cpu":
            raise torch.AcceleratorError("CUDA error: unspecified launch failure")
        return fit(self, rows, section=section, **options)

    return faulty


def little_memory(fit: Step) -> Step:
    """More than four members need more memory than there is; the allocation is real, and it fails."""

    def faulty(self: Any, rows: Any, *, section: Any, **options: Any) -> Any:
        if section.members > 4:
            torch.empty(1 << 60, dtype=torch.uint8)
        return fit(self, rows, section=section, **options)

    return faulty


def not_a_number(fit: Step) -> Step:
    """Training by steps meets parameters that are no numbers; the exact method does not."""
    step_down = stepping.step_down

    def faulty_steps(
        optimiser: str, objective: Step, start: Mapping[str, torch.Tensor], **options: Any
    ) -> Any:
        return step_down(optimiser, lambda point: objective(point * float("nan")), start, **options)

    vars(training)["step_down"] = faulty_steps

    def faulty(self: Any, *arguments: Any, **options: Any) -> Any:
        return fit(self, *arguments, **options)

    return faulty


def hanging(fit: Step) -> Step:
    """With more than four members it never ends."""

    def faulty(self: Any, rows: Any, *, section: Any, **options: Any) -> Any:
        while section.members > 4:
            time.sleep(0.1)
        return fit(self, rows, section=section, **options)

    return faulty


def dying(fit: Step) -> Step:
    """With more than four members the process is gone, without a word."""

    def faulty(self: Any, rows: Any, *, section: Any, **options: Any) -> Any:
        if section.members > 4:
            os._exit(9)
        return fit(self, rows, section=section, **options)

    return faulty


FAULTS: dict[str, Callable[[Step], Step]] = {
    "device": lost_device,
    "memory": little_memory,
    "diverged": not_a_number,
    "timeout": hanging,
    "worker": dying,
}
