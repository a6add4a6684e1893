"""What the tests of app/ share: a small project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.context import ServerContext, make_context
from app.project import Project
from app.session import DashboardState
from app.status import read_status
from tests.projects import make_clouds


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Project]:
    """Three clouds of points as a fresh project, its classes preset, nothing labelled."""
    project = make_clouds(tmp_path)
    yield project
    project.close()


@pytest.fixture
def context(clouds: Project) -> Iterator[ServerContext]:
    """The parts of a server over the clouds; nothing runs."""
    made = make_context(clouds, hosts=frozenset())
    yield made
    made.writer.shutdown()
    made.reader.shutdown()


@pytest.fixture
def dashboard(context: ServerContext) -> DashboardState:
    """The state of a new tab over the clouds."""
    state = DashboardState(context)
    state.apply(read_status(context.project.database))
    return state
