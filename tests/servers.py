"""Starts the real server as a process of its own, as a person would, and talks to it over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.audit_set import draw_audit_set
from app.run_now import run_now
from labeling.annotators import ensure_annotator
from tests.projects import label, label_some, make_clouds, truth_of

ROOT = Path(__file__).resolve().parent.parent
START_S = 180.0


class RunningServer:
    """A `goldpan serve` process."""

    def __init__(
        self,
        config_path: Path,
        *,
        port: int = 0,
        environment: dict[str, str] | None = None,
        module: str = "app",
        options: Sequence[str] = (),
    ) -> None:
        self.config_path = config_path
        arguments = [
            sys.executable,
            "-m",
            module,
            "serve",
            str(config_path),
            "--port",
            str(port),
            "--no-open",
        ]
        arguments += options
        self.process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for_url()

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)
        self._close()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()

    def _close(self) -> None:
        self._reader.join(timeout=5)
        # Where something that the server started outlives it, the reader still waits, and closing would wait for it.
        if self.process.stdout is not None and not self._reader.is_alive():
            self.process.stdout.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        return self._ask(urllib.request.Request(self.url.rstrip("/") + path, headers=headers or {}))

    def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None, *, method: str = "POST"
    ) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        usual = {"Content-Type": "application/json", "Origin": self.url.rstrip("/")}
        asked = {name: value for name, value in {**usual, **(headers or {})}.items() if value}
        return self._ask(
            urllib.request.Request(self.url.rstrip("/") + path, data=content, headers=asked, method=method)
        )

    def _ask(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as problem:
            status, content = problem.code, problem.read()
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def _wait_for_url(self) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = re.search(r"goldpan is at (http://\S+)", self.output)
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.output}")
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server did not start in {START_S} s:\n{self.output}")


@contextmanager
def serving(config_path: Path, **options: Any) -> Iterator[RunningServer]:
    """Serve a project for the length of a block."""
    server = RunningServer(config_path, **options)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def serving_trained(
    folder: Path, truth: dict[str, str], *, audited: int = 0, **options: Any
) -> Iterator[RunningServer]:
    """Serve the clouds with some labels and a trained model for the length of a block.

    Args:
        folder: where to make the project.
        truth: filled with the true class of each item.
        audited: items of an audit set, all of them answered; 0 for none.
        **options: as `RunningServer` takes them.
    """
    project = make_clouds(folder)
    truth.update(truth_of(project))
    label_some(project)
    run_now(project)
    if audited:
        with project.database.transaction() as session:
            person = ensure_annotator(session, name="ann")
        drawn = draw_audit_set(project, size=audited, annotator_id=person).new.item_keys
        label(project, {key: truth[key] for key in drawn})
    project.close()
    with serving(project.paths.config, **options) as running:
        yield running


def claim_free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], *, seconds: float = 60.0, what: str = "the condition") -> Any:
    """Return the first true value of the condition; fail after some time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")
