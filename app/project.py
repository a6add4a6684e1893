"""An opened project: its configuration, its folder, its pool and its database.

Everything here is cheap and free of torch, so that the web server, the worker and the command line share it.
"""

from __future__ import annotations

import datetime as dt
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.class_keys import next_key
from app.components.theme import class_colour
from app.database_address import STORE_NAME, resolve_address
from app.errors import PoolDamagedError, ProjectMissingError
from app.plugins import ensure_loaded
from config.files import config_hash, data_folder, load_config
from config.schema import ClassSection, ProjectConfig
from labeling.classes import LabelClass, add_class, archive_class, list_classes, update_class
from labeling.clock import database_now
from labeling.database import Database, open_database
from labeling.errors import DatabaseOpenError
from labeling.events import EventKind, former_names, record_event
from labeling.pools.errors import SnapshotError
from labeling.pools.pool import Pool, open_pool

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and what is being done."""

PROJECT_KINDS = ("reader", "encoder", "export")
"""Kinds of plug-ins that whoever opens a project may meet; strategies and heads are a round's."""


@dataclass(frozen=True)
class ProjectPaths:
    """Where the parts of a project lie.

    Attributes:
        config: the YAML file.
        folder: the data folder beside it.
    """

    config: Path
    folder: Path

    @property
    def pool(self) -> Path:
        """The pool's snapshot."""
        return self.folder / "pool"

    @property
    def snapshot(self) -> Path:
        """The file that is there once the snapshot is whole."""
        return self.pool / "snapshot.json"

    @property
    def vectors(self) -> Path:
        """The vectors and the projection."""
        return self.folder / "vectors"

    @property
    def rounds(self) -> Path:
        """One folder a round."""
        return self.folder / "rounds"

    @property
    def seeks(self) -> Path:
        """The vectors of words that were sought, so that no model is loaded for them again."""
        return self.folder / "seeks"

    @property
    def exports(self) -> Path:
        """What was exported."""
        return self.folder / "exports"


@dataclass(frozen=True)
class Project:
    """A project that is ready to be labelled or to run a round.

    Attributes:
        config: the configuration as the file has it.
        paths: where the parts lie.
        pool: the opened snapshot.
        database: the opened database; close it with `close`.
    """

    config: ProjectConfig
    paths: ProjectPaths
    pool: Pool
    database: Database

    def close(self) -> None:
        """Close the database's connections."""
        self.database.dispose()


def now() -> dt.datetime:
    """Return the present time in UTC."""
    return dt.datetime.now(dt.UTC)


def project_paths(config_path: Path) -> ProjectPaths:
    """Return where the parts of the project of a configuration file lie."""
    resolved = Path(config_path).resolve()
    return ProjectPaths(config=resolved, folder=data_folder(resolved))


def database_url(config: ProjectConfig, paths: ProjectPaths) -> str:
    """Return the SQLAlchemy URL of the project's database; SQLite in the data folder unless the file says other.

    Raises:
        ProjectError: the file names a variable of the environment that is not set.
    """
    return resolve_address(config.project.database, paths.folder)


def annotator_name(config: ProjectConfig) -> str:
    """Return who labels when nobody logs in: the configured name, else the account's."""
    return config.project.annotator or os.environ.get("USER") or os.environ.get("USERNAME") or "you"


def open_project(config_path: Path) -> Project:
    """Open a project that `init` or `import` made.

    Args:
        config_path: the YAML file.

    Raises:
        ProjectMissingError: the file has no data folder with a pool beside it, or its labels are gone.
        PoolDamagedError: its snapshot of the pool is missing or damaged.
    """
    ensure_loaded(*PROJECT_KINDS)
    config = load_config(config_path)
    paths = project_paths(config_path)
    if not paths.folder.exists():
        raise ProjectMissingError(
            f"{paths.folder} does not exist, the data of {config_path}; make it with `goldpan init {config_path}`"
        )
    if not paths.snapshot.is_file():
        raise PoolDamagedError(
            f"{paths.folder} holds no snapshot of the pool; `goldpan refresh {config_path}` makes it again"
        )
    try:
        pool = open_pool(paths.pool)
    except SnapshotError as problem:
        raise PoolDamagedError(f"{problem}: `goldpan refresh {config_path}` does") from problem
    store = paths.folder / STORE_NAME
    if config.project.database is None and paths.rounds.is_dir() and not store.exists():
        raise ProjectMissingError(
            f"{store} with the labels is gone; put it or a copy of it back, or remove {paths.rounds} to begin "
            "again without labels"
        )
    database = open_store(config, paths)
    project = Project(config=config, paths=paths, pool=pool, database=database)
    add_configured_classes(project)
    return project


