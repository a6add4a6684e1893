"""Scoring a pool on a Dask cluster: what `models.scoring.score_pool` gives, with the answers left on the workers."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from app.cluster.answers import ClusterAnswers
from app.cluster.connection import connect, disconnect
from app.cluster.there import Pass
from app.errors import ClusterError
from models.devices import choose_device, fixed_threads
from models.heads.contract import TrainedHead
from models.kept_rows import choose_kept, disputed_reach
from models.learn import Learned
from models.scoring import PoolScores, member_probabilities, pool_shares, stated_shares


@dataclass(frozen=True)
class ClusterScores(PoolScores):
    """What a trained head says about every item, the answers on the workers of a cluster.

    Attributes:
        elsewhere: the answers; `probabilities`, `balanced_probabilities` and `disagreement` fetch rows of them.
    """

    elsewhere: ClusterAnswers


def score_on_cluster(
    address: str,
    learned: Learned,
    vectors: npt.NDArray[np.floating],
    *,
    path: Path,
    vectors_hash: str,
    device: str,
    chunk_rows: int,
    prior: npt.NDArray[np.floating] | None = None,
) -> ClusterScores:
    """Score all items of a pool on the workers of a cluster.

    Args:
        address: of the scheduler.
        learned: the head and its temperature.
        vectors: (n, d) of the pool.
        path: of their file.
        vectors_hash: their hash.
        device: name of the device, chosen by each worker for itself.
        chunk_rows: rows scored at once.
        prior: (k,) class shares of the pool; None estimates them.

    Raises:
        ClusterError: the cluster is not there, went away, or has other versions or files.
        TrainingSetError: the vectors have another length than the head reads, or hold NaN or infinite numbers.
    """
    head = learned.trained.to(choose_device(device))
    connection = connect(address)
    try:
        cut = connection.cut(
            path, vectors, vectors_hash=vectors_hash, chunk_rows=chunk_rows, classes=head.class_count
        )
        connection.forget_gone()
        task = Pass(_head_bytes(learned), device, chunk_rows)
        answers = ClusterAnswers(connection, cut, task, classes=head.class_count)
        return _add_up(answers, head, vectors, temperature=learned.temperature, prior=prior)
    except ClusterError:
        # The next round begins with a connection of its own.
        disconnect()
        raise


def _add_up(
    answers: ClusterAnswers,
    head: TrainedHead,
    vectors: npt.NDArray[np.floating],
    *,
    temperature: float,
    prior: npt.NDArray[np.floating] | None,
) -> ClusterScores:
    balanced: Any = answers.rows("balanced")
    with fixed_threads():
        given = None if prior is None else stated_shares(prior, head.class_count)
        shares = given or pool_shares(vectors, head, balanced, temperature=temperature)
        answers.settle(shares.shares)
        reach = disputed_reach(len(vectors), class_count=head.class_count)
        kept = choose_kept(vectors, *answers.most_disputed(reach), class_count=head.class_count)
        members = member_probabilities(vectors[kept], head, temperature=temperature)
    return ClusterScores(
        probabilities=cast(Any, answers.rows("probabilities")),
        balanced_probabilities=balanced,
        disagreement=cast(Any, answers.rows("disagreement")),
        prior=shares.shares,
        prior_low=shares.low,
        prior_high=shares.high,
        member_rows=kept,
        member_probabilities=members,
        elsewhere=answers,
    )


def _head_bytes(learned: Learned) -> bytes:
    with tempfile.TemporaryDirectory(prefix="goldpan-head-") as place:
        file = Path(place) / "head.safetensors"
        learned.trained.save(file, temperature=learned.temperature)
        return file.read_bytes()
