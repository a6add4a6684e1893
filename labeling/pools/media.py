"""Where the bytes of an item's image or series are: in the snapshot, in a folder, in shards, at addresses."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol

from config.fetching import is_address
from labeling.fetching.errors import FetchError, FetchStalledError
from labeling.fetching.fetcher import Fetcher
from labeling.pools.arrow_rows import ArrowRows
from labeling.pools.errors import PoolContentError, SnapshotError
from labeling.pools.image_folder import lies_inside, read_file
from labeling.pools.shard_index import Member, unpacked
from labeling.pools.shards import shard_root
from labeling.pools.snapshot_file import MEDIA_FILE, PATH_COLUMN, PLACES_FILE, Snapshot, StoredShard

READ_AT_ONCE = 16
"""Items that are fetched together from addresses."""


class Media(Protocol):
    """The bytes of items by row; safe to use from several threads.

    Attributes:
        distant: whether some are at addresses.
    """

    distant: bool

    def read(self, row: int, *, hurry: bool = False) -> bytes | None:
        """Return an item's bytes, None where it has none or its own file is gone.

        Args:
            row: the item.
            hurry: a person waits; what is at an address is not waited for.

        Raises:
            PoolError: what holds many items, such as a shard, is gone or is another one now; or an address is not
                allowed, or does not answer.
        """
        ...


class CopiedMedia:
    """Bytes in the snapshot's own file."""

    distant = False

    def __init__(self, rows: ArrowRows) -> None:
        """Take them from `media.arrow`."""
        self._rows = rows

    def has(self, row: int) -> bool:
        """Return whether there is something of an item."""
        return self._rows.is_there(row, 0)

    def read(self, row: int, *, hurry: bool = False) -> bytes | None:
        """Return an item's bytes; see `Media.read`."""
        del hurry
        data: bytes | None = self._rows.value(row, 0)
        return data


class FileMedia:
    """Images in files of their own, below a folder or at addresses."""

    def __init__(self, items: ArrowRows, folder: Path, *, distant: bool) -> None:
        """Find them by the paths in `items.arrow`.

        Args:
            items: the table.
            folder: what paths count from.
            distant: whether some are addresses.
        """
        self._items, self._folder, self.distant = items, folder, distant
        self._fetcher = Fetcher()

    def read(self, row: int, *, hurry: bool = False) -> bytes | None:
        """Return an item's bytes; see `Media.read`.

        Raises:
            FetchRefusedError: its address is not allowed.
            FetchStalledError: there is no answer.
        """
        name = self._items.value(row, PATH_COLUMN)
        if name is None:
            return None
        if not (self.distant and is_address(str(name))):
            return read_file(self._folder, str(name))
        try:
            return self._fetcher.read(str(name), hurry=hurry)
        except FetchStalledError:
            raise
        except FetchError:  # gone, as a file would be
            return None


class ShardMedia:
    """Images in shards, each reached by its place."""

    def __init__(self, places: ArrowRows, shards: Sequence[StoredShard], root: Path) -> None:
        """Find them by `places.arrow`.

        Args:
            places: shard, first byte, bytes there, bytes unpacked or -1.
            shards: in the order of their numbers.
            root: the folder that the shards are named from.
        """
        self._places, self._shards, self._root = places, shards, root
        self._fetcher = Fetcher()
        self.distant = any(is_address(shard.name) for shard in shards)

    def read(self, row: int, *, hurry: bool = False) -> bytes | None:
        """Return an item's bytes; see `Media.read`.

        Raises:
            SnapshotError: the shard is gone, or has another size than when the pool was imported.
            PoolContentError: it cannot be read.
            FetchError: it is at an address and does not come, or is another one now.
        """
        number, offset, stored, size = (int(self._places.value(row, column)) for column in range(4))
        if not 0 <= number < len(self._shards) or offset < 0 or stored < 0:
            raise SnapshotError(
                f"row {row + 1} has a place in no shard; make the snapshot again from its source"
            )
        shard = self._shards[number]
        if is_address(shard.name):
            data = self._fetcher.read(
                shard.name, start=offset, length=stored, expected=shard.size, hurry=hurry
            )
        else:
            data = self._bytes_at(shard, offset, stored)
        return unpacked(data, Member("", offset, stored, size if size >= 0 else stored, size >= 0))

    def _bytes_at(self, shard: StoredShard, offset: int, stored: int) -> bytes:
        path = self._root / shard.name
        if not lies_inside(self._root.resolve(), path):
            raise SnapshotError(
                f"the shard {path} is gone; put it back, or run `goldpan refresh` to go on without it"
            )
        try:
            with path.open("rb") as file:
                total = file.seek(0, 2)
                if total != shard.size:
                    raise SnapshotError(
                        f"the shard {path} has {total:,} bytes and had {shard.size:,} when the pool was imported; put "
                        "the old one back, or run `goldpan refresh`"
                    )
                file.seek(offset)
                return file.read(stored)
        except OSError as error:
            raise PoolContentError(f"the shard {path} cannot be read, byte {offset:,} ({error})") from error


def open_media(folder: Path, snapshot: Snapshot, items: ArrowRows) -> Media:
    """Return where a snapshot's items have their bytes.

    Args:
        folder: the snapshot's folder.
        snapshot: its description.
        items: its `items.arrow`.

    Raises:
        SnapshotError: a file is damaged or of another length.
    """
    source = (folder / snapshot.source.location).absolute()
    for name in (MEDIA_FILE, PLACES_FILE):
        if not (folder / name).exists():
            continue
        rows = ArrowRows(folder / name)
        if len(rows) != snapshot.n:
            raise SnapshotError(f"{folder} is damaged: its files differ in length; make the snapshot again")
        return (
            CopiedMedia(rows) if name == MEDIA_FILE else ShardMedia(rows, snapshot.shards, shard_root(source))
        )
    listed = snapshot.reader == "image_paths"
    return FileMedia(items, source.parent if listed else source, distant=listed)


def read_rows(media: Media, rows: Sequence[int], *, hurry: bool = False) -> list[bytes | None]:
    """Return the bytes of some items, in the order asked for; what is at addresses is fetched together.

    Args:
        media: where they are.
        rows: the items.
        hurry: see `Media.read`.

    Raises:
        PoolError: see `Media.read`.
    """
    read = partial(media.read, hurry=hurry)
    if not media.distant or len(rows) < 2:
        return [read(row) for row in rows]
    with ThreadPoolExecutor(READ_AT_ONCE, "goldpan-fetch") as threads:
        return list(threads.map(read, rows))
