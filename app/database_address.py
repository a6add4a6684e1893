"""Where a project's database is: in the file, or in a variable of the environment that the file names."""

from __future__ import annotations

import os
from pathlib import Path

from app.errors import ProjectError
from config.checks import DATABASE_VARIABLE
from labeling.database import sqlite_url

STORE_NAME = "labels.sqlite"
"""The database's file in the data folder, unless the configuration names another database."""


def resolve_address(given: str | None, folder: Path) -> str:
    """Return the SQLAlchemy URL of a database.

    Args:
        given: as a configuration has it: a URL, `${GOLDPAN_…}` for a variable that holds one, or None.
        folder: the project's data folder, which holds the SQLite file of a configuration that names no database.

    Raises:
        ProjectError: the variable is not set.
    """
    if given is None:
        return sqlite_url(folder / STORE_NAME)
    named = DATABASE_VARIABLE.fullmatch(given)
    if named is None:
        return given
    found = os.environ.get(named[1], "").strip()
    if not found:
        raise ProjectError(
            f"the project's database is in the variable {named[1]}, which is not set; set it to an address such as "
            "postgresql://USER:PASSWORD@HOST/NAME"
        )
    return found
