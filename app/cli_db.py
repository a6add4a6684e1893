"""`goldpan db upgrade | check | copy`: a project's database, looked after by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import PydanticCustomError
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.database_address import STORE_NAME, resolve_address
from app.errors import ProjectError
from app.project import annotator_name, database_url, now, project_paths
from app.terminal import err, out, tell_problem
from config.checks import check_database
from config.files import load_config, save_config
from config.schema import ProjectConfig
from labeling.annotators import ensure_annotator
from labeling.backup import back_up_sqlite
from labeling.checking import inspect_database
from labeling.clock import database_now
from labeling.copying import TableContent, copy_database
from labeling.database import Database, open_database, sqlite_file
from labeling.errors import CopyError
from labeling.events import EventKind, record_event
from labeling.migrations import head_version

db_app = typer.Typer(
    no_args_is_help=True, help="Look after a project's database: upgrade, check, copy to another."
)

ConfigArgument = Annotated[
    Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
]


@db_app.command("upgrade")
def upgrade_command(
    config_path: ConfigArgument,
    backup: Annotated[bool, typer.Option("--backup/--no-backup", help="Copy a SQLite file first.")] = True,
) -> None:
    """Bring the database to this goldpan's version; a copy of a SQLite file is made first."""
    url = _existing(config_path)
    database = open_database(url, upgrade=False)
    try:
        before = database.version()
        if before == head_version():
            out.print(f"The database has version {before} already; nothing to do.", highlight=False)
            return
        file = sqlite_file(url)
        if file is not None and backup and before is not None:
            moment = now().strftime("%Y%m%d-%H%M%S")
            kept = back_up_sqlite(file, file.with_name(f"{file.name}.v{before}-{moment}"))
            out.print(f"A copy as it was: {kept}", highlight=False, markup=False, soft_wrap=True)
        database.upgrade()
        out.print(f"Upgraded from version {before or 'none'} to {database.version()}.", highlight=False)
    finally:
        database.dispose()


@db_app.command("check")
def check_command(config_path: ConfigArgument) -> None:
    """Look for damage and broken promises in the database; exit code 1 where something is wrong."""
    database = open_database(_existing(config_path), upgrade=False)
    try:
        report = inspect_database(database)
    finally:
        database.dispose()
    out.print(
        f"version {report.version or 'none'} (this goldpan works with {head_version()})", highlight=False
    )
    for name, count in report.rows.items():
        out.print(f"  {count:9,d}  {name}", highlight=False)
    for problem in report.problems:
        tell_problem(problem)
    if report.problems:
        raise typer.Exit(1)
    out.print("Nothing is wrong.")


@db_app.command("copy")
def copy_command(
    config_path: ConfigArgument,
    to: Annotated[
        str,
        typer.Option(
            help="Where to: a URL, '${GOLDPAN_…}' for a variable that holds one (it stays out of the shell's history), "
            "or 'sqlite' for labels.sqlite in the data folder."
        ),
    ],
    switch: Annotated[
        bool, typer.Option("--switch", help="Write the new address into PROJECT.YAML afterwards.")
    ] = False,
) -> None:
    """Copy the database into an empty one, compare both, and let the project use it if so wished.

    Stop every server of the project first: what it would store afterwards would be missing in the copy.
    """
    config, paths = load_config(config_path), project_paths(config_path)
    wanted = None if to == "sqlite" else to
    source_url, target_url = _existing(config_path), resolve_address(_checked(wanted), paths.folder)
    if source_url == target_url:
        raise CopyError("the project uses that database already; give another one with --to")
    file = sqlite_file(target_url)
    is_new = file is not None and not file.exists()
    try:
        contents = _copy(config, source_url, target_url)
    except BaseException:
        if is_new and file is not None:
            _remove(file)
        raise
    rows = sum(content.rows for content in contents.values())
    out.print(f"{rows:,} rows of {len(contents)} tables are copied and compared.", highlight=False)
    if switch:
        section = config.project.model_copy(update={"database": wanted})
        save_config(config.model_copy(update={"project": section}), paths.config)
        out.print(f"{paths.config.name} names the new database now.", highlight=False, markup=False)
    else:
        told = STORE_NAME if wanted is None else "the new address"
        out.print(
            f"The project still uses the old one; --switch, or {told} under project.database, changes that."
        )


def _checked(address: str | None) -> str | None:
    """Return an address as a configuration may have it.

    Raises:
        ProjectError: it is none; what was given is not repeated, for it may hold a password.
    """
    try:
        return address if address is None else check_database(address)
    except PydanticCustomError as error:
        raise ProjectError(f"--to is {error.message()}") from error


def _copy(config: ProjectConfig, source_url: str, target_url: str) -> dict[str, TableContent]:
    source = open_database(source_url, upgrade=False)
    try:
        # A newer database is refused before anything about its file is changed.
        source.version()
        if source.is_in_use():
            raise CopyError(
                f"somebody has the database {source.url} open; stop every server of this project, then copy"
            )
        target = open_database(target_url)
        try:
            with Progress(
                TextColumn("Copying {task.fields[table]}"), BarColumn(), TimeElapsedColumn(), console=err
            ) as bars:
                bar = bars.add_task("", total=1.0, table="")
                contents = copy_database(
                    source,
                    target,
                    progress=lambda share, table: bars.update(bar, completed=share, table=table),
                )
            _note_copy(config, target, contents)
        finally:
            target.dispose()
    finally:
        source.dispose()
    return contents


def _note_copy(config: ProjectConfig, target: Database, contents: dict[str, TableContent]) -> None:
    with target.transaction() as session:
        record_event(
            session,
            kind=EventKind.DATABASE_COPIED,
            annotator_id=ensure_annotator(session, name=annotator_name(config)),
            now=database_now(session),
            details={"rows": {name: content.rows for name, content in contents.items()}},
        )


def _existing(config_path: Path) -> str:
    """Return the URL of the project's database; a missing SQLite file must not be made by looking at it.

    Raises:
        ProjectError: there is none.
    """
    config, paths = load_config(config_path), project_paths(config_path)
    url = database_url(config, paths)
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise ProjectError(
            f"{file} does not exist, the database of {config_path}; put it or a copy of it back"
        )
    return url


def _remove(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
