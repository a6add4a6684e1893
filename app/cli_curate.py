"""`goldpan curate`: duplicates, outliers and unreadable items, in plain words and as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.curate_words import curated_words, write_curated
from app.curating import curate_pool
from app.errors import ProjectError
from app.project import now, open_project
from app.terminal import out
from models.errors import VectorsError


def curate_command(
    config_path: Annotated[
        Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", help="A new folder; one in the project's folder if not given.")
    ] = None,
    near: Annotated[
        float | None,
        typer.Option(
            "--near",
            min=0.0,
            max=1.0,
            help="How near counts as a copy, as a share of the distance to the 10th neighbour; chosen if not given.",
        ),
    ] = None,
) -> None:
    """Find duplicates, outliers and unreadable items; say what was found, and write it as CSV."""
    project = open_project(config_path)
    try:
        found = curate_pool(project, ratio=near)
    except VectorsError as problem:
        raise ProjectError(f"{problem}: `goldpan round {config_path}` does") from problem
    finally:
        project.close()
    folder = to or project.paths.folder / "curated" / now().strftime("%Y%m%d-%H%M%S-%f")
    files = write_curated(found, folder)
    for words in curated_words(found):
        out.print(words, highlight=False, markup=False, soft_wrap=True)
    out.print(f"The items by name are in {folder}:", highlight=False, markup=False, soft_wrap=True)
    for file in files:
        out.print(f"  {file.name}", highlight=False, markup=False)
