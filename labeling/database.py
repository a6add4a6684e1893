"""The door to a project's database: SQLite by default, PostgreSQL for a team, the same promises on both.

One writer at a time: a write transaction begins with SQLite's BEGIN IMMEDIATE, or with an advisory lock on
PostgreSQL. So the numbers of annotations are committed in order, and "all annotations up to revision r" means
the same for ever. Readers never wait for the writer, and see one moment of the database from begin to end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlalchemy.exc as sa_errors
from sqlalchemy.orm import Session

from labeling import migrations
from labeling.errors import DatabaseOpenError
from labeling.outages import outage_of

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another one before the caller is told to try again."""

POOL_TIMEOUT_S = 10
_POOL_SIZE = 8
_READING = "goldpan_reading"
_WRITE_LOCK = 0x60_1D_9A
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND application_name = current_setting('application_name')"
)
_BACKENDS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


class Database:
    """An open database. Safe to use from many threads; every transaction has its own connection."""

    def __init__(self, engine: sa.Engine) -> None:
        """Wrap an engine that `open_database` has prepared.

        Args:
            engine: its begin event takes the write lock, except under `reading`.
        """
        self._engine = engine
        self._reader = engine.execution_options(**_reading_options(engine))

    @property
    def url(self) -> str:
        """The address, with any password hidden."""
        address = self._engine.url
        shown = address.difference_update_query(name for name in address.query if "pass" in name)
        return shown.render_as_string(hide_password=True)

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Begin a write transaction, commit it at the end, roll it back on any error.

        The write lock is taken at once, so that what the session reads cannot change before it writes.

        Raises:
            DatabaseUnavailableError: full disk, locked, read-only or connection lost; nothing was stored,
                or, where the connection broke during the commit, it is unknown whether it was. Try again.
            DatabaseOpenError: the file turned out to be damaged.
        """
        with _outages(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Begin a transaction that only reads: it sees one moment, waits for no writer and refuses to write.

        Raises:
            DatabaseUnavailableError: as `transaction`.
            DatabaseOpenError: the file turned out to be damaged.
        """
        with _outages(), Session(self._reader, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    def upgrade(self) -> None:
        """Bring the tables to this goldpan's version; does nothing where they are there already.

        Raises:
            DatabaseTooNewError: a newer goldpan made them.
            DatabaseOpenError: the database holds tables that are not goldpan's.
            DatabaseUnavailableError: as `transaction`.
        """
        with _outages():
            with self._reader.connect() as connection:
                if migrations.is_current(connection):
                    return
            with self._engine.begin() as connection:
                migrations.upgrade(connection)

    def version(self) -> str | None:
        """Return the version of the tables, None where there are none yet.

        Raises:
            DatabaseTooNewError: a newer goldpan made them.
            DatabaseOpenError: the database holds tables that are not goldpan's.
            DatabaseUnavailableError: as `transaction`.
        """
        with _outages(), self._reader.connect() as connection:
            return migrations.version_of(connection)

    def is_in_use(self) -> bool:
        """Return whether somebody else has the database open: a server, a worker, another command.

        SQLite leaves its log only for who is alone; PostgreSQL is asked for other connections of goldpan's to the
        same schema.

        Raises:
            DatabaseUnavailableError: as `transaction`.
        """
        self._engine.dispose()
        with _outages(), self._reader.connect() as connection:
            if self.kind == "postgresql":
                return bool(connection.exec_driver_sql(_OTHERS).scalar_one())
            connection.rollback()
            cursor = connection.connection.cursor()
            try:
                return bool(cursor.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                return True
            finally:
                cursor.close()
                # The next connection sets the log up again.
                connection.invalidate()

    def check(self) -> list[str]:
        """Return what is wrong with the stored data, nothing where all is well.

        SQLite's integrity and foreign key checks; on PostgreSQL only that the tables have the right version.
        `labeling.checking` looks at what is in the tables.

        Raises:
            DatabaseTooNewError: a newer goldpan made the tables.
            DatabaseUnavailableError: as `transaction`.
        """
        with _outages(), self._reader.connect() as connection:
            problems = [] if migrations.is_current(connection) else ["the tables are of an older goldpan"]
            if self._engine.dialect.name == "sqlite":
                found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
                problems += [str(line) for line in found if line != "ok"]
                for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                    problems.append(f"row {row} of {table} points at a missing row of {parent}")
            return problems

    def dispose(self) -> None:
        """Close every connection. On SQLite the last one to close folds the log into the file."""
        self._engine.dispose()


def open_database(url: str, *, upgrade: bool = True) -> Database:
    """Open a database, make it where it does not exist, and bring its tables to this version.

    Args:
        url: an SQLAlchemy URL: `sqlite:////absolute/path.sqlite` or `postgresql://user:password@host/name`.
        upgrade: False leaves the tables as they are; whoever asks for that looks at `Database.version`.

    Raises:
        DatabaseOpenError: the address is wrong, the folder is missing, or the file is not a goldpan database.
        DatabaseTooNewError: a newer goldpan made it.
        DatabaseUnavailableError: locked, read-only, or the server cannot be reached.
    """
    address = _checked_address(url)
    engine = _sqlite_engine(address) if address.get_backend_name() == "sqlite" else _postgres_engine(address)
    sa.event.listen(engine, "begin", _begin)
    database = Database(engine)
    try:
        if upgrade:
            database.upgrade()
    except BaseException:
        database.dispose()
        raise
    return database


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file; also right for names with spaces, `?` and `%`."""
    return sa.URL.create("sqlite", database=str(path.absolute())).render_as_string()


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, None for a database on a server.

    Raises:
        DatabaseOpenError: the address is wrong.
    """
    address = _checked_address(url)
    if address.get_backend_name() != "sqlite":
        return None
    # The path of file:…?uri=true, as SQLite's own URI has it.
    return Path((address.database or "").removeprefix("file:").partition("?")[0])


def _checked_address(url: str) -> sa.URL:
    allowed = "give sqlite:////absolute/path.sqlite or postgresql://user:password@host/name"
    try:
        address = sa.make_url(url)
    except (sa_errors.ArgumentError, ValueError) as error:
        # The text itself may hold a password: it is not repeated.
        raise DatabaseOpenError(f"the database's address is not a URL; {allowed}") from error
    backend = address.get_backend_name()
    if backend not in _BACKENDS:
        raise DatabaseOpenError(f"a database of kind {address.drivername!r} is not supported; {allowed}")
    if "@" in (address.host or ""):
        # What stands before it is the end of a password, which the driver's errors would repeat.
        raise DatabaseOpenError("the password in the database's address holds an '@'; write it as %40")
    return address.set(drivername=_BACKENDS[backend])


def _sqlite_engine(address: sa.URL) -> sa.Engine:
    name = address.database or ""
    path = Path(name.removeprefix("file:").partition("?")[0])
    if name in ("", ":memory:") or "mode=memory" in str(address):
        raise DatabaseOpenError(
            "a database in memory would lose every label; give sqlite:////absolute/path.sqlite"
        )
    if not path.parent.is_dir():
        raise DatabaseOpenError(f"the folder {path.parent} does not exist; make it, or give another path")
    if path.is_dir():
        raise DatabaseOpenError(
            f"{path} is a folder; give the path of a file in it, as {path / 'labels.sqlite'}"
        )
    engine = sa.create_engine(
        address, pool_size=_POOL_SIZE, max_overflow=_POOL_SIZE, pool_timeout=POOL_TIMEOUT_S
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _postgres_engine(address: sa.URL) -> sa.Engine:
    try:
        engine = sa.create_engine(
            address,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_SIZE,
            pool_timeout=POOL_TIMEOUT_S,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10},
        )
    except ModuleNotFoundError as error:
        raise DatabaseOpenError(
            "PostgreSQL needs a driver that is not installed; run: pip install 'goldpan[postgres]'"
        ) from error
    sa.event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    # SQLAlchemy sends BEGIN itself (see _begin); the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    # Asking for WAL where it is set already needs no write; a read-only file says so at the first write.
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # Without it INSERT OR REPLACE would delete rows behind the back of the append-only trigger.
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.close()


def _prepare_postgres(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("SET synchronous_commit = on")
    connection.execute(
        "SELECT set_config('application_name', 'goldpan ' || coalesce(current_schema(), ''), false)"
    )
    connection.commit()


def _reading_options(engine: sa.Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_READING: True}
    return {_READING: True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _begin(connection: sa.Connection) -> None:
    reading = bool(connection.get_execution_options().get(_READING))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
    elif not reading:
        # One lock for each schema, so that two projects in one database do not wait for each other.
        key = "hashtext(coalesce(current_schema(), ''))"
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK}, {key})")


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except sa_errors.SQLAlchemyError as error:
        outage = outage_of(error)
        if outage is None:
            raise
        raise outage from error
