"""Making a snapshot: the user's file or folder, read once and stored so that any item is reached at once.

```
pool/
  snapshot.json    kind, columns, content hash, where it came from
  items.arrow      key, hash, problem, path, then the columns; memory-mapped
  media.arrow      image bytes, where they were inside a Parquet file; series
  given.npy        vectors, where they were inside a Parquet file
  key_index.npy    sorted key hashes and their rows
  readable.npy     which items can be read
  truth.parquet    the hidden truth; nothing above refers to it
```

It is written into a temporary folder beside its place and renamed when it is whole.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pyarrow as pa

from config.schema import PoolSection
from labeling.pools.changes import PoolChange, joined_stamps, pool_changed, settings_hash, stamp
from labeling.pools.contract import Progress, Reading
from labeling.pools.errors import PoolContentError, SnapshotError
from labeling.pools.pool import Pool, open_pool
from labeling.pools.registry import choose_reader, locate, readers
from labeling.pools.snapshot_file import Source
from labeling.pools.sources import with_located_joins
from labeling.pools.writer import SnapshotWriter

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
    path = locate(section, base)
    section, asked = with_located_joins(section, base), section
    name = choose_reader(section, path)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not (folder / "snapshot.json").exists() and any(folder.iterdir()):
            raise SnapshotError(f"{folder} holds other files and no snapshot; choose an empty or new folder")
        build = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise SnapshotError(
            f"the snapshot cannot be written to {folder} ({error}); choose a folder you own"
        ) from error
    try:
        source = describe_source(asked, path, folder, base)
        reading = readers.get(name)(section, path)
        writer = SnapshotWriter(build, reading)
        _write(writer, reading, progress)
        writer.finish(reader=name, source=source, place=str(path))
        _replace(build, folder)
    except pa.ArrowException as error:
        raise PoolContentError(
            f"{path} holds values that cannot be converted ({error}); leave that column out"
        ) from error
    except OSError as error:
        raise SnapshotError(
            f"no snapshot of {path} could be made in {folder} ({error}); see that one can be read and the other written"
        ) from error
    finally:
        shutil.rmtree(build, ignore_errors=True)
    return open_pool(folder)


def describe_source(section: PoolSection, path: Path, folder: Path, base: Path) -> Source:
    """Return where a pool comes from and what tells quickly that it changed.

    Args:
        section: the pool's configuration.
        path: the file or folder.
        folder: the snapshot's folder; the location is relative to it where the configuration's path is relative.
        base: the folder that the paths of joined sources are relative to.
    """
    wanted = Path(section.path).expanduser()
    location = str(wanted) if wanted.is_absolute() else Path(os.path.relpath(path, folder)).as_posix()
    files, size, mtime_ns = stamp(path)
    return Source(
        path=section.path, location=location, size=size, mtime_ns=mtime_ns, files=files,
        joined=joined_stamps(section, base), settings=settings_hash(section),
    )  # fmt: skip


def _write(writer: SnapshotWriter, reading: Reading, progress: Progress | None) -> None:
    try:
        for part in reading.parts:
            writer.add(part)
            if progress is not None:
                share = min(writer.count / reading.total, 1.0) if reading.total else 0.0
                progress(share, f"{writer.count:,} items read")
    finally:
        writer.close()


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
