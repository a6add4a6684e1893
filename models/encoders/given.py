"""Vectors that come with the pool, handed on as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.encoders.contract import FloatArray, ItemSource, Progress, ranges
from models.errors import EncoderInputError

if TYPE_CHECKING:
    from config.schema import EncoderSection

CHUNK_ROWS = 8192
SHOWN_ROWS = 5


@dataclass(frozen=True)
class FittedGiven:
    """Vectors of a known length.

    Attributes:
        dimensions: length d of every vector.
        halves: whether float16 holds every number exactly: then half the room on disk and in reading is saved.
    """

    dimensions: int
    halves: bool = False

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Read a range of rows.

        Args:
            source: the pool.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32; zeros where the item is unreadable.

        Raises:
            EncoderInputError: a vector has another length, or holds NaN or infinite numbers.
        """
        vectors = _read(source, start, stop)
        _check_length(vectors, start, stop, self.dimensions)
        bad = _bad_rows(vectors, source.readable[start:stop])
        if len(bad):
            raise EncoderInputError(_not_finite(list(bad + start)))
        vectors[~source.readable[start:stop]] = 0
        return vectors


class GivenEncoder:
    """Ready-made vectors (`.npy` file or list column): checked, made float32, not scaled."""

    name = "given"
    kinds = frozenset({"vectors"})

    def obstacle(self, section: EncoderSection) -> str:
        """Return "": nothing is needed."""
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedGiven:
        """Check every vector once; nothing is learned.

        Args:
            source: the pool.
            section: not used; the vectors keep their length.
            seed: not used.
            progress: told the share read.

        Returns:
            The encoder, with the length of the vectors.

        Raises:
            EncoderInputError: vectors of different lengths, of length 0, or with NaN or infinite numbers; the
                message gives the rows.
        """
        n = len(source)
        first = _read(source, 0, min(1, n))
        if first.ndim != 2 or first.shape[1] < 1:
            raise EncoderInputError(f"vectors must be (n, d) with d at least 1, got shape {first.shape}")
        dimensions = first.shape[1]
        bad: list[int] = []
        halves = True
        for low, high in ranges(0, n, CHUNK_ROWS):
            vectors = _read(source, low, high)
            _check_length(vectors, low, high, dimensions)
            bad.extend(int(row) + low for row in _bad_rows(vectors, source.readable[low:high]))
            halves = halves and _fits_halves(vectors, source.readable[low:high])
            progress(high / n, "checking vectors")
        if bad:
            raise EncoderInputError(_not_finite(bad))
        return FittedGiven(dimensions, halves)


def _read(source: ItemSource, start: int, stop: int) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.array(source.vectors(start, stop), dtype=np.float32)


def _bad_rows(vectors: FloatArray, readable: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.flatnonzero(~np.isfinite(vectors).all(axis=1) & readable)


def _fits_halves(vectors: FloatArray, readable: npt.NDArray[np.bool_]) -> bool:
    with np.errstate(over="ignore", under="ignore"):
        held = vectors.astype(np.float16)
    return bool((held == vectors)[readable].all())


def _check_length(vectors: FloatArray, start: int, stop: int, dimensions: int) -> None:
    if vectors.shape == (stop - start, dimensions):
        return
    raise EncoderInputError(
        f"rows {start} to {stop - 1} gave vectors of shape {vectors.shape}, expected {(stop - start, dimensions)};"
        " every vector needs the same length"
    )


def _not_finite(rows: list[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:SHOWN_ROWS])
    more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    return (
        f"{len(rows)} ready-made vectors hold NaN, infinite or too large numbers: rows {shown}{more}"
        " (the first row is 0); put them right or take these items out of the pool"
    )
