"""A server that reads its pool anew and starts again, because an admin asked for that on the page.

The process ends its work as for Ctrl-C, reads the pool as `goldpan refresh` does, and becomes the command it was
started with once more: nothing of the old pool is left in it. A pool that cannot be read leaves the old one in place,
and the page that comes back says why.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from app.errors import ServerError
from app.prepare import Stage, restore_pool, silent_stage
from app.project import Project, open_project, project_paths
from app.run_now import run_now
from config.errors import GoldpanError
from config.files import load_config

if TYPE_CHECKING:
    from app.hub import Hub

PROBLEM_VARIABLE = "GOLDPAN_POOL_NOT_READ"
"""Of the environment: why the pool could not be read anew, told to the server that starts again."""
IMPOSSIBLE = (
    "this server cannot start itself again: stop it, run `goldpan refresh` with the project's file, and start it "
    "again"
)


class Renewal:
    """What a running server knows of being started again."""

    def __init__(self, *, problem: str = "") -> None:
        """Begin without any way to start again.

        Args:
            problem: why the pool could not be read anew the last time; empty if it could.
        """
        self.problem = problem
        self.asked = False
        self._leave: Callable[[], None] | None = None

    @property
    def possible(self) -> bool:
        """Whether this server can start itself again."""
        return self._leave is not None

    def allow(self, leave: Callable[[], None]) -> None:
        """Say how the server is ended; from then on it can be asked to start again.

        Args:
            leave: ends the server a little later, so that pages hear of it; callable from any thread.
        """
        self._leave = leave

    def ask(self, hub: Hub) -> None:
        """Tell every open page that the server starts again, and end it; callable from any thread.

        Args:
            hub: of the server.

        Raises:
            ServerError: the server was started by something that would not start it again.
        """
        if self._leave is None:
            raise ServerError(IMPOSSIBLE)
        self.asked = True
        if hub.status is not None:
            hub.publish(replace(hub.status, renewing=True))
        self._leave()


def last_problem() -> str:
    """Return why the pool could not be read anew before this process began, and forget it."""
    return os.environ.pop(PROBLEM_VARIABLE, "")


def take_in_anew(config_path: Path, *, stage: Stage = silent_stage) -> Project:
    """Read a project's pool anew and choose its proposals; annotations stay, by item key.

    Args:
        config_path: the project's YAML file.
        stage: reports the progress of each stage.

    Returns:
        The project, open.

    Raises:
        GoldpanError: the pool cannot be read; the project is as it was.
    """
    restore_pool(load_config(config_path), project_paths(config_path), stage=stage)
    renewed = open_project(config_path)
    run_now(renewed)
    return renewed


def heed_signals() -> None:
    """Let Ctrl-C and a termination end this process again, which the server had taken for itself."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def start_again(port: int, *, problem: str = "") -> NoReturn:
    """Become the command that this process was started with, on the same port, without another browser's window.

    Args:
        port: that the server had.
        problem: why the pool could not be read anew; empty if it could.
    """
    command = again(sys.orig_argv, sys.executable, port)
    if problem:
        os.environ[PROBLEM_VARIABLE] = problem
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        # There a process that becomes another one lets go of its terminal.
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def again(arguments: list[str], python: str, port: int) -> list[str]:
    """Return the command that starts a server again.

    Args:
        arguments: that this process was started with, its program first.
        python: the interpreter, with its path.
        port: that the server had.
    """
    options = ["--port", str(port), "--no-open"]
    given = arguments[1:]
    if given[-len(options) :] != options:
        given = [*given, *options]
    return [python, *given]


def words_of(problem: Exception) -> str:
    """Return an error in words for the page."""
    return str(problem) if isinstance(problem, GoldpanError) else f"{type(problem).__name__}: {problem}"
