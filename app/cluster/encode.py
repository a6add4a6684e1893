"""Encoding a pool on a Dask cluster: each worker encodes rows with an encoder of its own, on its own GPU if it has one.

The vectors come back in the order of the rows and are written and hashed here, as those of one machine are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.cluster.connection import Connection, connect, disconnect
from app.cluster.encode_there import EncodeTask, encode_rows
from app.cluster.gathering import gather
from app.errors import ClusterError, PartUnseenError
from models.encoders.contract import FloatArray
from models.encoders.elsewhere import EncoderWish, Range

log = logging.getLogger("goldpan.cluster")

RANGES_A_PART = 8
"""Ranges of rows that a worker encodes before it sends them."""

PARTS_AHEAD = 4
"""So many parts for each worker are asked for before the first of them is written: the vectors wait on the workers."""


class ClusterEncoder:
    """Encodes the pool of a project on a cluster, where its workers see the project's folder."""

    def __init__(self, address: str, folder: Path, pool_hash: str) -> None:
        """Remember where; nothing is connected yet.

        Args:
            address: of the scheduler.
            folder: of the pool's snapshot.
            pool_hash: of the pool.
        """
        self._address, self._folder, self._pool_hash = address, folder, pool_hash

    def __call__(self, wish: EncoderWish) -> Iterator[FloatArray]:
        """Yield the vectors of each range, in order.

        Args:
            wish: which encoder, and which rows.

        Raises:
            ClusterError: the cluster is not there, went away, or a worker's encoder or versions are others.
            EncoderError: the encoder failed.
        """
        task = EncodeTask(
            pool_folder=str(self._folder),
            pool_hash=self._pool_hash,
            encoder=wish.encoder,
            section=wish.section,
            seed=wish.seed,
            weights=wish.weights,
            probe=wish.probe,
        )
        connection = connect(self._address)
        done = 0
        try:
            for vectors in _encoded(connection, task, wish.ranges):
                yield vectors
                done += 1
        except PartUnseenError as problem:
            log.warning("%s; the pool is encoded on this machine", problem)
            for low, high in wish.ranges[done:]:
                yield wish.here(low, high)
        except ClusterError:
            disconnect()
            raise


def _encoded(connection: Connection, task: EncodeTask, ranges: Sequence[Range]) -> Iterator[FloatArray]:
    parts = [tuple(ranges[low : low + RANGES_A_PART]) for low in range(0, len(ranges), RANGES_A_PART)]
    ahead = PARTS_AHEAD * max(len(connection.workers()), 1)
    client = connection.client
    kept = client.scatter(task, hash=False, broadcast=False)
    for first in range(0, len(parts), ahead):
        found: dict[int, list[FloatArray]] = {}

        def ask(place: int) -> Any:  # noqa: ANN401 - a future of distributed
            return client.submit(encode_rows, kept, parts[place], connection.versions, pure=False)

        def again(place: int, unseen: bool) -> None:
            nonlocal kept
            if unseen:
                raise PartUnseenError(f"a worker does not see {task.pool_folder}")
            kept = client.scatter(task, hash=False, broadcast=False)

        gather(
            connection,
            range(first, min(first + ahead, len(parts))),
            ask=ask,
            again=again,
            take=found.__setitem__,
        )
        for place in sorted(found):
            yield from found[place]
