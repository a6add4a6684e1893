"""What the tests of rounds on a cluster share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.project import Project, open_project
from tests.app.cluster.clusters import CHUNK_ROWS, Copy, threads_cluster
from tests.projects import label_some, make_clouds, write_clouds


@pytest.fixture(scope="package")
def scheduler() -> Iterator[str]:
    """The address of a cluster of two workers."""
    with threads_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled project of more rows than the members' answers are kept on, as a folder."""
    folder = tmp_path_factory.mktemp("made")
    write_clouds(folder / "clouds.csv", times=60)
    project = make_clouds(folder)
    label_some(project)
    project.close()
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    """Makes copies of it; rounds score few rows at once, so that there are several parts."""
    monkeypatch.setattr("app.easing.CHUNK_ROWS", CHUNK_ROWS)
    opened: list[Project] = []

    def copied(name: str) -> Project:
        shutil.copytree(made, tmp_path / name)
        opened.append(open_project(tmp_path / name / "clouds.yaml"))
        return opened[-1]

    yield copied
    for project in opened:
        project.close()
