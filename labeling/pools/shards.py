"""Shards: tar and zip files that hold a pool's images, named by one path, a pattern or a sequence in braces."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path

from labeling.pools.contract import Shard
from labeling.pools.errors import PoolContentError, PoolMissingError, PoolReaderError
from labeling.pools.hashing import hash_bytes

SHARD_SUFFIXES = (".tar", ".zip")
MOST_SHARDS = 1_000_000
_PACKED_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar")
_MAGIC = re.compile(r"[*?\[]|\{\d+\.\.\d+\}|\{[^{}/]*,[^{}/]*\}")
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CHOICE = re.compile(r"\{([^{}/]*,[^{}/]*)\}")


def names_shards(path: str | Path) -> bool:
    """Return whether a path ends as shards do; of `shard-{0000..0099}.tar` the ending counts."""
    return str(path).lower().split("?", 1)[0].endswith(SHARD_SUFFIXES)


def is_pattern(path: str | Path) -> bool:
    """Return whether a path stands for several files: `*`, `?`, `[…]`, `{0000..0099}` or `{a,b}` is in it."""
    return bool(_MAGIC.search(str(path)))


def shard_root(path: Path) -> Path:
    """Return the folder that shards are named from: the part of a path before the first sign of a pattern."""
    parent = path.parent
    while is_pattern(parent):
        parent = parent.parent
    return parent


def expanded(text: str) -> Iterator[str]:
    """Yield what the braces of a text stand for, in order; `{0000..0012}` counts with the digits it is written in.

    Raises:
        PoolReaderError: it stands for more than a million names, or counts downwards.
    """
    matches = [found for found in (_RANGE.search(text), _CHOICE.search(text)) if found is not None]
    if not matches:
        yield text
        return
    found = min(matches, key=lambda match: match.start())
    head, tail = text[: found.start()], text[found.end() :]
    if found.re is _CHOICE:
        middles: Iterator[str] = iter(found[1].split(","))
    else:
        low, high = int(found[1]), int(found[2])
        if not 0 <= high - low < MOST_SHARDS:
            raise PoolReaderError(
                f"{text}: {found[0]} stands for {high - low + 1:,} names; allowed are 1 to {MOST_SHARDS:,}, the lower "
                "number first"
            )
        middles = (f"{number:0{len(found[1])}d}" for number in range(low, high + 1))
    for middle in middles:
        yield from expanded(head + middle + tail)


def local_shards(path: Path) -> list[Path]:
    """Return the shards that a path, pattern or sequence stands for, in the order of their names.

    What braces name must be there, all of it; of a pattern with `*` at least one.

    Raises:
        PoolMissingError: a shard that is named is not there, or nothing fits the pattern.
        PoolReaderError: it is packed as a whole, or a link leads out of the shards' folder.
    """
    refuse_packed(path)
    found: list[Path] = []
    gone: list[Path] = []
    # A file may be called so, with all its signs.
    whole = path.is_file()
    for text in [str(path)] if whole else expanded(str(path)):
        names = sorted(glob.glob(text)) if glob.has_magic(text) and not whole else [text]
        present = [Path(name) for name in names if os.path.isfile(name)]
        found.extend(present)
        if not present:
            gone.append(Path(text))
    if gone:
        shown = ", ".join(str(each) for each in gone[:5]) + (", …" if len(gone) > 5 else "")
        raise PoolMissingError(
            f"{len(gone)} of the shards of {path} {'is' if len(gone) == 1 else 'are'} not there: {shown}; put them in "
            "their place, or name those that you have"
        )
    root = shard_root(path).resolve()
    for each in found:
        if not each.resolve().is_relative_to(root):
            raise PoolReaderError(
                f"the shard {each} is a link that leads out of {root}; name the folder where it lies"
            )
    return found


def shard_of(path: Path, root: Path) -> Shard:
    """Return a shard as it is now.

    Raises:
        PoolContentError: it has just gone.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise PoolContentError(f"the shard {path} cannot be read ({error}); put it back") from error
    return Shard(path.relative_to(root).as_posix(), state.st_size, state.st_mtime_ns)


def shards_stamp(path: Path) -> tuple[int, int, int]:
    """Return what changes when a shard does: how many there are, their bytes, and a hash of names and times.

    Raises:
        PoolMissingError: a shard is gone.
    """
    root = shard_root(path)
    shards = [shard_of(each, root) for each in local_shards(path)]
    times = 0
    for shard in shards:
        times ^= hash_bytes(f"{shard.name}\0{shard.mtime_ns}\0{shard.size}".encode())
    return len(shards), sum(shard.size for shard in shards), times >> 1


def refuse_packed(path: str | Path) -> None:
    """Refuse archives of which a member cannot be reached by itself.

    Raises:
        PoolReaderError: it is one.
    """
    if str(path).lower().endswith(_PACKED_SUFFIXES):
        raise PoolReaderError(
            f"{path} is packed as a whole, so no image in it can be reached by itself; write plain .tar or .zip shards "
            "(images are packed already)"
        )
