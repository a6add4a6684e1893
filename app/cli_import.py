"""`goldpan import-labels`: labels from another program's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.project import open_project
from app.terminal import out


def import_labels_command(
    config_path: Annotated[
        Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE.JSON", help="A JSON or JSON-MIN export of Label Studio.")
    ],
    annotator: Annotated[str | None, typer.Option(help="Whose labels they are; yours if not given.")] = None,
    key_field: Annotated[
        str, typer.Option(help="Field of a task's data that holds the item's key.")
    ] = "item_key",
    choice: Annotated[str, typer.Option(help="Name of the choices in the labelling interface.")] = "label",
) -> None:
    """Take labels over from Label Studio, by item key: all of them, or none where something is wrong."""
    from app.importing import import_labels

    project = open_project(config_path)
    try:
        done = import_labels(project, file, annotator=annotator, key_field=key_field, choice=choice)
    finally:
        project.close()
    told = f"{done.labels} labels in {file}, {done.stored} of them new."
    out.print(told, highlight=False, markup=False, soft_wrap=True)
