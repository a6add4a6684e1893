"""Hashes of items and keys: 64 bits each, the same on every machine, vectorised where they can be.

They tell whether something changed; they are no proof against someone who wants a collision, so a key found by
its hash is always compared with the key itself.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.contract import HashArray

_NOTHING = np.uint64(0x6E6F7468696E6721)


def hash_bytes(data: bytes | memoryview) -> int:
    """Return the 64-bit BLAKE2b hash of some bytes, read as a little-endian number."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def hash_text(text: str) -> int:
    """Return the hash of a text's UTF-8 bytes; what `hash_strings` gives for one value."""
    return hash_bytes(text.encode())


def hash_strings(values: pa.Array) -> HashArray:
    """Return (b,) uint64, one hash for each value of an Arrow string or binary array; a fixed one for null."""
    wide = pc.cast(values, pa.large_binary())
    if len(wide) == 0:
        return np.empty(0, dtype=np.uint64)
    _, offset_buffer, data = wide.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1].tolist()
    view = memoryview(data) if data is not None else memoryview(b"")
    digests = b"".join(blake2b(view[start:stop], digest_size=8).digest() for start, stop in pairwise(offsets))
    hashes = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
    if wide.null_count:
        hashes[wide.is_null().to_numpy(zero_copy_only=False)] = _NOTHING
    return hashes


def hash_repeated(values: pa.Array) -> HashArray:
    """Return what `hash_strings` gives, quicker where few distinct values repeat."""
    encoded = pc.dictionary_encode(values, null_encoding="encode")
    distinct = hash_strings(encoded.dictionary)
    return distinct[encoded.indices.to_numpy(zero_copy_only=False)]


def hash_numbers(values: npt.NDArray[np.float64]) -> HashArray:
    """Return (b,) uint64 for float64 numbers; every NaN is the same, and so are 0.0 and -0.0."""
    plain = np.where(np.isnan(values), np.nan, values + 0.0)
    return _scramble(plain.astype("<f8").view("<u8").astype(np.uint64))


def hash_rows(values: npt.NDArray[np.float32]) -> HashArray:
    """Return (b,) uint64 for the rows of a (b, d) float32 array."""
    plain = np.ascontiguousarray(values, dtype="<f4")
    digests = b"".join(blake2b(row, digest_size=8).digest() for row in plain)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def join_hashes(total: HashArray, other: HashArray) -> HashArray:
    """Return one hash for each pair; the order of the two matters."""
    return _scramble(total * np.uint64(0x9E3779B97F4A7C15) + other)


def _scramble(values: HashArray) -> HashArray:
    """Spread the bits: the finaliser of SplitMix64 (Steele, Lea & Flood 2014), in wrapping arithmetic."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
