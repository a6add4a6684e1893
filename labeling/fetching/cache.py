"""Fetched files on disk, bounded in bytes: the one used longest ago goes first.

Several processes share a folder. A file is written under a name of its own and renamed when it is whole and on disk,
so that under its final name there is never half of one; a file in use is held by a lock, and stays.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from labeling.fetching.errors import FetchError

try:
    import fcntl
except ImportError:  # pragma: no cover -- Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

PART = ".part"
LEFT_S = 3_600.0
"""A part that nobody has written to for so long was left by a process that died."""
_SWEEP_SHARE = 0.05
"""The folder is looked through again after so much of the bound was added: others add to it too."""
_KEPT_SHARE = 0.9


class DiskCache:
    """A folder of fetched files; safe to use from several threads and processes."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Name a folder; it is made when something is put there.

        Args:
            folder: for fetched files alone.
            most_bytes: how much of them is kept.
        """
        self._folder, self._most = folder, most_bytes
        self._lock = threading.Lock()
        self._held: dict[Path, BinaryIO] = {}
        self._added = most_bytes  # so that the first thing that is put looks through the folder

    def __del__(self) -> None:
        self.release()

    def get(self, key: str, name: str, *, hold: bool = False) -> Path | None:
        """Return a file that is there, None where it is not.

        Args:
            key: what stands for its content.
            name: its name, for its ending and for messages.
            hold: keep it until `release`.
        """
        path = self._path(key, name)
        try:
            os.utime(path)
            if hold:
                self._hold(path)
        except OSError:
            return None
        return path

    def read(self, key: str, name: str) -> bytes | None:
        """Return the bytes of a file that is there, None where it is not; see `get`."""
        path = self._path(key, name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def put(self, key: str, name: str, chunks: Iterable[bytes], *, hold: bool = False) -> Path:
        """Store a file, and make room for it.

        Args:
            key: what stands for its content.
            name: its name.
            chunks: its bytes; where they end in an error, nothing is left.
            hold: keep it until `release`.

        Raises:
            FetchError: it is larger than the bound, or the folder cannot be written.
        """
        path = self._path(key, name)
        part = path.parent / f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}{PART}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("wb") as file:
                    for chunk in self._counted(chunks, name):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(part, path)
                if hold:
                    self._hold(path)
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
        except OSError as error:
            raise FetchError(
                f"{name} cannot be kept in {self._folder} ({error.strerror or error}); make room there, or name "
                "another folder as cache_folder in fetch.yaml"
            ) from error
        return path

    def release(self) -> None:
        """Let files go that this process held."""
        with self._lock:
            for file in self._held.values():
                file.close()
            self._held.clear()

    def sweep(self) -> int:
        """Remove what was used longest ago until the rest is within the bound; return the bytes that stay."""
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        most = self._most if total <= self._most else int(self._most * _KEPT_SHARE)
        for used, size, path in entries:
            if total <= most:
                break
            if path.name.endswith(PART) and time.time() - used < LEFT_S:
                continue
            if self._remove(path):
                total -= size
        return total

    def _counted(self, chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
        got = 0
        for chunk in chunks:
            got += len(chunk)
            if got > self._most:
                raise FetchError(
                    f"{name} has more than the {self._most:,} bytes that are kept of fetched files; set cache_gb in "
                    "fetch.yaml to more"
                )
            self._make_room(len(chunk))
            yield chunk

    def _make_room(self, more: int) -> None:
        with self._lock:
            self._added += more
            if self._added > self._most * _SWEEP_SHARE:
                self.sweep()
                self._added = 0

    def _path(self, key: str, name: str) -> Path:
        digest = sha256(key.encode()).hexdigest()
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-80:] or "file"
        return self._folder / digest[:2] / f"{digest[2:18]}-{plain}"

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):
                    state = path.stat()
                    yield state.st_mtime, state.st_size, path

    def _hold(self, path: Path) -> None:
        with self._lock:
            if path in self._held:
                return
            file = path.open("rb")
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_SH)
            self._held[path] = file
        if not path.exists():  # removed between the look and the lock
            raise FileNotFoundError(path)

    def _remove(self, path: Path) -> bool:
        """Remove a file that nobody holds."""
        try:
            with path.open("rb") as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        except OSError:
            return False
        return True
