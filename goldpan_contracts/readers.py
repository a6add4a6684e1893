"""What every reader keeps."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from config.schema import PoolSection
from goldpan_contracts.errors import require, told
from labeling.pools.contract import Reader, Reading
from labeling.pools.pool import Pool
from labeling.pools.registry import readers
from labeling.pools.snapshot import make_snapshot

_KINDS = ("table", "image", "text", "series", "vectors")
_NAME = "tried_reader"


def check_reader(reader: Reader, path: Path, *, section: PoolSection | None = None) -> None:
    """Check that a reader keeps the contract of `labeling.pools.contract`.

    Args:
        reader: the function.
        path: a small file or folder of the kind it reads, at least two items.
        section: the pool's settings; the path alone if None.

    Raises:
        ContractBrokenError: a promise is not kept.
    """
    called = getattr(reader, "__name__", "the reader")
    given = (section or PoolSection(path=str(path))).model_copy(update={"reader": _NAME})
    with told(called):
        reading = reader(given, path)
        parts = list(reading.parts)
    require(reading.kind in _KINDS, f"{called}: the kind is among {', '.join(_KINDS)}, got {reading.kind!r}")
    _check_parts(reading, called, [part.keys for part in parts], [part.columns for part in parts])
    first, second = (_snapshot(reader, given, called) for _ in range(2))
    require(first == second, f"{called}: the same file gives the same items with the same content")
    require(len(first[1]) >= 2, f"{called}: give a file of two items or more, this one has {len(first[1])}")


def _check_parts(
    reading: Reading, where: str, keys: list[pa.Array], columns: list[tuple[pa.Array, ...]]
) -> None:
    names = [key for part in keys for key in part.to_pylist()]
    require(all(names), f"{where}: every item has a key that is not empty")
    require(len(set(names)) == len(names), f"{where}: no two items have the same key")
    for part, values in zip(keys, columns, strict=True):
        require(
            len(values) == len(reading.columns) and all(len(each) == len(part) for each in values),
            f"{where}: each part has an array of its length for each of the {len(reading.columns)} columns",
        )


def _snapshot(reader: Reader, section: PoolSection, where: str) -> tuple[str, list[str]]:
    """Return hash and keys of a snapshot made with the reader, as `goldpan init` makes one."""
    with tempfile.TemporaryDirectory(prefix="goldpan-contract-") as folder, _known(reader), told(where):
        pool: Pool = make_snapshot(section, folder=Path(folder) / "pool", base=Path(folder))
        return pool.hash, pool.keys(range(pool.n))


@contextlib.contextmanager
def _known(reader: Reader) -> Iterator[None]:
    """Register a reader for as long as a snapshot takes."""
    readers.register(_NAME)(reader)
    try:
        yield
    finally:
        readers.forget(_NAME)
