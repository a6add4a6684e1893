"""What the tests of app/ share: a small project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.project import Project
from tests.projects import make_clouds


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Project]:
    """Three clouds of points as a fresh project, its classes preset, nothing labelled."""
    project = make_clouds(tmp_path)
    yield project
    project.close()
