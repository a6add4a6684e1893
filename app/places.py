"""Takes the items' places on the map over a change of the pool: by item key, since rows move."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from app.layouts import FloatArray
from app.project import ProjectPaths
from labeling.errors import LabelingError
from labeling.pools.pool import Pool, open_pool
from models.arranging import carry_places
from models.errors import ModelError
from models.layout_files import ARRANGED, LayoutInfo, open_layout, read_layout_info
from models.vectors import open_vectors

log = logging.getLogger("goldpan.places")

CHUNK_ROWS = 65_536


@dataclass(frozen=True)
class KnownPlaces:
    """Where the items of a pool lay.

    Attributes:
        pool: the pool before its change; its files stay mapped while new ones take their place.
        places: (n, 2) float32.
        info: of their layout.
    """

    pool: Pool
    places: FloatArray
    info: LayoutInfo


def remember_places(paths: ProjectPaths) -> KnownPlaces | None:
    """Return where the items lie now; None where the pool is damaged or not arranged yet."""
    info = read_layout_info(paths.vectors, ARRANGED)
    try:
        pool = open_pool(paths.pool)
        if info is None or info.pool_hash != pool.hash:
            return None
        return KnownPlaces(pool, open_layout(paths.vectors, ARRANGED, expected_rows=pool.n), info)
    except (LabelingError, ModelError, OSError):
        return None


def hand_over_places(known: KnownPlaces, pool: Pool, paths: ProjectPaths) -> None:
    """Keep the places of the items that the changed pool still has, for its layout to start from.

    Where they cannot be kept, the layout starts from the principal axes: nothing else depends on them.
    """
    file = open_vectors(paths.vectors)
    if file.hash == known.info.vectors_hash:
        # The same vectors: their layout holds as it is.
        return
    places = np.full((pool.n, 2), np.nan, np.float32)
    for low in range(0, pool.n, CHUNK_ROWS):
        keys = pool.keys(np.arange(low, min(low + CHUNK_ROWS, pool.n)))
        rows = known.pool.rows(keys)
        there = rows >= 0
        places[low : low + len(rows)][there] = known.places[rows[there]]
    try:
        carry_places(places, known.info, folder=paths.vectors, file=file)
    except ModelError as problem:
        log.warning("the items' places on the map are not kept: %s", problem)
