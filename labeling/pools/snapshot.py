"""Making a snapshot: the user's file or folder, read once and stored so that any item is reached at once.

```
pool/
  snapshot.json    kind, columns, content hash, where it came from
  items.arrow      key, hash, problem, path, then the columns; memory-mapped
  places.arrow     where each image lies in its shard: shard, first byte, bytes there, bytes unpacked
  media.arrow      image bytes, where they were inside a Parquet file; series
  given.npy        vectors, where they were inside a Parquet file
  key_index.npy    sorted key hashes and their rows
  readable.npy     which items can be read
  truth.parquet    the hidden truth; nothing above refers to it
```

It is written into a folder beside its place and renamed when it is whole; an import that was stopped goes on there
(`labeling.pools.earlier`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from config.fetching import is_address
from config.schema import PoolSection
from labeling.fetching.errors import FetchError
from labeling.fetching.fetcher import Fetcher
from labeling.pools.changes import PoolChange, pool_changed, settings_hash
from labeling.pools.contract import Progress, Reading
from labeling.pools.earlier import Earlier, ImportFolder, OtherSourceError, import_folder
from labeling.pools.errors import PoolContentError, SnapshotError
from labeling.pools.pool import Pool, open_pool
from labeling.pools.registry import choose_reader, locate, readers
from labeling.pools.snapshot_file import VECTORS_FILE, Source
from labeling.pools.sources import with_located_joins
from labeling.pools.stamps import joined_stamps, source_stamp
from labeling.pools.writer import SnapshotWriter

NOTED_EVERY_S = 5.0
"""How much of an import may be lost by a kill."""

__all__ = ["Pool", "PoolChange", "make_snapshot", "open_pool", "pool_changed"]


def make_snapshot(
    section: PoolSection, *, folder: Path, base: Path, progress: Progress | None = None
) -> Pool:
    """Read a pool and store it; a snapshot that is already in the folder is replaced once the new one is whole.

    Args:
        section: the pool's configuration.
        folder: where the snapshot goes.
        base: the folder that `section.path` is relative to.
        progress: called with the share done (0 to 1) and a short line.

    Raises:
        PoolError: what is wrong with the source; nothing is left behind and an older snapshot stays.
        SnapshotError: the folder cannot be written.
    """
    fetcher = Fetcher()
    try:
        path = locate(section, base, fetcher=fetcher)
        source = describe_source(section, path, folder, base)
        return _made(with_located_joins(section, base), source, path, folder, progress)
    finally:
        fetcher.release()


def describe_source(section: PoolSection, path: Path, folder: Path, base: Path) -> Source:
    """Return where a pool comes from and what tells quickly that it changed.

    Args:
        section: the pool's configuration.
        path: the file, folder or pattern.
        folder: the snapshot's folder; the location is relative to it where the configuration's path is relative.
        base: the folder that the paths of joined sources are relative to.
    """
    wanted = Path(section.path).expanduser()
    location = str(wanted) if wanted.is_absolute() else Path(os.path.relpath(path, folder)).as_posix()
    if is_address(section.path):
        location = section.path
    files, size, mtime_ns = source_stamp(section, path)
    return Source(
        path=section.path, location=location, size=size, mtime_ns=mtime_ns, files=files,
        joined=joined_stamps(section, base), settings=settings_hash(section),
    )  # fmt: skip


def _made(section: PoolSection, source: Source, path: Path, folder: Path, progress: Progress | None) -> Pool:
    name = choose_reader(section, path)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not (folder / "snapshot.json").exists() and any(folder.iterdir()):
            raise SnapshotError(f"{folder} holds other files and no snapshot; choose an empty or new folder")
    except OSError as error:
        raise SnapshotError(
            f"the snapshot cannot be written to {folder} ({error}); choose a folder you own"
        ) from error
    try:
        with import_folder(folder) as growing, _left_or_removed(growing):
            _import(section, source, path, folder, name, growing, progress)
    except pa.ArrowException as error:
        raise PoolContentError(
            f"{path} holds values that cannot be converted ({error}); leave that column out"
        ) from error
    except OSError as error:
        raise SnapshotError(
            f"no snapshot of {path} could be made in {folder} ({error}); see that one can be read and the other written"
        ) from error
    return open_pool(folder)


def _import(
    section: PoolSection,
    source: Source,
    path: Path,
    folder: Path,
    name: str,
    growing: ImportFolder,
    progress: Progress | None,
) -> None:
    """Read the source into the folder that grows, and put it into its place."""
    wanted = {"section": section.model_dump(mode="json", exclude={"hash", "url"}), "reader": name}
    growing.begin({**wanted, "source": source.model_dump(mode="json", exclude={"location"})})
    try:
        writer, reading = _written(section, path, name, growing, progress)
    except OtherSourceError:
        growing.forget()
        growing.build.mkdir()
        writer, reading = _written(section, path, name, growing, progress)
    if reading.kind == "vectors" and path.suffix.lower() == ".npy" and is_address(section.path):
        shutil.copyfile(path, growing.build / VECTORS_FILE)
    writer.finish(reader=name, source=source, place=str(path))
    _replace(growing.build, folder)
    growing.remove()


@contextmanager
def _left_or_removed(growing: ImportFolder) -> Iterator[None]:
    """Leave what was stored to be gone on with when the import is stopped; what is wrong by itself leaves nothing.

    A kill, Ctrl-C and images that do not come are no fault of what has been read.
    """
    try:
        yield
    except BaseException as problem:
        if not isinstance(problem, KeyboardInterrupt | FetchError) or not growing.has_notes:
            growing.remove()
        raise


def _written(
    section: PoolSection, path: Path, name: str, growing: ImportFolder, progress: Progress | None
) -> tuple[SnapshotWriter, Reading]:
    """Store all items, those that an earlier import had stored as they were.

    Raises:
        OtherSourceError: the earlier import had others.
    """
    reading = readers.get(name)(section, path)
    earlier = growing.earlier(reading.dimensions)
    reading.known.items = 0 if earlier is None else earlier.items
    writer = SnapshotWriter(growing.build, reading)
    noted = time.monotonic()
    try:
        for part in reading.parts:
            if earlier is not None and writer.count < earlier.items:
                writer.add_again(part, earlier.take(len(part.keys)))
                _check_taken(writer, earlier)
            else:
                writer.add(part)
                if time.monotonic() - noted >= NOTED_EVERY_S:
                    writer.flush()
                    growing.note(writer.count, writer.content)
                    noted = time.monotonic()
            if progress is not None:
                progress(_share(reading, writer.count), f"{writer.count:,} items read")
    finally:
        writer.close()
        if earlier is not None:
            earlier.close()
    if earlier is not None and writer.count < earlier.items:
        raise OtherSourceError("the source has fewer items than the earlier import had")
    return writer, reading


def _check_taken(writer: SnapshotWriter, earlier: Earlier) -> None:
    if writer.count > earlier.items or (writer.count == earlier.items and writer.content != earlier.content):
        raise OtherSourceError("what was imported earlier is not what was noted of it")


def _share(reading: Reading, count: int) -> float:
    if reading.total:
        return min(count / reading.total, 1.0)
    return 0.0 if reading.share is None else reading.share()


def _replace(build: Path, folder: Path) -> None:
    """Put the finished folder in its place; an older one is moved aside first and removed last."""
    if not folder.exists():
        build.rename(folder)
        return
    aside = build.with_suffix(".old")
    folder.rename(aside)
    try:
        build.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
