"""What is said of a cluster that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from app.cluster import connection, there
from app.cluster.connection import connect
from app.cluster.plan import Part, describe_parts, installed_versions
from app.errors import ClusterAbsentError, ClusterMismatchError, PartUnseenError
from tests.app.cluster.clusters import threads_cluster


def test_connect__no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 0.5)
    with pytest.raises(
        ClusterAbsentError, match=r"no Dask scheduler answers at tcp://127\.0.*dask scheduler"
    ):
        connect("tcp://127.0.0.1:9")


def test_connect__tls_without_certificates() -> None:
    with pytest.raises(ClusterAbsentError, match="TLS"):
        connect("tls://127.0.0.1:9")


def test_connect__no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 0.5)
    with (
        threads_cluster(workers=0) as cluster,
        pytest.raises(ClusterAbsentError, match=r"no workers.*dask worker"),
    ):
        connect(cluster.scheduler_address)


def test_connect__other_versions_on_a_worker(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = installed_versions() | {"torch": "1.0", "goldpan": "0.0.1"}
    monkeypatch.setattr(connection, "installed_versions", lambda: other)
    with pytest.raises(ClusterMismatchError, match=r"goldpan .* \(here 0.0.1\), torch .*; install the same"):
        connect(scheduler)


def test_connect__no_goldpan_on_a_worker(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(expected: dict[str, str]) -> dict[str, str]:
        raise ModuleNotFoundError("No module named 'app'")

    monkeypatch.setattr(connection, "versions_there", missing)
    with pytest.raises(
        ClusterMismatchError, match=r"lacks what goldpan needs .*No module named 'app'.*install"
    ):
        connect(scheduler)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (np.ones((100, 3), np.float32), "holds other numbers in rows 40 to 79"),
        (
            np.zeros((90, 3), np.float32),
            r"holds float32 of shape \(90, 3\), here it is float32 of shape \(100, 3\)",
        ),
        (np.zeros((100, 3), np.float16), "holds float16"),
    ],
)
def test_open_part__another_file_at_the_same_path(tmp_path: Path, other: np.ndarray, said: str) -> None:
    file, vectors = tmp_path / "vectors.npy", np.zeros((100, 3), np.float32)
    np.save(file, vectors)
    part = describe_parts(file, vectors, [(0, 40), (40, 80), (80, 100)])[1]
    assert there.open_part(part).shape == (40, 3)
    np.save(file, other)
    os.utime(file, ns=(1, 1))
    with pytest.raises(ClusterMismatchError, match=f"{said}.*share the project's folder"):
        there.open_part(part)


def test_open_part__no_such_file(tmp_path: Path) -> None:
    part = describe_parts(tmp_path / "vectors.npy", np.zeros((9, 3), np.float32), [(0, 9)])[0]
    with pytest.raises(PartUnseenError, match=r"vectors\.npy"):
        there.open_part(part)


def test_score_part__a_worker_that_joined_later_is_compared_too() -> None:
    with pytest.raises(ClusterMismatchError, match="a worker that joined has numpy"):
        there.score_part(None, None, None, {"numpy": "0.1"})  # type: ignore[arg-type]


def test_keep_part__something_else_came() -> None:
    part = Part("x", (10, 3), "float32", 0, 4, "")
    with pytest.raises(ClusterMismatchError, match="rows 0 to 3 came to the worker altered"):
        there.keep_part(part, np.zeros((4, 3), np.float32), "0" * 64)
