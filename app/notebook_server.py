"""The dashboard's server beside a notebook: a process of its own, on loopback, which ends when the kernel does.

The kernel holds one end of a pipe that nothing is written to; the server reads the other, and when that ends, however
the kernel ended, it stops. Training and scoring in the kernel thus never stop the page.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from app.errors import ServerError
from config.errors import GoldpanError

START_S = 120.0
STOP_S = 10.0
ROOT = str(Path(__file__).resolve().parent.parent)
_MAIN = "import sys; sys.path[:0] = sys.argv[2:]; from app.notebook_server import main; main(sys.argv[1])"


class NotebookServer:
    """A server of one project."""

    def __init__(self, config_path: Path) -> None:
        """Start it and wait until it answers.

        Args:
            config_path: the project's YAML file.

        Raises:
            ServerError: it did not start.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, str(config_path), *_own_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A notebook's stop button interrupts the kernel's whole group; the page goes on.
            start_new_session=True,
        )
        try:
            self.url = self._wait_for_url()
        except BaseException:
            self.stop()
            raise

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, and wait until it has."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=STOP_S)

    def _wait_for_url(self) -> str:
        assert self._process.stdout is not None
        found: list[str] = []
        said = threading.Event()
        threading.Thread(target=_listen, args=(self._process.stdout, found, said), daemon=True).start()
        if not said.wait(START_S):
            raise ServerError(f"the server did not answer within {START_S:.0f} s; try again")
        told = json.loads(found[0]) if found else {"error": "its process ended; its messages say why"}
        if "url" not in told:
            raise ServerError(f"the server did not start: {told['error']}")
        return str(told["url"])


def server_of(config_path: Path) -> NotebookServer:
    """Return the server of a project: the one that runs for this kernel already, else a new one.

    Raises:
        ServerError: it did not start.
    """
    path = Path(config_path).resolve()
    with _starting:
        known = _servers.get(path)
        if known is None or not known.alive:
            known = _servers[path] = NotebookServer(path)
        return known


def stop_server_of(config_path: Path) -> None:
    """End the server of a project, where one runs for this kernel."""
    with _starting:
        known = _servers.pop(Path(config_path).resolve(), None)
    if known is not None:
        known.stop()


def main(config_path: str) -> None:
    """Serve a project until the standard input ends; tell the page's address, or what is wrong, in a line of JSON.

    Args:
        config_path: the project's YAML file.
    """
    from app.gate import FRAME_KEY, Framing
    from app.server import serve

    threading.Thread(target=_end_with_kernel, daemon=True).start()
    framing = Framing(secrets.token_urlsafe(24))
    try:
        serve(
            Path(config_path),
            port=0,
            on_ready=lambda url: _tell(url=f"{url}?page=Label&{FRAME_KEY}={framing.secret}"),
            framing=framing,
        )
    except (GoldpanError, OSError) as problem:
        _tell(error=str(problem))
        sys.exit(2)


_servers: dict[Path, NotebookServer] = {}
"""Those of this kernel, by the project's file."""
_starting = threading.Lock()


def _own_path() -> list[str]:
    """Return where the kernel's goldpan lies, if that is a checkout: a new process would not find it."""
    return [] if {"site-packages", "dist-packages"} & set(Path(ROOT).parts) else [ROOT]


def _end_with_kernel() -> None:
    sys.stdin.buffer.read()
    late = threading.Timer(STOP_S / 2, os._exit, args=(1,))
    late.daemon = True
    late.start()
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(**values: Any) -> None:  # noqa: ANN401 - of JSON
    print(json.dumps(values), flush=True)


def _listen(stream: IO[str], found: list[str], said: threading.Event) -> None:
    """Wait for the first line, then read on, so that the server never waits for whoever should."""
    with stream:
        for line in stream:
            if not said.is_set() and line.startswith("{"):
                found.append(line)
                said.set()
    said.set()
