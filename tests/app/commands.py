"""The command line in this process: what it prints and how it ends, without the seconds a process takes to start."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from app.cli import main


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    returncode: int
    stdout: str
    stderr: str


def run_command(*arguments: str, folder: Path, **environment: str) -> Done:
    """Run `goldpan ARGUMENTS` in a folder."""
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    os.chdir(folder)
    try:
        with (
            patch.object(sys, "argv", ["goldpan", *arguments]),
            patch.dict(os.environ, {"COLUMNS": "200", **environment}),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = _run()
    finally:
        os.chdir(before)
    return Done(code, out.getvalue(), err.getvalue())


def _run() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
