"""The reader of images in tar and zip shards, as WebDataset writes them; they stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from config.fetching import is_address
from config.schema import PoolSection
from labeling.fetching.fetcher import Fetcher
from labeling.pools.columns import shown_columns
from labeling.pools.contract import Known, Part, Reading, Shard
from labeling.pools.errors import PoolColumnsError, PoolEmptyError, PoolReaderError
from labeling.pools.hashing import hash_bytes
from labeling.pools.image_folder import SUFFIXES, veiled_key
from labeling.pools.images import inspect_image
from labeling.pools.shard_index import Member, read_member, shard_members
from labeling.pools.shards import expanded, local_shards, names_shards, shard_of, shard_root

BY_SHARD = "shard"
"""What `pool.key` says for keys that begin with their shard's name."""

_BATCH_ITEMS = 256
_MOST_TRUTH_BYTES = 1_000
_DAMAGED = "its bytes in the shard are damaged"

Opened = tuple[Shard, Path]
"""A shard, and the file on this machine."""


def read_image_shards(section: PoolSection, path: Path) -> Reading:
    """Read the images of tar and zip shards in one pass; what is kept of each is where it lies.

    The path is one shard, a pattern (`train-*.tar`) or a sequence (`train-{000000..000099}.tar`). An item is a member
    whose ending is an image's, its key the member's name; with `key: shard` the shard's name comes first, for shards
    in which the same names stand. The hidden truth is a member of the same name with the ending that `truth` says
    (`cls`), or with `labels_from_folders` the folder.

    Raises:
        PoolReaderError: the path ends otherwise.
        PoolColumnsError: the configuration names columns, which a shard does not have.
        PoolMissingError: a shard is not there, or at an address that is not allowed.
        FetchError: a shard at an address could not be fetched.
        PoolContentError: a shard is damaged, cut short, or has a member that is refused.
        PoolEmptyError: there is no image in any shard.
    """
    if not names_shards(path):
        raise PoolReaderError(f"{path}: the reader image_shards needs .tar or .zip shards")
    if is_address(section.path):
        addresses = list(expanded(section.path))
        return _read_opened(section, section.path, _fetched(addresses), len(addresses))
    root = shard_root(path)
    files = local_shards(path)
    opened = ((shard_of(each, root), each) for each in files)
    return _read_opened(section, path, opened, len(files))


def _fetched(addresses: Sequence[str]) -> Iterator[Opened]:
    """Yield shards at addresses, each kept on this machine while it is read."""
    fetcher = Fetcher()
    for address in addresses:
        file = fetcher.fetch(address)
        try:
            yield Shard(address, file.stat().st_size), file
        finally:
            fetcher.release()


def _read_opened(section: PoolSection, path: Path | str, opened: Iterator[Opened], count: int) -> Reading:
    """Read shards that are opened one after the other.

    Args:
        section: the pool's configuration.
        path: what messages call all of them.
        opened: the shards, in order; the next one is asked for when the one before is done.
        count: how many there are.

    Raises:
        PoolColumnsError: the configuration names columns.
    """
    if (
        section.key not in (None, BY_SHARD)
        or shown_columns(section)
        or section.columns
        or section.text
        or section.image
    ):
        raise PoolColumnsError(
            f"{path}: shards have no columns; remove pool.text, image, columns and extra (pool.key may be {BY_SHARD}; "
            "pool.truth is the ending of the members that hold it, such as cls)"
        )
    walk = _Walk(section, path, opened, count)
    return Reading(
        "image", (), walk.parts(), None, walk.notes, shards=walk.shards, known=walk.known, share=walk.share
    )


