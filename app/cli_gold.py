"""`goldpan gold add | list | remove`: the items whose label is known."""

from __future__ import annotations

import csv
import uuid
from pathlib import Path
from typing import Annotated

import typer

from app.errors import ProjectError
from app.project import Project, annotator_name, now, open_project
from app.terminal import out
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.gold import add_gold, adjudicated_keys, gold_labels, mark_gold, unmark_gold

gold = typer.Typer(
    no_args_is_help=True, help="Gold items: their label is known, and shows who is right how often."
)

ConfigArgument = Annotated[
    Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
]


@gold.command()
def add(
    config_path: ConfigArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A CSV file with the columns key and class.")
    ] = None,
    from_adjudicated: Annotated[
        bool, typer.Option("--from-adjudicated", help="Take every item that is adjudicated now.")
    ] = False,
) -> None:
    """Make items gold: those of a file, which also decides their labels, or those that are adjudicated."""
    if (file is None) == (not from_adjudicated):
        raise ProjectError(
            "say which items: give a FILE with the columns key and class, or --from-adjudicated"
        )
    project = open_project(config_path)
    try:
        labels = {} if file is None else read_gold(project, file)
        with project.database.transaction() as session:
            person = ensure_annotator(session, name=annotator_name(project.config))
            if file is None:
                count = mark_gold(
                    session, item_keys=adjudicated_keys(session), annotator_id=person, now=now()
                )
            else:
                uids = [f"gold-{uuid.uuid4().hex}" for _ in labels]
                count = add_gold(session, labels=labels, uids=uids, annotator_id=person, now=now())
            total = len(gold_labels(session))
    finally:
        project.close()
    out.print(f"{count} items are new gold items; there are {total} now.", highlight=False)
    if not project.config.team.gold_share:
        out.print("They are shown once team.gold_share in the project's file is above 0.", highlight=False)


@gold.command("list")
def list_gold(config_path: ConfigArgument) -> None:
    """Print key and class of each gold item."""
    project = open_project(config_path)
    with project.database.reading() as session:
        labels = gold_labels(session)
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
    project.close()
    for key, class_id in sorted(labels.items()):
        print(f"{key}\t{names[class_id]}")


@gold.command()
def remove(
    config_path: ConfigArgument,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Keys of the items.")],
) -> None:
    """Let items be gold no longer; their labels and the answers to them stay."""
    project = open_project(config_path)
    with project.database.transaction() as session:
        count = unmark_gold(session, item_keys=keys)
    project.close()
    out.print(f"{count} items are gold no longer.", highlight=False)


def read_gold(project: Project, file: Path) -> dict[str, int]:
    """Return the class id by item key of a CSV file with the columns key and class.

    Args:
        project: the opened project.
        file: the file, in UTF-8.

    Raises:
        ProjectError: it cannot be read, lacks a column, or a line names an unknown item or class, or an item twice; all
            lines that are wrong are named, the first of them.
    """
    with project.database.reading() as session:
        ids = {entry.name: entry.id for entry in list_classes(session)}
    labels: dict[str, int] = {}
    problems: list[str] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if not {"key", "class"} <= set(reader.fieldnames or ()):
                found = ", ".join(reader.fieldnames or ()) or "nothing"
                raise ProjectError(f"{file} needs the columns key and class; its first line has {found}")
            for row in reader:
                key, name = (row["key"] or "").strip(), (row["class"] or "").strip()
                wrong = (
                    f"item {key[:80]!r} comes twice"
                    if key in labels
                    else f"the pool has no item {key[:80]!r}"
                    if project.pool.row(key) is None
                    else f"there is no open class {name[:80]!r}; there are {', '.join(ids)}"
                    if name not in ids
                    else ""
                )
                if wrong:
                    problems.append(f"line {reader.line_num}: {wrong}")
                else:
                    labels[key] = ids[name]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise ProjectError(f"{file} cannot be read as CSV in UTF-8: {problem}") from problem
    if problems:
        more = f"; and {len(problems) - 5} lines more" if len(problems) > 5 else ""
        raise ProjectError(f"{file}: {'; '.join(problems[:5])}{more}")
    return labels
