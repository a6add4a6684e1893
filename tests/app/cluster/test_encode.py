"""A pool encoded on a cluster has the vectors that one machine gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cluster import encode, encode_there
from app.errors import ClusterMismatchError, PartUnseenError
from app.prepare import compute_vectors
from app.project import Project
from config.files import load_config
from models import vectors
from models.vectors import VectorFile, open_vectors
from tests.app.cluster.clusters import use_scheduler
from tests.projects import make_clouds, make_texts


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "CHUNK_ROWS", 10)
    monkeypatch.setattr(encode, "RANGES_A_PART", 2)
    monkeypatch.setattr(encode, "PARTS_AHEAD", 1)


def encode_again(project: Project, scheduler: str) -> VectorFile:
    use_scheduler(project, scheduler)
    (project.paths.vectors / "vectors.json").unlink()
    compute_vectors(load_config(project.paths.config), project.paths, project.pool)
    return open_vectors(project.paths.vectors)


@pytest.mark.parametrize("make", [make_clouds, make_texts])
def test_compute_vectors__cluster_gives_the_same(
    tmp_path: Path, scheduler: str, small_parts: None, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    project = make(tmp_path)
    here = open_vectors(project.paths.vectors)
    plain, asked = encode_there._open, []

    def counted(task: encode_there.EncodeTask) -> Any:
        asked.append(task.encoder)
        return plain(task)

    monkeypatch.setattr(encode_there, "_open", counted)
    there = encode_again(project, scheduler)
    assert there.hash == here.hash
    assert len(asked) == -(-project.pool.n // 20)
    project.close()


def test_compute_vectors__pool_that_no_worker_sees_is_encoded_here(
    tmp_path: Path,
    scheduler: str,
    small_parts: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    project = make_clouds(tmp_path)
    here = open_vectors(project.paths.vectors)

    def unseen(task: encode_there.EncodeTask) -> None:
        raise PartUnseenError(f"a worker does not see {task.pool_folder}")

    monkeypatch.setattr(encode_there, "_open", unseen)
    there = encode_again(project, scheduler)
    assert there.hash == here.hash
    assert "does not see" in caplog.text
    project.close()


def test_encode_rows__another_pool_at_the_same_path(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    task = encode_there.EncodeTask(
        str(project.pool.folder),
        "another",
        "tabular",
        project.config.encoder,
        5,
        None,
        np.zeros((4, 4), np.float32),
    )
    with pytest.raises(ClusterMismatchError, match=r"has the hash .* the one here another"):
        encode_there.encode_rows(task, [(0, 4)], {})
    project.close()


def test_encode_rows__an_encoder_that_encodes_otherwise(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    probe = np.array(open_vectors(project.paths.vectors).array[:4]) + 1
    task = encode_there.EncodeTask(
        str(project.pool.folder), project.pool.hash, "tabular", project.config.encoder, 5, None, probe
    )
    with pytest.raises(ClusterMismatchError, match="tabular gives other vectors on a worker"):
        encode_there.encode_rows(task, [(0, 4)], {})
    project.close()
