"""What the command line shows while it works: text, progress bars, and what is left when it is stopped."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.cutouts import elsewhere_notes
from app.prepare import Stage
from app.project import Progress as Report
from app.project import Project, project_paths
from labeling.pools.earlier import can_go_on

out = Console()
err = Console(stderr=True)


def prepare_terminal() -> None:
    """Make output safe: one set of progress bars, and names that the terminal cannot show written in escapes."""
    # Weights of text models are loaded under our own bars; a second one would write over them.
    os.environ.setdefault("TQDM_DISABLE", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tell_problem(words: object) -> None:
    """Write what is wrong to stderr, as it is."""
    err.print(f"goldpan: {words}", markup=False, highlight=False, soft_wrap=True)


def tell_made(project: Project) -> None:
    """Say that a project is ready and what comes next, and close it."""
    path = project.paths.config
    out.print(f"{project.config.project.name}: {project.pool.n} items are ready.", markup=False)
    for note in [*project.pool.notes, *elsewhere_notes(project.pool, project.config.views)]:
        out.print(f"  note: {note}", markup=False, highlight=False)
    out.print(f"Next: goldpan serve {os.path.relpath(path)}", markup=False, highlight=False, soft_wrap=True)
    project.close()


def has_desktop() -> bool:
    """Return whether a page could be opened for the person."""
    return sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


@contextmanager
def stages(config_path: Path) -> Iterator[Stage]:
    """Show a progress bar for each stage; yields what starts a stage.

    Args:
        config_path: the project that is worked on; whoever stops the work is told what became of it.

    Raises:
        typer.Exit: the work was stopped with Ctrl-C.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=err) as bars:

            def stage(name: str) -> Report:
                bar = bars.add_task(name, total=1.0, what="")

                def report(share: float, what: str) -> None:
                    bars.update(bar, completed=share, what=what[:40])

                return report

            yield stage
    except KeyboardInterrupt:
        paths = project_paths(config_path)
        begun = config_path.is_file() and paths.snapshot.is_file()
        left = "the same command again goes on from here" if can_go_on(paths.pool) else "nothing was made"
        left = f"`goldpan serve {config_path}` goes on from here" if begun else left
        tell_problem(f"stopped; {left}")
        raise typer.Exit(130) from None
