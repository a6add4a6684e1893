"""What tells quickly that a pool's source may have changed, without reading it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.fetching import is_address
from config.schema import PoolSection
from labeling.fetching.fetcher import Fetcher
from labeling.pools.hashing import hash_text
from labeling.pools.image_folder import folder_stamp
from labeling.pools.shards import expanded, is_pattern, names_shards, shards_stamp

Stamp = tuple[int | None, int, int]
"""Number of files, None for a single one; bytes; the time of the last change, or a hash of all names and times."""

_ASKED_AT_ONCE = 8


def source_stamp(section: PoolSection, path: Path) -> Stamp:
    """Return the stamp of a file, of the images below a folder, of shards, or of what is at an address.

    Args:
        section: the pool's configuration.
        path: the file, folder or pattern; not looked at for a pool at an address.

    Raises:
        PoolMissingError: a shard is gone, or the address is not allowed.
        FetchError: the address does not answer.
        OSError: the file is gone.
    """
    if is_address(section.path):
        return _address_stamp(section.path)
    if path.is_dir():
        return folder_stamp(path)
    if is_pattern(path) and not path.exists():
        return shards_stamp(path)
    state = path.stat()
    return None, state.st_size, state.st_mtime_ns


def _address_stamp(address: str) -> Stamp:
    fetcher = Fetcher()
    if not names_shards(address):
        return None, *fetcher.stamp(address)
    addresses = list(expanded(address))
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as threads:
        found = list(threads.map(fetcher.stamp, addresses))
    marks = 0
    for name, (_, mark) in zip(addresses, found, strict=True):
        marks ^= hash_text(f"{name} {mark}")
    return len(addresses), sum(size for size, _ in found), marks >> 1
