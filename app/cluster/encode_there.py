"""What a worker of the cluster does to encode rows of the pool."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.cluster.there import check_versions
from app.errors import ClusterMismatchError, PartUnseenError

if TYPE_CHECKING:
    from config.schema import EncoderSection
    from labeling.pools.pool import Pool
    from models.encoders.contract import FittedEncoder, FloatArray
    from models.encoders.elsewhere import Range

TOLERANCE = 2e-2
"""How far a worker's vectors may be from this machine's, as a share of the largest number: a GPU rounds otherwise."""

_ONE_AT_A_TIME = threading.Lock()

_OPENED: dict[int, tuple[EncodeTask, Pool, FittedEncoder]] = {}
"""The pool and the encoder that this process opened last."""


@dataclass(frozen=True, eq=False)
class EncodeTask:
    """Which encoder, and of which pool.

    Attributes:
        pool_folder: the pool's snapshot, as it is called on the machine that asks.
        pool_hash: the pool's hash.
        encoder: its name.
        section: its settings; the device is chosen by each worker for itself.
        seed: of every random choice.
        weights: what it learned, by name; None for one that is fitted again, the same everywhere.
        probe: (b, d) the first vectors as that machine makes them.
    """

    pool_folder: str
    pool_hash: str
    encoder: str
    section: EncoderSection
    seed: int
    weights: Mapping[str, FloatArray] | None
    probe: FloatArray


def encode_rows(task: EncodeTask, ranges: Sequence[Range], expected: dict[str, str]) -> list[FloatArray]:
    """Encode ranges of rows.

    Args:
        task: which encoder, and of which pool.
        ranges: first row and row after the last of each.
        expected: versions of the machine that asks.

    Returns:
        (high - low, d) float32 for each.

    Raises:
        ClusterMismatchError: other versions, another pool at the same path, or an encoder that encodes otherwise.
        PartUnseenError: the worker does not see the pool.
        EncoderError: the encoder failed.
    """
    from threadpoolctl import threadpool_limits

    check_versions(expected)
    with _ONE_AT_A_TIME, threadpool_limits(1, user_api="blas"):
        pool, fitted = _open(task)
        return [fitted.transform(pool, low, high) for low, high in ranges]


def _open(task: EncodeTask) -> tuple[Pool, FittedEncoder]:
    for known, pool, fitted in _OPENED.values():
        if _same(known, task):
            return pool, fitted
    pool = _open_pool(task)
    fitted = _fit(task, pool)
    made = fitted.transform(pool, 0, len(task.probe))
    scale = float(np.abs(task.probe).max()) or 1.0
    if made.shape != task.probe.shape or float(np.abs(made - task.probe).max()) > TOLERANCE * scale:
        raise ClusterMismatchError(
            f"the encoder {task.encoder} gives other vectors on a worker than here; it may have other weights or see "
            "other media: share what it reads under the same path"
        )
    _OPENED.clear()
    _OPENED[0] = (task, pool, fitted)
    return pool, fitted


def _same(known: EncodeTask, task: EncodeTask) -> bool:
    return (known.pool_folder, known.pool_hash, known.encoder, known.section, known.seed) == (
        task.pool_folder,
        task.pool_hash,
        task.encoder,
        task.section,
        task.seed,
    ) and np.array_equal(known.probe, task.probe)


def _open_pool(task: EncodeTask) -> Pool:
    from app.plugins import ensure_loaded
    from labeling.pools.errors import SnapshotError
    from labeling.pools.pool import open_pool

    ensure_loaded("reader", "encoder")
    if not Path(task.pool_folder).is_dir():
        raise PartUnseenError(f"a worker does not see {task.pool_folder}")
    try:
        pool = open_pool(Path(task.pool_folder))
    except SnapshotError as problem:
        raise ClusterMismatchError(
            f"the pool {task.pool_folder} on a worker is not the one here: {problem}"
        ) from problem
    if pool.hash != task.pool_hash:
        raise ClusterMismatchError(
            f"the pool {task.pool_folder} on a worker has the hash {pool.hash[:12]}…, the one here "
            f"{task.pool_hash[:12]}…; share the project's folder under the same path, or under none"
        )
    return pool


def _fit(task: EncodeTask, pool: Pool) -> FittedEncoder:
    from models.encoders.kept import RevivingEncoder
    from models.encoders.registry import encoders

    encoder = encoders.get(task.encoder)
    if task.weights is not None and isinstance(encoder, RevivingEncoder):
        revived = encoder.revive(task.weights, pool, section=task.section, seed=task.seed)
        if revived is not None:
            return revived
    return encoder.fit(pool, section=task.section, seed=task.seed, progress=lambda share, text: None)
