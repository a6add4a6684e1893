"""A copy of a SQLite file that is whole, also while a server writes to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from labeling.errors import DatabaseOpenError, DatabaseUnavailableError


def back_up_sqlite(source: Path, target: Path) -> Path:
    """Copy a SQLite database by SQLite's own means; the target is there whole or not at all.

    Args:
        source: the database's file.
        target: a file that does not exist.

    Returns:
        The target.

    Raises:
        DatabaseOpenError: the source is missing or no database, or the target exists.
        DatabaseUnavailableError: the disk is full or the folder cannot be written.
    """
    if not source.is_file():
        raise DatabaseOpenError(f"{source} does not exist; give the path of the project's labels.sqlite")
    if target.exists():
        raise DatabaseOpenError(f"{target} exists; move it away, or name another file for the copy")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(partial)) as copy,
        ):
            original.backup(copy, pages=1_000)
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.rename(target)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise DatabaseUnavailableError(
            f"the copy {target} cannot be written: {error}; free some space, or make its folder writable"
        ) from error
    return target
