"""A folder that one process at a time works in, whatever becomes of that process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover -- Windows: two processes at once are then not told apart
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
"""The file in the folder that is held; the system lets go of it when its process ends."""


@contextmanager
def held_folder(usual: Path, *, otherwise: Path) -> Iterator[Path]:
    """Give a folder to work in, made if missing; another one while a process is in the usual one.

    Args:
        usual: the folder.
        otherwise: the other one; no other process may take the same.

    Raises:
        OSError: it cannot be made.
    """
    folder, lock = usual, lock_folder(usual)
    if lock is None:
        folder, lock = otherwise, lock_folder(otherwise)
    try:
        yield folder
    finally:
        if lock is not None:
            lock.close()


def lock_folder(folder: Path) -> BinaryIO | None:
    """Return what holds a folder until it is closed, None where another process holds it.

    Args:
        folder: made if missing.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / LOCK).open("wb")
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with suppress(OSError):
            file.close()
        return None
    return file
