"""Takes vectors over a change of the pool: by item key, since rows move, and only where an item is as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.project import ProjectPaths
from labeling.errors import LabelingError
from labeling.pools.pool import Pool, open_pool
from models.errors import ModelError
from models.vectors import VectorFile, open_vectors

if TYPE_CHECKING:
    from models.known_vectors import KnownVectors


@dataclass(frozen=True)
class EncodedPool:
    """A pool and its vectors, before its change; their files stay mapped while new ones take their place.

    Attributes:
        pool: the pool.
        file: its vectors.
        array: their memory map.
    """

    pool: Pool
    file: VectorFile
    array: npt.NDArray[np.floating]

    def known(self, pool: Pool) -> KnownVectors:
        """Return the vectors of the items that a changed pool still has as they were.

        Args:
            pool: the changed pool.
        """
        from models.known_vectors import KnownVectors

        return KnownVectors(self.file, self.array, pool.known_rows(self.pool))


def remember_vectors(paths: ProjectPaths) -> EncodedPool | None:
    """Return the pool and its vectors as they are now; None where one is missing, damaged or of another pool."""
    try:
        pool = open_pool(paths.pool)
        file = open_vectors(paths.vectors, expected_rows=pool.n, pool_hash=pool.hash)
        return EncodedPool(pool, file, file.array)
    except (LabelingError, ModelError, OSError):
        return None
