"""`goldpan cluster local`, started and ended as a person does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.commands import run_command

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_cluster_local__says_where_it_is_and_ends_at_ctrl_c() -> None:
    command = [sys.executable, "-m", "app", "cluster", "local", "--workers", "1", "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[0].startswith("A Dask cluster of 1 worker is at tcp://127.0.0.1:")
        assert lines[2].strip().startswith("scheduler: tcp://127.0.0.1:")
        # As a terminal does: to the whole group, the worker too.
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "The cluster has ended.\n", "")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_cluster_local__port_that_is_taken(tmp_path: Path) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = run_command("cluster", "local", "--workers", "1", "--port", str(port), folder=tmp_path)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done.returncode == 2
    assert f"no cluster could be started at 127.0.0.1:{port}" in done.stderr
