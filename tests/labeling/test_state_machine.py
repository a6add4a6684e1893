"""Whatever is done to a project in whatever order: the database and a plain Python model agree at every step.

Runs on SQLite and on PostgreSQL; for minutes by `pytest -m slow tests/labeling/test_state_machine.py`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from labeling.database import Database, open_database, sqlite_url
from tests.labeling.machine import Machine


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def open_new(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Opens a new, empty database at each call."""
    numbers = count()
    if kind == "sqlite":
        # In memory where that is possible: thousands of commits would wait for a disk that is not what is tested.
        memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
            template = Path(folder) / "template.sqlite"
            open_database(sqlite_url(template)).dispose()

            def open_file() -> Database:
                path = Path(folder) / f"{next(numbers)}.sqlite"
                path.write_bytes(template.read_bytes())
                return open_database(sqlite_url(path))

            yield open_file
        return
    with postgres_schemas(
        request.getfixturevalue("postgres_uri"), f"machine_{abs(hash(str(tmp_path)))}"
    ) as make:
        yield make


@contextmanager
def postgres_schemas(uri: str, name: str) -> Iterator[Callable[[], Database]]:
    """Give a function that opens a new schema at each call; all are dropped at the end."""
    address = sa.make_url(uri).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    made: list[str] = []

    def open_schema() -> Database:
        made.append(f"{name}_{len(made)}")
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(made[-1]))
        url = address.update_query_dict({"options": f"-c search_path={made[-1]}"})
        return open_database(url.render_as_string(hide_password=False))

    yield open_schema
    for schema in made:
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))


@pytest.mark.parametrize(
    ("examples", "steps"),
    [(6, 20), pytest.param(300, 80, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])],
)
def test_database__agrees_with_a_plain_model(
    open_new: Callable[[], Database], kind: str, examples: int, steps: int
) -> None:
    machine = type("MachineHere", (Machine,), {"open_new": staticmethod(open_new)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples if kind == "sqlite" else examples // 3,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=examples < 100,
            # The few steps of the short form are read as they are; making them fewer takes minutes.
            phases=[Phase.explicit, Phase.reuse, Phase.generate] if examples < 100 else list(Phase),
        ),
    )
