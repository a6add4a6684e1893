"""What is asked of whoever encodes a pool in place of this process, such as a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from models.encoders.contract import FittedEncoder, FloatArray, ItemSource
from models.encoders.kept import KeptEncoder

if TYPE_CHECKING:
    from config.schema import EncoderSection

Range: TypeAlias = tuple[int, int]
"""First row and row after the last."""

PROBE_ROWS = 16
"""Rows by which it is seen that another process encodes alike."""


@dataclass(frozen=True)
class EncoderWish:
    """An encoder as another process can make it, and the rows wanted.

    Attributes:
        encoder: its name.
        section: its settings.
        seed: of every random choice.
        weights: what it learned; None for an encoder that is fitted again, the same everywhere.
        probe: (b, d) float32; the first vectors as this process makes them.
        ranges: the rows, in order.
        here: encodes rows in this process, where nobody else can.
    """

    encoder: str
    section: EncoderSection
    seed: int
    weights: Mapping[str, FloatArray] | None
    probe: FloatArray
    ranges: Sequence[Range]
    here: Callable[[int, int], FloatArray]


Elsewhere: TypeAlias = Callable[[EncoderWish], Iterator[FloatArray]]
"""Yields the vectors of each range, in order."""


def wish_for(
    name: str,
    fitted: FittedEncoder,
    source: ItemSource,
    *,
    section: EncoderSection,
    seed: int,
    ranges: Sequence[Range],
) -> EncoderWish:
    """Return what is asked of another process.

    Args:
        name: of the encoder.
        fitted: the encoder, as this process has it.
        source: the pool.
        section: its settings.
        seed: of every random choice.
        ranges: the rows wanted.
    """
    return EncoderWish(
        encoder=name,
        section=section,
        seed=seed,
        weights=dict(fitted.weights()) if isinstance(fitted, KeptEncoder) else None,
        probe=fitted.transform(source, 0, min(PROBE_ROWS, len(source))),
        ranges=ranges,
        here=lambda low, high: fitted.transform(source, low, high),
    )
