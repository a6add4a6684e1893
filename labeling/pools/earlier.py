"""An import that was stopped: what it had stored is taken up by the next one.

```
.pool.part/
  lock             held by the process that imports
  a/ or b/         the snapshot's files as they grow; the other one is that of the import before, while it is taken up
  progress.json    which of the two, how many items are on disk for certain, and their hash
```

The next import goes on if it is about the same source (by its stamp) with the same settings. Keys are compared while
the source is walked through again, but what costs time, to fetch, decode and hash each image, is not done again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from config.folder_lock import held_folder
from labeling.pools.errors import PoolError
from labeling.pools.snapshot_file import ITEMS_FILE, MEDIA_FILE, PLACES_FILE, VECTORS_FILE

NOTES = "progress.json"
_IPC_MAGIC_BYTES = 8
"""An Arrow file begins with these; then comes what a stream has, which can be read though the file has no end."""

Described = dict[str, Any]


class OtherSourceError(PoolError):
    """What was stored earlier is not what the source has now; the import begins anew."""


@dataclass(frozen=True)
class Taken:
    """A run of b consecutive items as they were stored.

    Attributes:
        items: the batch of `items.arrow`.
        media: the batches of `media.arrow`; () where there are none.
        places: (b, 4) int64, or None.
        vectors: (b, d) float32, or None.
    """

    items: pa.RecordBatch
    media: tuple[pa.Array, ...]
    places: npt.NDArray[np.int64] | None
    vectors: npt.NDArray[np.float32] | None


class Earlier:
    """What an import that was stopped had stored, part by part."""

    def __init__(self, folder: Path, items: int, content: str, dimensions: int | None = None) -> None:
        """Open its files.

        Args:
            folder: with the files.
            items: how many of their items are there for certain.
            content: `ContentHash` of those.
            dimensions: length of ready-made vectors.
        """
        self.items, self.content = items, content
        self._dimensions = dimensions
        self._items = _batches(folder / ITEMS_FILE)
        self._media = _batches(folder / MEDIA_FILE)
        self._places = _batches(folder / PLACES_FILE)
        self._has = {name: (folder / name).exists() for name in (MEDIA_FILE, PLACES_FILE, VECTORS_FILE)}
        self._vectors = (folder / VECTORS_FILE).open("rb") if self._has[VECTORS_FILE] else None
        if self._vectors is not None:
            np.lib.format.read_magic(self._vectors)
            np.lib.format.read_array_header_1_0(self._vectors)

    def take(self, size: int) -> Taken:
        """Return the next items.

        Args:
            size: how many the source gives together.

        Raises:
            OtherSourceError: they were not stored together, or the files are damaged.
        """
        try:
            items = next(self._items)
            media: list[pa.Array] = []
            while self._has[MEDIA_FILE] and sum(map(len, media)) < size:
                media.append(next(self._media).column(0))
            places = next(self._places) if self._has[PLACES_FILE] else None
        except (StopIteration, pa.ArrowException, OSError, ValueError) as error:
            raise OtherSourceError(f"what was imported earlier is damaged ({error})") from error
        if len(items) != size or sum(map(len, media)) not in (0, size):
            raise OtherSourceError("what was imported earlier was cut otherwise")
        table = None if places is None else np.stack([column.to_numpy() for column in places.columns], axis=1)
        return Taken(items, tuple(media), table, self._next_vectors(size))

    def close(self) -> None:
        """Close the files."""
        if self._vectors is not None:
            self._vectors.close()

    def _next_vectors(self, size: int) -> npt.NDArray[np.float32] | None:
        if self._vectors is None:
            return None
        values = np.fromfile(self._vectors, "<f4", size * (self._dimensions or 0))
        if len(values) != size * (self._dimensions or 0):
            raise OtherSourceError("what was imported earlier is damaged")
        return values.reshape(size, -1)


class ImportFolder:
    """Where a snapshot grows, and what is there from before.

    Attributes:
        build: the folder for the new files.
    """

    def __init__(self, folder: Path) -> None:
        """Take a folder; `import_folder` does."""
        self._folder = folder
        self.described: Described = {}
        self.build = folder / "a"

    def begin(self, described: Described) -> None:
        """Say what is imported, and make room for it.

        Args:
            described: source, reader and settings, as JSON has them.

        Raises:
            OSError: the folder cannot be written.
        """
        self.described = described
        told = self._told()
        before = told.get("folder")
        if not before:
            self.forget()
        self.build = self._folder / ("b" if before == "a" else "a")
        shutil.rmtree(self.build, ignore_errors=True)
        self.build.mkdir()

    def earlier(self, dimensions: int | None) -> Earlier | None:
        """Return what was stored before, None where there is nothing to go on from.

        Args:
            dimensions: length of ready-made vectors.
        """
        told = self._told()
        if not told:
            return None
        try:
            return Earlier(self._folder / told["folder"], told["items"], told["content"], dimensions)
        except (OSError, ValueError, pa.ArrowException):
            return None

    def note(self, items: int, content: str) -> None:
        """Write down how many items are stored, once they are on disk.

        Args:
            items: how many.
            content: `ContentHash` of them.

        Raises:
            OSError: it cannot be written.
        """
        for path in self.build.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        told = {"described": self.described, "folder": self.build.name, "items": items, "content": content}
        temporary = self._folder / f"{NOTES}.tmp"
        temporary.write_text(json.dumps(told) + "\n", encoding="utf-8")
        os.replace(temporary, self._folder / NOTES)
        other = self._folder / ("a" if self.build.name == "b" else "b")
        shutil.rmtree(other, ignore_errors=True)

    def forget(self) -> None:
        """Forget what was stored before."""
        (self._folder / NOTES).unlink(missing_ok=True)
        for name in ("a", "b"):
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def has_notes(self) -> bool:
        """Whether another import could go on from here."""
        return (self._folder / NOTES).is_file()

    def _told(self) -> Described:
        try:
            told = json.loads((self._folder / NOTES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        fits = (
            isinstance(told, dict)
            and told.get("described") == self.described
            and told.get("folder") in ("a", "b")
            and isinstance(told.get("items"), int)
            and isinstance(told.get("content"), str)
        )
        return told if fits else {}


@contextmanager
def import_folder(folder: Path) -> Iterator[ImportFolder]:
    """Give the folder in which a snapshot grows; another one, without a past, while another process is in it.

    Args:
        folder: where the snapshot goes when it is whole.

    Raises:
        OSError: it cannot be made.
    """
    part = part_of(folder)
    with held_folder(part, otherwise=part.with_name(f".{folder.name}-{os.getpid()}.part")) as held:
        yield ImportFolder(held)


def part_of(folder: Path) -> Path:
    """Return where a snapshot grows before it gets its place."""
    return folder.with_name(f".{folder.name}.part")


def can_go_on(folder: Path) -> bool:
    """Return whether an import into a folder was stopped of which something can be taken up."""
    return (part_of(folder) / NOTES).is_file()


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    if not path.exists():
        return
    with pa.OSFile(str(path), "rb") as file:
        file.seek(_IPC_MAGIC_BYTES)
        with pa.ipc.open_stream(file) as stream:
            yield from stream
