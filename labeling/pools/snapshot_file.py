"""`snapshot.json`: what a snapshot is made of, checked when it is read."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.fetching import is_address
from labeling.pools.contract import Column, Kind, Role, Use
from labeling.pools.errors import SnapshotError

SNAPSHOT_VERSION = 1
SNAPSHOT_FILE = "snapshot.json"
ITEMS_FILE = "items.arrow"
MEDIA_FILE = "media.arrow"
PLACES_FILE = "places.arrow"
VECTORS_FILE = "given.npy"
KEYS_FILE = "key_index.npy"
READABLE_FILE = "readable.npy"

KEY_COLUMN, HASH_COLUMN, PROBLEM_COLUMN, PATH_COLUMN, FIRST_COLUMN = range(5)
"""Places of the columns in `items.arrow`: key, hash, problem, path (of an image file), then the pool's own."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredColumn(_Frozen):
    """A column of the pool, as in `Column`."""

    name: str
    role: Role
    unit: str | None = None
    use: Use = "model"

    def column(self) -> Column:
        """Return it as the rest of the package knows it."""
        return Column(self.name, self.role, self.unit, self.use)


class Source(_Frozen):
    """Where the pool came from, and what tells quickly that it may have changed.

    Attributes:
        path: as the configuration has it.
        location: absolute, or relative to the snapshot's folder; used for images and `.npy` files that stay there.
        size: bytes of the file, of all images in the folder, or of all shards.
        mtime_ns: time of the file's last change; for a folder and for shards a hash of all names, sizes and times.
        files: number of images in the folder, or of shards; None for a file.
        joined: the same for each joined source: path, images in the folder or None, size, time.
        settings: hash of the configuration's words on columns, joins and formulas; "" where nobody noted it.
    """

    path: str
    location: str
    size: int
    mtime_ns: int
    files: int | None = None
    joined: tuple[tuple[str, int | None, int, int], ...] = ()
    settings: str = ""


class StoredShard(_Frozen):
    """A shard, as in `Shard`; of another size it is another."""

    name: str
    size: int


class Snapshot(_Frozen):
    """The description of a snapshot; the pool's content hash is its identity."""

    version: int = SNAPSHOT_VERSION
    reader: str
    kind: Kind
    n: int = Field(ge=1)
    hash: str
    source: Source
    columns: tuple[StoredColumn, ...]
    unreadable: int
    dimensions: int | None = None
    channels: tuple[str, ...] = ()
    shards: tuple[StoredShard, ...] = ()
    pictures: bool = False
    notes: tuple[str, ...] = ()

    @property
    def given_vectors(self) -> str | None:
        """Where ready-made vectors lie: a path relative to the snapshot's folder, or absolute; None without."""
        if self.kind != "vectors":
            return None
        stays = self.source.path.lower().endswith(".npy") and not is_address(self.source.path)
        return self.source.location if stays else VECTORS_FILE


def write_snapshot_file(folder: Path, snapshot: Snapshot) -> None:
    """Write `snapshot.json`."""
    text = json.dumps(snapshot.model_dump(mode="json"), indent=1, ensure_ascii=False)
    (folder / SNAPSHOT_FILE).write_text(text + "\n", encoding="utf-8")


def read_snapshot_file(folder: Path) -> Snapshot:
    """Read `snapshot.json`.

    Raises:
        SnapshotError: missing, damaged, or written by a newer goldpan.
    """
    path = folder / SNAPSHOT_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SnapshotError(
            f"{folder} holds no snapshot of a pool ({SNAPSHOT_FILE} is missing); make one"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise SnapshotError(
            f"{path} cannot be read ({error}); make the snapshot again from its source"
        ) from error
    version = raw.get("version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > SNAPSHOT_VERSION:
        raise SnapshotError(
            f"{path} has version {version}, this goldpan reads up to {SNAPSHOT_VERSION}; upgrade goldpan"
        )
    try:
        return Snapshot.model_validate(raw)
    except ValidationError as error:
        raise SnapshotError(
            f"{path} is damaged ({error.error_count()} wrong values); make the snapshot again"
        ) from error
