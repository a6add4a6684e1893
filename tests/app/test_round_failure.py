"""Why a round failed: told by its error, whichever library raised it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from app.errors import ClusterLostError, RoundFailedError
from app.round_failure import Cause, cause_of, failure_of
from models.errors import DeviceError, TrainingDivergedError, TrainingSetError


@pytest.mark.parametrize(
    ("problem", "cause"),
    [
        (MemoryError(), Cause.MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), Cause.GPU_MEMORY),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
            Cause.MEMORY,
        ),
        (OSError(12, "Cannot allocate memory"), Cause.MEMORY),
        (torch.AcceleratorError("CUDA error: device-side assert triggered"), Cause.DEVICE),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), Cause.DEVICE),
        (RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm"), Cause.DEVICE),
        (DeviceError("device 'cuda' is not there"), Cause.DEVICE),
        (TrainingDivergedError("the training loss is not a number"), Cause.DIVERGED),
        (ClusterLostError("all workers are gone"), Cause.CLUSTER),
        (TrainingSetError("the vectors hold NaN"), Cause.OTHER),
        (RuntimeError("shapes do not fit"), Cause.OTHER),
        (ValueError("out of memory of what was meant"), Cause.OTHER),
    ],
)
def test_cause_of__each_kind(problem: Exception, cause: Cause) -> None:
    assert cause_of(problem) is cause


def test_cause_of__a_real_allocation_that_fails() -> None:
    with pytest.raises(MemoryError) as numpys:
        np.empty(1 << 60, dtype=np.uint8)
    with pytest.raises(RuntimeError) as torchs:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert cause_of(numpys.value) is cause_of(torchs.value) is Cause.MEMORY


def test_cause_of__the_error_behind_the_error() -> None:
    outer = ValueError("the head could not be trained")
    outer.__cause__ = MemoryError()
    assert cause_of(outer) is Cause.MEMORY


def test_failure_of__passes_between_processes_without_torch() -> None:
    failure = failure_of(torch.OutOfMemoryError("CUDA out of memory.\nA long advice."))
    content = pickle.dumps(failure)
    assert b"torch" not in content
    again = pickle.loads(content)
    assert isinstance(again, RoundFailedError)
    assert (str(again), again.cause) == (
        "the GPU has too little memory free (OutOfMemoryError: CUDA out of memory.)",
        Cause.GPU_MEMORY,
    )
