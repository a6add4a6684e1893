"""Vectors that are being written: what a run that was stopped has encoded already is taken up by the next.

They grow chunk by chunk in a folder of their own, `part`, beside the vectors they will replace. Every few seconds they
are brought to disk, and how far they are is written beside them with a hash. The next run goes on from there if it is
about the same pool (by its hash) and the same settings, the numbers have the hash that was noted, and the encoder
gives the first chunk again as it stands there; else it begins anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from config.folder_lock import held_folder, lock_folder
from models.encoders.contract import FittedEncoder, ItemSource

FOLDER, FILE, NOTES = "part", "vectors.npy", "progress.json"
NOTED_EVERY_S = 5.0
"""How much encoding may be lost by a kill."""

Described = Mapping[str, object]


@contextmanager
def part_folder(vectors: Path) -> Iterator[Path]:
    """Give the folder in which vectors grow; another one, without a past, while another process is in it.

    Args:
        vectors: where they go when they are whole.

    Raises:
        OSError: it cannot be made.
    """
    with held_folder(vectors / FOLDER, otherwise=vectors / f"{FOLDER}-{os.getpid()}") as part:
        yield part


def remove_parts(vectors: Path, *, but: Path | None = None) -> None:
    """Remove what is left of vectors that were being written, unless another process is at it.

    Args:
        vectors: the folder of the vectors.
        but: a folder that this process holds; it is removed too.
    """
    for folder in vectors.glob(f"{FOLDER}*"):
        if not folder.is_dir():
            continue
        lock = None if folder == but else lock_folder(folder)
        if folder == but or lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            lock.close()


@dataclass
class PartVectors:
    """The file that grows.

    Attributes:
        folder: where it lies.
        described: pool, settings and shape; what goes on must have the same.
        shape: (n, d).
        dtype: as stored, little-endian.
        rows: how many rows stand there.
        digest: of shape and numbers so far, as `models.vectors` has it.
    """

    folder: Path
    described: Described
    shape: tuple[int, int]
    dtype: np.dtype[np.floating]
    digest: hashlib._Hash
    rows: int = 0
    _file: BinaryIO | None = None
    _noted: float = field(default_factory=time.monotonic)

    def begin(self, fitted: FittedEncoder, source: ItemSource, *, chunk_rows: int, anew: bool = False) -> int:
        """Open the file, and return how many rows of an earlier run are taken up.

        Args:
            fitted: the encoder, which is asked for the first chunk again.
            source: the pool.
            chunk_rows: rows of a chunk.
            anew: take nothing up.

        Raises:
            OSError: it cannot be opened.
        """
        path = self.folder / FILE
        start = self.digest.copy()
        self.rows = 0 if anew else self._taken_up(fitted, source, chunk_rows)
        if not self.rows:
            self.digest = start
            (self.folder / NOTES).unlink(missing_ok=True)
        # Ordinary writes: on a full disk they raise, where writing through a memory map would kill the process.
        self._file = path.open("r+b" if self.rows else "wb")
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        if self.rows:
            self._file.seek(self._file.tell() + self.rows * self._row_bytes)
            self._file.truncate()
        return self.rows

    def write(self, chunk: npt.NDArray[np.float32]) -> None:
        """Append vectors, and note now and then how far they are.

        Args:
            chunk: (b, d) float32.

        Raises:
            OSError: the disk is full, say.
        """
        assert self._file is not None
        data = np.ascontiguousarray(chunk, dtype="<f4")
        self._file.write(data.astype(self.dtype).tobytes())
        self.digest.update(data.tobytes())
        self.rows += len(chunk)
        if time.monotonic() - self._noted >= NOTED_EVERY_S:
            self._note()

    def finish(self) -> Path:
        """Bring all to disk and return the file.

        Raises:
            OSError: the disk is full, say.
        """
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return self.folder / FILE

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    @property
    def has_notes(self) -> bool:
        """Whether another run could go on from here."""
        return (self.folder / NOTES).is_file()

    @property
    def _row_bytes(self) -> int:
        return self.shape[1] * self.dtype.itemsize

    def _note(self) -> None:
        """Write down how far the file is, once that much of it is on disk."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        told = {**self.described, "rows": self.rows, "hash": self.digest.hexdigest()}
        temporary = self.folder / f"{NOTES}.tmp"
        temporary.write_text(json.dumps(told) + "\n", encoding="utf-8")
        os.replace(temporary, self.folder / NOTES)
        self._noted = time.monotonic()

    def _taken_up(self, fitted: FittedEncoder, source: ItemSource, chunk_rows: int) -> int:
        rows = self._noted_rows()
        if not rows or (rows % chunk_rows and rows != self.shape[0]):
            return 0
        try:
            array = np.load(self.folder / FILE, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            # The file is shorter than its header says, as it is while it grows.
            array = self._mapped(rows)
        if (
            array is None
            or array.shape[1:] != self.shape[1:]
            or len(array) < rows
            or array.dtype != self.dtype
        ):
            return 0
        for low in range(0, rows, chunk_rows):
            self.digest.update(np.ascontiguousarray(array[low : low + chunk_rows], dtype="<f4").tobytes())
        if self.digest.hexdigest() != self._told().get("hash"):
            return 0
        first = fitted.transform(source, 0, min(chunk_rows, rows)).astype(self.dtype)
        return rows if np.array_equal(first, array[: len(first)]) else 0

    def _mapped(self, rows: int) -> npt.NDArray[np.floating] | None:
        """Return the rows that stand in a file that is not whole, None where it holds fewer."""
        path = self.folder / FILE
        try:
            with path.open("rb") as file:
                np.lib.format.read_magic(file)
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                offset = file.tell()
            if shape != self.shape or dtype != self.dtype:
                return None
            return np.memmap(path, dtype, "r", offset, (rows, self.shape[1]))
        except (OSError, ValueError, EOFError):
            return None

    def _noted_rows(self) -> int:
        told = self._told()
        rows = told.get("rows")
        same = all(told.get(name) == value for name, value in self.described.items())
        return rows if same and isinstance(rows, int) and 0 < rows <= self.shape[0] else 0

    def _told(self) -> dict[str, object]:
        try:
            told = json.loads((self.folder / NOTES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}
