"""One pass over the pool: probabilities, disagreement, class shares.

Every chunk of vectors is read once, all members answer at once, and only what the members add up to is kept; their
own answers are kept for a few thousand rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from models.devices import fixed_threads, half_products
from models.errors import TrainingSetError
from models.heads.contract import Progress, TrainedHead, no_progress
from models.heads.scaling import spaced_rows
from models.kept_rows import rows_to_keep
from models.prior import PriorEstimate, estimate_prior, label_prior
from models.sweeping import sweep

CHUNK = 65536
PRIOR_ROWS = 20_000
"""Rows, evenly spaced, from which the class shares are estimated."""

MEMBER_ROWS = 2_000
"""Rows, evenly spaced, on which every member estimates the class shares for the interval."""

MANY_CLASSES = 20
"""Beyond this many classes fewer rows are read for the shares, down to a quarter, to keep the time."""

LEAST_SHARE = np.float32(1e-30)
"""Stands for a share of 0, so that an item that can be of no other class still has probabilities."""

GPU_CHUNKS = 4
"""A GPU is given so many times the rows at once: each part costs it a fraction of a millisecond to begin."""

CPU_SLICE = 4096
"""Rows computed together on a cpu: what the members answer on them stays in its cache."""


@dataclass(frozen=True)
class PoolScores:
    """What a trained head says about every item. n items, k classes.

    Attributes:
        probabilities: (n, k) float32; under the pool's class shares; rows add up to 1.
        balanced_probabilities: (n, k) float32; with the class prior taken out; rows add up to 1. Classes
            without labels, whose name was not learned either, have probability 0 in both.
        disagreement: (n,) float32; mutual information in nats between the class and the ensemble member that
            is asked (BALD: Houlsby et al. 2011), class prior taken out; 0 where all members agree.
        prior: (k,) float32; class shares of the pool, as given or as estimated.
        prior_low: (k,) float32; lower ends of their 95 % interval.
        prior_high: (k,) float32; upper ends.
        member_rows: (r,) int64; ascending rows on which the members' own answers are kept, at most KEPT_ROWS: all
            of a small pool, else the most disputed ones and evenly spaced ones. Unreadable rows are left out.
        member_probabilities: (members, r, k) float32; their answers there with the class prior taken out.
    """

    probabilities: npt.NDArray[np.float32]
    balanced_probabilities: npt.NDArray[np.float32]
    disagreement: npt.NDArray[np.float32]
    prior: npt.NDArray[np.float32]
    prior_low: npt.NDArray[np.float32]
    prior_high: npt.NDArray[np.float32]
    member_rows: npt.NDArray[np.int64]
    member_probabilities: npt.NDArray[np.float32]


def score_pool(
    vectors: npt.NDArray[np.floating],
    trained: TrainedHead,
    *,
    temperature: float = 1.0,
    prior: npt.NDArray[np.floating] | None = None,
    chunk: int = CHUNK,
    device: torch.device | None = None,
    progress: Progress = no_progress,
    key: str = "",
) -> PoolScores:
    """Score all items of a pool.

    On a GPU the copies run beside the computing, and vectors that fit stay there (`models.sweeping`).

    Args:
        vectors: (n, d) float16 or float32, often a read-only memory map; rows of zeros are unreadable items.
        trained: the head.
        temperature: what logits are divided by, greater than 0.
        prior: (k,) class shares of the pool; None estimates them.
        chunk: rows read at once.
        device: where to compute; None for the head's own.
        progress: told the share done.
        key: hash of the vectors, by which they are known again on a GPU in the next round; "" looks at them once.

    Returns:
        The scores; the same whatever the chunk.

    Raises:
        TrainingSetError: the vectors have another length than the head reads, or hold NaN or infinite
            numbers.
        ValueError: temperature, prior or chunk make no sense.
    """
    head = trained.to(device) if device is not None and device != trained.device else trained
    given = None if prior is None else stated_shares(prior, head.class_count)
    _check(vectors, head, temperature, chunk)
    with fixed_threads():
        if head.device.type == "cuda":
            shares = given or pool_shares(vectors, head, temperature=temperature)
            rows = chunk * GPU_CHUNKS
            balanced, disagreement, probabilities = swept_pass(
                vectors, head, shares.shares, temperature=temperature, rows=rows, progress=progress, key=key
            )
        else:
            balanced, disagreement = _pass(vectors, head, temperature, chunk, 0, progress)
            shares = given or pool_shares(vectors, head, balanced, temperature=temperature)
            probabilities = under_shares(balanced, shares.shares, chunk=chunk)
        kept = rows_to_keep(vectors, disagreement, class_count=head.class_count)
        members = member_probabilities(vectors[kept], head, temperature=temperature)
    progress(1.0, "scoring the pool")
    return PoolScores(
        probabilities=probabilities,
        balanced_probabilities=balanced,
        disagreement=disagreement,
        prior=shares.shares,
        prior_low=shares.low,
        prior_high=shares.high,
        member_rows=kept,
        member_probabilities=members,
    )


def swept_pass(
    vectors: npt.NDArray[np.floating],
    head: TrainedHead,
    shares: npt.NDArray[np.float32],
    *,
    temperature: float,
    rows: int,
    progress: Progress = no_progress,
    key: str = "",
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Answer for all items as a GPU does it: parts on their way while others are computed, shares applied there.

    It works on any device, and says the same there within rounding.

    Args:
        vectors: (n, d) float16 or float32.
        head: the head, on the device.
        shares: (k,) class shares of the pool.
        temperature: what logits are divided by.
        rows: of a part.
        progress: told the share done.
        key: hash of the vectors, so that they may stay on the device; "" for none.

    Returns:
        (n, k) with the class prior taken out, (n,) disagreement, (n, k) under the shares.

    Raises:
        TrainingSetError: the vectors hold NaN or infinite numbers.
        torch.OutOfMemoryError: even small parts do not fit.
    """
    count, k = len(vectors), head.class_count
    balanced, probabilities = np.empty((count, k), np.float32), np.empty((count, k), np.float32)
    disagreement = np.empty(count, np.float32)
    weights = torch.from_numpy(np.maximum(shares, LEAST_SHARE)).to(head.device)

    @torch.inference_mode()
    def answer(part: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mean, information = _answer(part.to(torch.float32), head, temperature)
        joint = mean * weights
        return mean, information, joint / joint.sum(dim=1, keepdim=True)

    def take(start: int, stop: int, answers: tuple[npt.NDArray[np.generic], ...]) -> None:
        balanced[start:stop], disagreement[start:stop], probabilities[start:stop] = answers
        _check_finite(disagreement[start:stop], start)
        progress(0.95 * stop / count, "scoring the pool")

    with half_products(head.device):
        sweep(vectors, head.device, answer, take, rows=rows, key=key)
    return balanced, disagreement, probabilities


def answer_rows(
    vectors: npt.NDArray[np.floating],
    head: TrainedHead,
    *,
    temperature: float,
    chunk: int = CHUNK,
    first: int = 0,
    progress: Progress = no_progress,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Compute what the members say together, of a pool or of a part of it.

    Args:
        vectors: (b, d) float16 or float32; rows of zeros are unreadable items.
        head: the head, on the device on which to compute.
        temperature: what logits are divided by, greater than 0.
        chunk: rows read at once. A part that begins at a multiple of it gets the answers that the whole pool would.
        first: the row of the pool at which the part begins, for messages.
        progress: told the share done.

    Returns:
        (b, k) float32 mean probabilities with the class prior taken out, and (b,) float32 disagreement.

    Raises:
        TrainingSetError: the vectors have another length than the head reads, or hold NaN or infinite numbers.
        ValueError: temperature or chunk make no sense.
    """
    _check(vectors, head, temperature, chunk)
    with fixed_threads():
        return _pass(vectors, head, temperature, chunk, first, progress)


def under_shares(
    balanced: npt.NDArray[np.float32], shares: npt.NDArray[np.float32], *, chunk: int = CHUNK
) -> npt.NDArray[np.float32]:
    """Return the probabilities under a pool's class shares.

    Args:
        balanced: (b, k) with the class prior taken out.
        shares: (k,) of the pool.
        chunk: rows computed at once; it changes nothing.

    Returns:
        (b, k); rows add up to 1.
    """
    probabilities = np.empty_like(balanced)
    for start in range(0, len(balanced), chunk):
        joint = balanced[start : start + chunk] * np.maximum(shares, LEAST_SHARE)
        np.divide(joint, joint.sum(axis=1, keepdims=True), out=probabilities[start : start + chunk])
    return probabilities


def member_probabilities(
    vectors: npt.NDArray[np.floating], trained: TrainedHead, *, temperature: float
) -> npt.NDArray[np.float32]:
    """Compute every member's class probabilities with the prior taken out, for a few rows.

    Args:
        vectors: (b, d) float16 or float32.
        trained: the head.
        temperature: what logits are divided by.

    Returns:
        (members, b, k) float32.
    """
    with torch.inference_mode():
        logits = trained.logits(_to_device(vectors, trained.device)) / temperature
        return torch.softmax(logits, dim=2).cpu().numpy()


def pool_shares(
    vectors: npt.NDArray[np.floating],
    head: TrainedHead,
    balanced: npt.NDArray[np.float32] | None = None,
    *,
    temperature: float,
) -> PriorEstimate:
    """Estimate the class shares of a pool from evenly spaced rows.

    Args:
        vectors: (n, d) of the whole pool.
        head: the head.
        balanced: (n, k) its answers with the class prior taken out; read at some rows alone, which are computed here
            where none are given.
        temperature: what logits are divided by.
    """
    counts = head.label_counts.cpu().numpy()
    narrower = max(1.0, head.class_count / MANY_CLASSES)
    rows = spaced_rows(len(vectors), int(MEMBER_ROWS / min(narrower, 4.0)))
    read = np.asarray(vectors[rows])
    read = read[read.any(axis=1)]
    if not head.corrected or not len(read):
        return label_prior(counts)
    members = member_probabilities(read, head, temperature=temperature)
    many = spaced_rows(len(vectors), int(PRIOR_ROWS / min(narrower, 4.0)))
    if balanced is None:
        looked = _answer(_to_device(vectors[many], head.device), head, temperature)[0].cpu().numpy()
    else:
        looked = balanced[many]
    return estimate_prior(looked, members, label_counts=counts)


def stated_shares(prior: npt.NDArray[np.floating], count: int) -> PriorEstimate:
    """Return class shares that are known, as an estimate without an interval.

    Args:
        prior: (k,) not negative, not all 0.
        count: k.

    Raises:
        ValueError: they are no such numbers.
    """
    shares = np.asarray(prior, dtype=np.float64)
    if shares.shape != (count,) or not np.isfinite(shares).all() or shares.min() < 0 or shares.sum() <= 0:
        raise ValueError(f"prior must be {count} numbers, not negative and not all 0, got {prior!r}")
    normed = (shares / shares.sum()).astype(np.float32)
    return PriorEstimate(normed, normed, normed)


def _pass(
    vectors: npt.NDArray[np.floating],
    head: TrainedHead,
    temperature: float,
    chunk: int,
    first_row: int,
    progress: Progress,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    count = len(vectors)
    balanced = np.empty((count, head.class_count), dtype=np.float32)
    disagreement = np.empty(count, dtype=np.float32)
    step = min(chunk, CPU_SLICE) if head.device.type == "cpu" else chunk
    for start in range(0, count, chunk):
        for first in range(start, min(start + chunk, count), step):
            last = min(first + step, start + chunk, count)
            mean, information = _answer(_to_device(vectors[first:last], head.device), head, temperature)
            balanced[first:last], disagreement[first:last] = mean.cpu().numpy(), information.cpu().numpy()
        stop = min(start + chunk, count)
        _check_finite(disagreement[start:stop], first_row + start)
        progress(0.95 * stop / count, "scoring the pool")
    return balanced, disagreement


@torch.inference_mode()
def _answer(
    vectors: torch.Tensor, head: TrainedHead, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the members' mean probabilities (b, k) and their mutual information (b,)."""
    logits = head.logits(vectors) / temperature
    total = torch.logsumexp(logits, dim=2, keepdim=True)
    chance = torch.exp(logits - total)
    own_entropy = total[..., 0] - (chance * logits).sum(dim=2)
    mean = chance.mean(dim=0)
    entropy = -torch.xlogy(mean, mean).sum(dim=1)
    return mean, (entropy - own_entropy.mean(dim=0)).clamp_min(0.0)


def _to_device(vectors: npt.NDArray[np.floating], device: torch.device) -> torch.Tensor:
    copied = np.array(vectors)  # a memory map may be read-only, which torch warns about
    return torch.from_numpy(copied).to(device).to(torch.float32)


def _check(vectors: npt.NDArray[np.floating], trained: TrainedHead, temperature: float, chunk: int) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != trained.dimensions:
        raise TrainingSetError(
            f"the head reads vectors of {trained.dimensions} numbers, the pool's are {vectors.shape}; "
            "train it again"
        )
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature must be greater than 0, got {temperature}")
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")


def _check_finite(disagreement: npt.NDArray[np.float32], start: int) -> None:
    finite = np.isfinite(disagreement)
    if not finite.all():
        raise TrainingSetError(
            f"the vector of row {start + int(np.argmin(finite))} of the pool holds NaN or infinite numbers "
            f"({int((~finite).sum())} rows do in this chunk); write the vectors again"
        )
