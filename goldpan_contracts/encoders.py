"""What every encoder keeps."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from config.schema import EncoderSection
from goldpan_contracts.errors import require, told
from goldpan_contracts.pools import MemorySource, make_source
from models.encoders.contract import Encoder, FloatArray

_KINDS = ("table", "text", "image", "series", "vectors")


def check_encoder(
    encoder: Encoder | type, *, source: MemorySource | None = None, section: EncoderSection | None = None
) -> None:
    """Check that an encoder keeps the contract of `models.encoders.contract`.

    Args:
        encoder: an instance, or its class.
        source: a pool to try it on; a small one of its first kind if None.
        section: settings to try it with.

    Raises:
        ContractBrokenError: a promise is not kept, or it cannot run on this machine.
    """
    made: Any = encoder() if isinstance(encoder, type) else encoder
    called = f"the encoder {made.name!r}"
    kinds = sorted(made.kinds)
    require(
        kinds and set(kinds) <= set(_KINDS), f"{called}: kinds are among {', '.join(_KINDS)}, got {kinds}"
    )
    settings = section or EncoderSection(dimensions=8, batch_size=7, device="cpu")
    obstacle = made.obstacle(settings)
    require(not obstacle, f"{called} cannot be tried here: {obstacle}")
    pool = source or make_source(kinds[0])
    before = copy.deepcopy(pool)
    fitted, vectors = _encode(made, pool, settings, called)
    require(
        vectors.shape == (len(pool), fitted.dimensions) and vectors.dtype == np.float32,
        f"{called}: vectors are ({len(pool)}, {fitted.dimensions}) float32, got {vectors.shape} {vectors.dtype}",
    )
    require(np.isfinite(vectors).all(), f"{called}: vectors are finite numbers")
    unread = ~pool.readable
    require(not vectors[unread].any(), f"{called}: an item that cannot be read has a vector of zeros")
    distinct = len(np.unique(vectors[pool.readable], axis=0))
    require(distinct > len(pool) // 2, f"{called}: different items have different vectors, {distinct} are")
    again = _encode(made, pool, settings, called)[1]
    require(np.array_equal(vectors, again), f"{called}: the same seed gives the same vectors")
    parts = [fitted.transform(pool, start, min(start + 9, len(pool))) for start in range(0, len(pool), 9)]
    require(
        np.allclose(np.concatenate(parts), vectors, atol=1e-4),
        f"{called}: how the rows are cut into ranges does not matter",
    )
    _unchanged(pool, before, called)


def _encode(
    encoder: Encoder, pool: MemorySource, section: EncoderSection, where: str
) -> tuple[Any, FloatArray]:
    with told(where):
        fitted = encoder.fit(pool, section=section, seed=3, progress=lambda share, text: None)
        return fitted, fitted.transform(pool, 0, len(pool))


def _unchanged(pool: MemorySource, before: MemorySource, where: str) -> None:
    same = (
        pool.table.equals(before.table)
        and list(pool.all_texts) == list(before.all_texts)
        and np.array_equal(pool.all_vectors, before.all_vectors)
        and np.array_equal(pool.readable, before.readable)
    )
    require(same, f"{where}: the pool is left unchanged")
