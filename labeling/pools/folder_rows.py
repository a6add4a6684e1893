"""A folder of images as rows, to be joined to a table: each file's name without its ending is its key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.csv_rows import Unremarkable
from labeling.pools.errors import PoolEmptyError
from labeling.pools.image_folder import SUFFIXES, list_images, read_file

KEY, IMAGE = "file", "image"
_BATCH_FILES = 256


class FolderRows(Unremarkable):
    """The images below a folder: `file`, the name without folder and ending, and `image`, the bytes."""

    unnamed_first = False

    def __init__(self, path: Path) -> None:
        """List the files.

        Raises:
            PoolEmptyError: there is no image.
        """
        self.path = path
        self._notes: list[str] = []
        files = list_images(path, self._notes)
        if not len(files):
            raise PoolEmptyError(f"{path}: no image in it or below ({', '.join(SUFFIXES)})")
        self._files = files.take(pc.sort_indices(pc.cast(files, pa.binary())))
        self.total: int | None = len(files)
        self.names = [KEY, IMAGE]
        self.types: dict[str, pa.DataType] = {KEY: pa.string(), IMAGE: pa.large_binary()}

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns; a file that cannot be read has null bytes."""
        step = min(rows or _BATCH_FILES, _BATCH_FILES)
        for start in range(0, len(self._files), step):
            files = self._files.slice(start, step).to_pylist()
            made = {KEY: pa.array([PurePosixPath(file).stem for file in files], type=pa.string())}
            if IMAGE in names:
                made[IMAGE] = pa.array([read_file(self.path, file) for file in files], type=pa.large_binary())
            yield pa.record_batch([made[name] for name in names], names=list(names))

    def remarks(self) -> list[str]:
        """Return what was left out of the list."""
        return list(self._notes)
