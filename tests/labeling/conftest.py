"""Real databases for the tests of labeling/: a SQLite file, and a schema of a real PostgreSQL."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from labeling.database import Database, open_database, sqlite_url
from tests.databases import postgres_schema
from tests.labeling.store import Project, make_project


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "labels.sqlite")
        return
    with postgres_schema(request.getfixturevalue("postgres_uri")) as url:
        yield url


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
