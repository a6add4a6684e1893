"""How a pool is cut into parts for a cluster, and how a worker knows that it sees the same numbers."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.version import VERSION

PARTS_A_WORKER = 4
"""So many parts for each worker: when one is lost, its work is shared out among the others."""

PART_BYTES = 1 << 28
"""Most bytes of vectors and answers of a part, so that several fit into a worker."""

LOOKED_AT = 64
"""Rows of a part, evenly spaced, by which a worker knows that its file holds the same numbers."""

LIBRARIES = ("torch", "numpy")
"""What computes: other versions may add the same numbers in another order."""


@dataclass(frozen=True)
class Part:
    """Rows of the pool that one worker scores, and where their vectors are.

    Attributes:
        path: of `vectors.npy`, as it is called on this machine.
        shape: (n, d) of the whole file.
        dtype: of its numbers.
        low: the first row of the part.
        high: the row after its last.
        digest: SHA-256 of the rows that are looked at, hexadecimal.
    """

    path: str
    shape: tuple[int, int]
    dtype: str
    low: int
    high: int
    digest: str

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.high - self.low


def cut_pool(count: int, *, workers: int, chunk_rows: int, row_bytes: int) -> list[tuple[int, int]]:
    """Return first row and row after the last of each part.

    Every part begins at a multiple of the chunk, so that the matrix products are those of one machine.

    Args:
        count: rows of the pool, at least 1.
        workers: of the cluster.
        chunk_rows: rows scored at once.
        row_bytes: bytes of a row's vector and answers.
    """
    even = -(-count // (PARTS_A_WORKER * max(workers, 1)))
    wanted = min(even, max(PART_BYTES // row_bytes, 1))
    rows = max(-(-wanted // chunk_rows), 1) * chunk_rows
    return [(low, min(low + rows, count)) for low in range(0, count, rows)]


def describe_parts(
    path: Path, vectors: npt.NDArray[np.floating], cuts: list[tuple[int, int]]
) -> tuple[Part, ...]:
    """Return the parts of a pool as workers are told of them.

    Args:
        path: of `vectors.npy`.
        vectors: (n, d) its numbers.
        cuts: as of `cut_pool`.
    """
    shape = (int(vectors.shape[0]), int(vectors.shape[1]))
    return tuple(
        Part(str(path), shape, vectors.dtype.name, low, high, look_at(vectors[low:high]))
        for low, high in cuts
    )


def look_at(vectors: npt.NDArray[np.floating]) -> str:
    """Return the SHA-256 of some rows of a part, evenly spaced.

    Args:
        vectors: (b, d) of the part.
    """
    taken = min(len(vectors), LOOKED_AT)
    return digest_of(vectors[(np.arange(taken, dtype=np.int64) * len(vectors)) // max(taken, 1)])


def digest_of(vectors: npt.NDArray[np.floating]) -> str:
    """Return the SHA-256 of numbers as they are stored, hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()


def installed_versions() -> dict[str, str]:
    """Return the versions here of what must be the same on all machines, by name."""
    found = {"goldpan": VERSION, "python": ".".join(platform.python_version_tuple()[:2])}
    for name in LIBRARIES:
        try:
            # A build's own suffix, such as +cpu, tells nothing of what differs between machines of a cluster.
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            found[name] = "missing"
    return found