def open_store(config: ProjectConfig, paths: ProjectPaths) -> Database:
    """Open the project's database, and make it where there is none.

    Raises:
        DatabaseOpenError: it is no database of goldpan's; the message says which file.
        DatabaseUnavailableError: it cannot be used just now.
    """
    try:
        return open_database(database_url(config, paths))
    except DatabaseOpenError as problem:
        if config.project.database is not None:
            raise
        raise DatabaseOpenError(f"{paths.folder / STORE_NAME}: {problem}") from problem


def add_configured_classes(project: Project) -> list[LabelClass]:
    """Add the classes that the file names and the database does not have yet; return all classes.

    A name that a class of the database had before it was renamed is not added: another server renamed it, whose file
    this is not.
    """
    with project.database.reading() as session:
        known, former = list_classes(session, archived=True), former_names(session)
    if not _missing(project.config, known, former):
        return [label_class for label_class in known if not label_class.archived]
    with project.database.transaction() as session:
        # Another process may have added them by now.
        known = list_classes(session, archived=True)
        missing = _missing(project.config, known, former_names(session))
        taken = {label_class.key for label_class in known} | {entry.key for entry in missing}
        for position, entry in enumerate(missing, start=len(known)):
            key = entry.key or (None if entry.archived else next_key(taken))
            taken.add(key)
            added = add_class(
                session,
                name=entry.name,
                key=key,
                colour=entry.colour or class_colour(position),
                description=entry.description,
                target=entry.target,
            )
            record_event(
                session,
                kind=EventKind.CLASS_ADDED,
                annotator_id=None,
                now=database_now(session),
                subject=added.name,
                details={"class_id": added.id, "by": "the project's file"},
            )
        _place_classes(session, missing, former_names(session))
        return list_classes(session)


def settings_hash(project: Project, classes: Sequence[LabelClass]) -> str:
    """Return the hash of the settings that influence what is proposed, with the classes as they are now.

    The file may name fewer classes than there are: those added while labelling are in the database alone.

    Args:
        project: the opened project.
        classes: the open classes, in order.
    """
    sections = tuple(ClassSection(name=entry.name, target=entry.target) for entry in classes)
    return config_hash(project.config.model_copy(update={"classes": sections}))


def _missing(
    config: ProjectConfig, known: Sequence[LabelClass], former: Mapping[str, str]
) -> list[ClassSection]:
    names = {_folded(label_class.name) for label_class in known} | {_folded(name) for name in former}
    return [entry for entry in config.classes if _folded(entry.name) not in names]


def _place_classes(
    session: Any,  # noqa: ANN401 - a database session
    added: Sequence[ClassSection],
    former: Mapping[str, str],
) -> None:
    """Put the added classes under their parents, which may come after them, and archive those that are so marked."""
    ids = {_folded(entry.name): entry.id for entry in list_classes(session, archived=True)}
    ids = {_folded(old): ids[_folded(present)] for old, present in former.items()} | ids
    for entry in added:
        class_id = ids[_folded(entry.name)]
        if entry.parent is not None:
            update_class(session, class_id=class_id, parent_id=ids[_folded(entry.parent)])
        if entry.archived:
            archive_class(session, class_id=class_id)


def _folded(name: str) -> str:
    """Return the name as two names are compared: the database keeps the composed form."""
    return unicodedata.normalize("NFC", name).strip().casefold()