class _Walk:
    """One pass over all shards; of an item a few numbers are held, and of the images one at a time."""

    def __init__(self, section: PoolSection, path: Path | str, opened: Iterator[Opened], count: int) -> None:
        self.notes: list[str] = []
        self.shards: list[Shard] = []
        self._section, self._path, self._opened, self._count = section, path, opened, count
        self.known = Known()
        self._walked = 0
        self._within = 0.0
        self._others: dict[str, int] = {}
        self._tells = False

    def share(self) -> float:
        """Return the share of the shards that has been read."""
        return (max(len(self.shards) - 1, 0) + self._within) / max(self._count, 1)

    def parts(self) -> Iterator[Part]:
        """Yield the items.

        Raises:
            PoolEmptyError: there is no image in any shard.
            PoolColumnsError: there is no member with the hidden truth.
        """
        items = truths = 0
        for shard, file in self._opened:
            self.shards.append(shard)
            self._within = 0.0
            for part in self._shard_parts(shard, file):
                items += len(part.keys)
                truths += 0 if part.truth is None else len(part.truth) - part.truth.null_count
                yield part
        self._within = 1.0
        if not items:
            raise PoolEmptyError(
                f"{self._path}: no image in its shards ({', '.join(SUFFIXES)}); name shards that have some"
            )
        if self._section.truth and not truths:
            raise PoolColumnsError(
                f"{self._path}: pool.truth: no member ends in .{self._section.truth}"
                f" (endings: {', '.join(sorted(self._others)) or 'images alone'})"
            )
        if self._tells:
            self.notes.append("some keys contain the hidden truth; whoever labels can read it there")

    def _shard_parts(self, shard: Shard, file: Path) -> Iterator[Part]:
        called = shard.name if "://" in shard.name else str(file)
        number = len(self.shards) - 1
        members = shard_members(file, called=called)
        with file.open("rb") as data:
            batch: list[tuple[Member, str | None]] = []
            for entry in self._images(members, lambda member: read_member(data, member)):
                batch.append(entry)
                if len(batch) == _BATCH_ITEMS:
                    yield self._part(batch, number, lambda member: read_member(data, member))
                    self._within = min(batch[-1][0].offset / max(shard.size, 1), 1.0)
                    batch = []
            if batch:
                yield self._part(batch, number, lambda member: read_member(data, member))

    def _images(
        self, members: Iterator[Member], read: Callable[[Member], bytes | None]
    ) -> Iterator[tuple[Member, str | None]]:
        """Yield the members that are images, with what a member beside them says of their truth."""
        if not self._section.truth:
            for member in members:
                if self._is_image(member):
                    yield member, None
            return
        stem: str | None = None
        waiting: list[Member] = []
        truth: str | None = None
        for member in members:
            own, ending = _divided(member.name)
            if own != stem:
                yield from ((each, truth) for each in waiting)
                stem, waiting, truth = own, [], None
            if self._is_image(member):
                waiting.append(member)
            elif ending.lower() == self._section.truth.lower().lstrip("."):
                data = read(member) if member.size <= _MOST_TRUTH_BYTES else None
                truth = None if data is None else data.decode("utf-8", "replace").strip() or None
        yield from ((each, truth) for each in waiting)

    def _is_image(self, member: Member) -> bool:
        name = member.name.rsplit("/", 1)[-1]
        if not name.startswith(".") and name.lower().endswith(SUFFIXES):
            return True
        ending = _divided(member.name)[1][:20]
        if ending in self._others or len(self._others) < 20:
            self._others[ending] = self._others.get(ending, 0) + 1
        return False

    def _part(
        self, batch: Sequence[tuple[Member, str | None]], number: int, read: Callable[[Member], bytes | None]
    ) -> Part:
        problems, hashes, places = [], [], []
        for member, _ in batch:
            data = b"" if self._walked < self.known.items else read(member)
            problems.append(_DAMAGED if data is None else inspect_image(data))
            hashes.append(hash_bytes(data or b""))
            places.append((number, member.offset, member.stored, member.size if member.packed else -1))
        self._walked += len(batch)
        truth = self._truth(batch)
        return Part(
            keys=pa.array([self._key(member.name) for member, _ in batch], type=pa.string()),
            columns=(),
            problems=pa.array(problems, type=pa.string()),
            content=np.asarray(hashes, dtype=np.uint64),
            places=np.asarray(places, dtype=np.int64),
            truth=truth,
        )

    def _truth(self, batch: Sequence[tuple[Member, str | None]]) -> pa.Array | None:
        if self._section.labels_from_folders:
            folders = [PurePosixPath(member.name).parent.name or None for member, _ in batch]
            return pa.array(folders, type=pa.string())
        if not self._section.truth:
            return None
        self._tells |= any(
            truth is not None and truth in member.name.split("/")[:-1] for member, truth in batch
        )
        return pa.array([truth for _, truth in batch], type=pa.string())

    def _key(self, name: str) -> str:
        plain = veiled_key(name) if self._section.labels_from_folders else name
        if self._section.key != BY_SHARD:
            return plain
        return f"{PurePosixPath(self.shards[-1].name).stem}/{plain}"


def _divided(name: str) -> tuple[str, str]:
    """Return a member's name up to the first dot of its last part, which its companions share, and what follows."""
    folder, _, last = name.rpartition("/")
    stem, _, ending = last.partition(".")
    return f"{folder}/{stem}", ending
