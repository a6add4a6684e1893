"""The history of the tables, and what brings a database to its end. Alembic's files are in the package.

A change of `labeling/tables.py` needs a new file in `versions/`; `python -m labeling.migrations "what
changes"` writes a first draft of it.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from labeling.errors import DatabaseOpenError, DatabaseTooNewError
from labeling.tables import Base

VERSION_TABLE = "goldpan_version"
"""Where a database says which revision its tables have; alembic's own name may be in use already."""


def alembic_config() -> Config:
    """Return alembic's settings; everything is relative to this package, there is no alembic.ini."""
    config = Config()
    # A % in a path would start an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def is_current(connection: sa.Connection) -> bool:
    """Return whether the tables have exactly this goldpan's version.

    Raises:
        DatabaseTooNewError: their version is unknown here.
        DatabaseOpenError: there are tables that are not goldpan's.
    """
    return version_of(connection) == head_version()


def head_version() -> str:
    """Return the version that this goldpan works with."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def version_of(connection: sa.Connection) -> str | None:
    """Return the version of the tables, None where there are none yet.

    Raises:
        DatabaseTooNewError: their version is unknown here.
        DatabaseOpenError: there are tables that are not goldpan's.
    """
    revision = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE}
    ).get_current_revision()
    if revision is None:
        _refuse_foreign_tables(connection)
        return None
    scripts = ScriptDirectory.from_config(alembic_config())
    if revision not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseTooNewError(
            f"this database has version {revision!r}, which this goldpan does not know (it knows up to "
            f"{scripts.get_current_head()!r}); install the newer goldpan that made it"
        )
    return revision


def upgrade(connection: sa.Connection) -> None:
    """Run what is missing, in the connection's transaction: all of it or nothing.

    Args:
        connection: in a write transaction, so that two processes cannot upgrade at once.

    Raises:
        DatabaseTooNewError: the tables' version is unknown here.
        DatabaseOpenError: there are tables that are not goldpan's.
    """
    # Another process may have upgraded while this one waited for the lock.
    if is_current(connection):
        return
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_foreign_tables(connection: sa.Connection) -> None:
    present = set(sa.inspect(connection).get_table_names()) - {VERSION_TABLE}
    # On a server other programs may have tables beside ours; a SQLite file is ours alone.
    foreign = present if connection.dialect.name == "sqlite" else present & set(Base.metadata.tables)
    if foreign:
        names = ", ".join(sorted(foreign)[:5])
        raise DatabaseOpenError(
            f"the database holds tables that are not goldpan's ({names}); give the path of a new file, or an "
            "empty database or schema"
        )
