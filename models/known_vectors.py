"""Vectors that items have from before: a pool that grew encodes its new items alone.

Nothing is taken over unless the encoder would give the item the same vector again: same settings, same state
(`models.encoders.kept.encoder_state`), and the caller vouches that the item is as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.encoders.contract import FittedEncoder, FloatArray, ItemSource

if TYPE_CHECKING:
    from models.vectors import VectorFile


@dataclass(frozen=True)
class KnownVectors:
    """Vectors of some of a pool's items.

    Attributes:
        file: the vectors from before.
        array: its memory map, opened before new vectors take the file's place.
        rows: (n,) int64; the row in `array` of each item of the pool, -1 for items that are new or were changed.
    """

    file: VectorFile
    array: npt.NDArray[np.floating]
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True)
class GrownEncoder:
    """A fitted encoder that looks up the vectors it gave before and encodes the other items.

    Attributes:
        fitted: the encoder.
        known: what it gave before.
        dimensions: length d of the vectors.
        halves: whether float16 holds them exactly.
    """

    fitted: FittedEncoder
    known: KnownVectors
    dimensions: int
    halves: bool = False

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Look up or encode a range of rows; see `FittedEncoder.transform`.

        Args:
            source: the pool.
            start: first row.
            stop: row after the last.
        """
        rows = self.known.rows[start:stop]
        there = rows >= 0
        vectors = np.empty((stop - start, self.dimensions), np.float32)
        vectors[there] = self.known.array[rows[there]]
        # The stretches without a known vector: where one begins the difference is 1, behind its end -1.
        steps = np.diff(np.concatenate([[0], (~there).astype(np.int8), [0]]))
        for low, high in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
            vectors[low:high] = self.fitted.transform(source, start + int(low), start + int(high))
        return vectors


def reuse_vectors(
    fitted: FittedEncoder, known: KnownVectors | None, *, settings: str, state: str | None, items: int
) -> FittedEncoder:
    """Return the encoder, or one that takes over the vectors that the same encoder gave before.

    Args:
        fitted: the encoder.
        known: vectors from before; None where there are none.
        settings: hash of its settings, as `VectorFile.settings_hash`.
        state: what it learned, as `VectorFile.state`; None where that cannot be told.
        items: n, the items of the pool.
    """
    if (
        known is None
        or state is None
        or (known.file.settings_hash, known.file.state) != (settings, state)
        or known.file.shape[1] != fitted.dimensions
        or known.rows.shape != (items,)
    ):
        return fitted
    return GrownEncoder(fitted, known, fitted.dimensions, getattr(fitted, "halves", False))
