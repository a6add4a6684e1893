"""`goldpan columns`: what each column of the pool is for, and changing that; `goldpan bands`: a band file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli_plugins import PluginOption
from app.column_roles import HIDDEN, ROLES, SAID, ColumnFacts, describe_columns, with_roles
from app.errors import ProjectError
from app.project import Project, open_project
from app.terminal import out, stages, tell_made
from config.files import load_config, save_config
from config.schema import PoolSection
from labeling.labels import revision


def columns_command(
    config_path: Annotated[
        Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
    ],
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", help=f"COLUMN=PART, may be given again; the parts: {', '.join(ROLES)}."),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Show the pool's columns and what each is for; with --role, change that and read the pool again."""
    project = open_project(config_path)
    try:
        section, base = project.config.pool, project.paths.config.parent
        facts = describe_columns(section, base, project.pool)
        if not roles:
            _show(facts)
            return
        wanted = _parsed(roles)
        changed = with_roles(section, facts, wanted, labelled=_is_labelled(project))
    finally:
        project.close()
    change_roles(config_path, changed)


def bands_command(
    config_path: Annotated[
        Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
    ],
    bands: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON or CSV: columns and their wavelengths.")
    ],
) -> None:
    """Take a band file over, for the plot of an item's spectrum: it goes into views.bands."""
    from app.bands import read_bands

    config = load_config(config_path)
    found = read_bands(bands)
    views = config.views.model_copy(update={"bands": found})
    save_config(config.model_copy(update={"views": views}), config_path)
    out.print(f"{len(found)} bands are in {config_path.name}.", markup=False, highlight=False)


def change_roles(config_path: Path, section: PoolSection) -> None:
    """Read the pool with other parts, compute what is missing of its vectors, and choose proposals anew."""
    from app.prepare import restore_pool
    from app.run_now import run_now

    project = open_project(config_path)
    config, paths = project.config.model_copy(update={"pool": section}), project.paths
    project.close()
    with stages(config_path) as stage:
        # The file is written once the pool could be read so.
        restore_pool(config, paths, stage=stage)
        renewed = open_project(config_path)
        run_now(renewed)
    tell_made(renewed)


def _parsed(roles: list[str]) -> dict[str, str]:
    wanted = {}
    for given in roles:
        name, sign, role = given.rpartition("=")
        if not sign or not name:
            raise ProjectError(
                f"--role {given!r} is not COLUMN=PART; write for example --role redshift=extra"
            )
        wanted[name.strip()] = role.strip()
    return wanted


def _show(facts: list[ColumnFacts]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("column", "type", "missing", "examples", "part"):
        table.add_column(title, overflow="fold")
    for fact in facts:
        shown = HIDDEN if fact.role == "truth" else ", ".join(fact.examples)
        cells = (fact.name, fact.kind, f"{fact.missing:.1%}", shown, f"{fact.role}: {SAID[fact.role]}")
        # What a file says is text, not markup.
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)


def _is_labelled(project: Project) -> bool:
    with project.database.reading() as session:
        return revision(session) > 0
