"""Putting a pool onto the axes of its map on a Dask cluster: each worker places its parts; places come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.cluster.connection import connect, disconnect
from app.cluster.gathering import gather
from app.cluster.there import place_part
from app.errors import ClusterError
from models.projection import chunk_rows

Doubles = npt.NDArray[np.float64]


class ClusterPlace:
    """Does what `models.projection.place_on_axes` does, on a cluster."""

    def __init__(self, address: str, path: Path, vectors_hash: str) -> None:
        """Remember where; nothing is connected yet.

        Args:
            address: of the scheduler.
            path: of the file of the vectors.
            vectors_hash: their hash.
        """
        self._address, self._path, self._hash = address, path, vectors_hash

    def __call__(self, vectors: npt.NDArray[np.floating], mean: Doubles, axes: Doubles) -> Doubles:
        """Return (n, a) coordinates of all items.

        Args:
            vectors: (n, d).
            mean: (d,) where the axes meet.
            axes: (d, a).

        Raises:
            ClusterError: the cluster is not there, went away, or has other versions or files.
        """
        connection = connect(self._address)
        rows = chunk_rows(vectors.shape[1])
        result = np.zeros((len(vectors), axes.shape[1]))
        try:
            cut = connection.cut(self._path, vectors, vectors_hash=self._hash, chunk_rows=rows, classes=0)
            connection.forget_gone()

            def ask(place: int) -> Any:  # noqa: ANN401 - a future of distributed
                part, sent = cut.parts[place], connection.sent(place)
                return connection.client.submit(
                    place_part,
                    part,
                    sent,
                    mean,
                    axes,
                    connection.versions,
                    workers=[cut.homes[place]],
                    allow_other_workers=True,
                    pure=False,
                )

            def again(place: int, unseen: bool) -> None:
                if unseen or connection.sent(place) is not None:
                    connection.send(place)

            def take(place: int, places: Doubles) -> None:
                result[cut.parts[place].low : cut.parts[place].high] = places

            places, lost_with = range(len(cut.parts)), connection.sent_to
            gather(connection, places, ask=ask, again=again, take=take, lost_with=lost_with)
        except ClusterError:
            disconnect()
            raise
        return result
