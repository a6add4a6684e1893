"""What an encoder is given and what it must return.

An encoder turns items into vectors. `fit` learns from some items, without labels; `transform` encodes a range of
rows. The promise, kept by one contract test over every registered encoder: the same pool and seed give the same
vectors, the way the rows are cut into ranges does not matter (beyond the last bits of a float), the pool is left
unchanged, every vector is finite, and an item that cannot be read has a vector of zeros.

Vectors of encoders that learn have about 1 as root mean square per dimension, so that Euclidean distance means
the same everywhere; ready-made vectors are handed on as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from config.schema import EncoderSection

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and what is being done."""

Role = Literal["numeric", "categorical", "text"]


@runtime_checkable
class ItemSource(Protocol):
    """What an encoder may see of a pool of n items. Rows are half-open ranges `start:stop`."""

    @property
    def kind(self) -> str:
        """One of "table", "image", "text", "series", "vectors"."""
        ...

    @property
    def roles(self) -> Mapping[str, Role]:
        """Column name → role, for the columns the encoder may use; empty where the pool has no table."""
        ...

    @property
    def readable(self) -> BoolArray:
        """(n,) bool; False where the item cannot be read and gets a vector of zeros."""
        ...

    def __len__(self) -> int:
        """Return n."""
        ...

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """Return the columns of `roles` for these rows."""
        ...

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the text of these rows, "" where there is none."""
        ...

    def images(self, start: int, stop: int) -> list[bytes | None]:
        """Return the image files of these rows, None where there is none."""
        ...

    def vectors(self, start: int, stop: int) -> FloatArray:
        """Return the ready-made vectors of these rows, (stop - start, d) float32."""
        ...


class FittedEncoder(Protocol):
    """An encoder after `fit`."""

    @property
    def dimensions(self) -> int:
        """Length d of the vectors, at least 1."""
        ...

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: the pool.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32, finite; row i is item start + i; zeros where it is unreadable.
        """
        ...


@runtime_checkable
class SeekEncoder(Protocol):
    """What a fitted encoder offers besides, where words can be placed among the vectors of its pool.

    `models.encoders.seek.open_seek_encoder` opens the one that made a pool's vectors.
    """

    @property
    def dimensions(self) -> int:
        """Length d of the vectors, the same as the pool's."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Encode words that a person typed, class names or descriptions.

        Args:
            texts: m texts.

        Returns:
            (m, d) float32, finite, in the space of the pool's vectors: whatever is done to an item's vector is done
            to these. Compare by the cosine. Zeros where a text is blank or holds nothing the encoder knows.
        """
        ...


class Encoder(Protocol):
    """A way to turn items into vectors."""

    @property
    def name(self) -> str:
        """The name it is registered under."""
        ...

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of pool it reads."""
        ...

    def obstacle(self, section: EncoderSection) -> str:
        """Return why it cannot run on this machine, and "" where it can; loads and downloads nothing."""
        ...

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedEncoder:
        """Learn from the pool without labels.

        Args:
            source: the pool, at least one item.
            section: the encoder's settings.
            seed: of every random choice.
            progress: told the share of `fit` that is done.

        Returns:
            What `transform` can be called on.

        Raises:
            EncoderUnavailableError: a package or the weights are missing.
            EncoderInputError: the pool does not hold what the encoder reads.
        """
        ...


@dataclass(frozen=True)
class EncoderChoice:
    """Which encoder runs, and why.

    Attributes:
        name: the encoder's name.
        reason: one sentence for the log.
    """

    name: str
    reason: str


def fit_ranges(n: int, limit: int, seed: int, *, block: int = 256) -> list[tuple[int, int]]:
    """Choose the rows an encoder learns from: all, or blocks drawn without replacement.

    Blocks rather than single rows, since a pool is read range by range; many of them, since a pool may be sorted.

    Args:
        n: items in the pool.
        limit: about how many rows to choose at most.
        seed: of the draw.
        block: rows in a block.

    Returns:
        Ascending ranges (start, stop) that do not overlap; at least one when n > 0.
    """
    starts = np.arange(0, n, block)
    if n > limit:
        wanted = max(1, limit // block)
        starts = np.sort(np.random.default_rng(seed).choice(starts, size=wanted, replace=False))
    return [(int(start), min(int(start) + block, n)) for start in starts]


def ranges(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut `start:stop` into consecutive ranges of at most `size` rows."""
    for low in range(start, stop, size):
        yield low, min(low + size, stop)
