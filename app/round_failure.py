"""Why a round failed: told apart in the worker, where the errors of torch are known, and handed on as plain text.

Free of torch by itself: the web server must not import it, not even to read an error that came back from its worker.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from enum import StrEnum

from app.errors import ClusterError, RoundFailedError
from config.errors import GoldpanError
from models.errors import DeviceError, TrainingDivergedError


class Cause(StrEnum):
    """Why a round failed, as far as it decides how the next one is run."""

    MEMORY = "memory"
    GPU_MEMORY = "gpu_memory"
    DEVICE = "device"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    WORKER = "worker"
    CLUSTER = "cluster"
    OTHER = "other"


WORDS = {
    Cause.MEMORY: "there was not enough memory",
    Cause.GPU_MEMORY: "the GPU has too little memory free",
    Cause.DEVICE: "the device it computed on was lost",
    Cause.DIVERGED: "the training diverged",
    Cause.CLUSTER: "the cluster could not be used",
}
"""What is said in front of the error itself."""

_MEMORY_TEXTS = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
_DEVICE_TEXTS = (
    "cuda error",
    "cublas",
    "cudnn",
    "cusolver",
    "cusparse",
    "nvrtc",
    "nccl",
    "mps backend",
    "hip error",
)
_GPU_TEXTS = (
    "cuda out of memory",
    "cuda error: out of memory",
    "hip out of memory",
    "mps backend out of memory",
)
_MEMORY_NAMES = ("OutOfMemoryError",)
_DEVICE_NAMES = ("AcceleratorError",)


def failure_of(problem: BaseException) -> RoundFailedError:
    """Return what is told of an error that ended a round.

    Args:
        problem: the error.
    """
    cause = cause_of(problem)
    said = str(problem) if isinstance(problem, GoldpanError) else f"{type(problem).__name__}: {problem}"
    first = said.strip().partition("\n")[0]
    return RoundFailedError(f"{WORDS[cause]} ({first})" if cause in WORDS else said, cause)


def cause_of(problem: BaseException) -> Cause:
    """Return why a round failed, from its error and those behind it.

    Args:
        problem: the error.
    """
    for error in _chain(problem):
        names = {kind.__name__ for kind in type(error).__mro__}
        text = str(error).lower()
        if _is_memory(error, names, text):
            return Cause.GPU_MEMORY if any(part in text for part in _GPU_TEXTS) else Cause.MEMORY
        if isinstance(error, DeviceError) or names.intersection(_DEVICE_NAMES):
            return Cause.DEVICE
        if isinstance(error, RuntimeError) and any(part in text for part in _DEVICE_TEXTS):
            return Cause.DEVICE
        if isinstance(error, TrainingDivergedError):
            return Cause.DIVERGED
        if isinstance(error, ClusterError):
            return Cause.CLUSTER
    return Cause.OTHER


def _is_memory(error: BaseException, names: set[str], text: str) -> bool:
    if isinstance(error, MemoryError) or names.intersection(_MEMORY_NAMES):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    # A lost device may also speak of memory ("illegal memory access"): only these words mean that there is too little.
    return isinstance(error, RuntimeError) and any(part in text for part in _MEMORY_TEXTS)


def _chain(problem: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    error: BaseException | None = problem
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
