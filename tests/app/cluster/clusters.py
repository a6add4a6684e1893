"""Dask clusters for tests, and projects whose rounds run on them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from app.project import Project
from app.round_files import read_arrays, read_meaning
from config.files import load_config, save_config
from labeling.queue import proposals_of
from labeling.round_log import find_round

CHUNK_ROWS = 512
"""Rows that these tests' rounds score at once."""

Copy = Callable[[str], Project]
"""Given a name, makes a copy of a project under it."""

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def threads_cluster(workers: int = 2) -> Iterator[Any]:
    """Start a cluster whose workers are threads of this process: quick to start, everything goes over TCP."""
    from distributed import LocalCluster

    from app.cluster.connection import disconnect

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    ) as cluster:
        yield cluster
        disconnect()


@contextmanager
def worker_process(address: str, preload: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker without a nanny, which nobody starts again after it was killed."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
    command += ["--no-dashboard", "--memory-limit", "0", *(["--preload", str(preload)] if preload else [])]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def use_scheduler(project: Project, address: str | None, **settings: dict[str, Any]) -> None:
    """Write into a project's file which cluster its rounds run on, and other settings by section."""
    config = load_config(project.paths.config)
    update = {
        name: getattr(config, name).model_copy(update=values)
        for name, values in {"rounds": {}, **settings}.items()
    }
    update["rounds"] = update["rounds"].model_copy(update={"scheduler": address})
    save_config(config.model_copy(update=update), project.paths.config)


def outcome(project: Project, number: int = 1) -> dict[str, Any]:
    """Return all that a round found, without how long it took."""
    arrays, meaning = read_arrays(project.paths.rounds, number), read_meaning(project.paths.rounds, number)
    assert arrays is not None and meaning is not None
    with project.database.reading() as session:
        proposals, row = proposals_of(session, round_number=number), find_round(session, number=number)
    assert row is not None
    head = project.paths.rounds / f"{number:06d}" / "head.safetensors"
    metrics = {name: value for name, value in row.metrics.items() if name != "seconds"}
    if metrics.get("quality"):
        metrics["quality"] = {name: value for name, value in metrics["quality"].items() if name != "seconds"}
    return {
        "proposals": proposals,
        "metrics": metrics,
        "hashes": row.hashes,
        "prior": (meaning.prior, meaning.prior_low, meaning.prior_high),
        "probabilities": np.array(arrays.probabilities).tobytes(),
        "predicted": np.array(arrays.predicted).tobytes(),
        "uncertainty": np.array(arrays.uncertainty).tobytes(),
        "head": {name: tensor.tobytes() for name, tensor in load_file(head).items()},
    }
