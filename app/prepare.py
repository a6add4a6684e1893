"""From a configuration to a project that can be served: snapshot → vectors → projection → database → first round.

The configuration file is what makes a project: it is written once the pool and the database are whole. What was cut off
before that is no project; vectors and map that are missing then are computed by the next command that needs them.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.encoded import EncodedPool, remember_vectors
from app.errors import PoolMovedError, ProjectError, ProjectExistsError
from app.places import hand_over_places, remember_places
from app.plugins import ensure_loaded
from app.project import (
    PROJECT_KINDS,
    Progress,
    Project,
    ProjectPaths,
    add_configured_classes,
    annotator_name,
    now,
    open_project,
    open_store,
    project_paths,
)
from config.files import load_config, save_config
from config.schema import ProjectConfig
from labeling.annotators import ensure_annotator
from labeling.clock import database_now
from labeling.events import EventKind, record_event
from labeling.fetching.errors import FetchError
from labeling.pools.changes import PoolChange, pool_changed, settings_hash
from labeling.pools.earlier import can_go_on, part_of
from labeling.pools.pool import Pool
from labeling.pools.snapshot import make_snapshot
from labeling.project_record import ProjectRecord, get_project, set_project

if TYPE_CHECKING:
    from models.encoders.elsewhere import Elsewhere
    from models.projection import Place
    from models.vectors import VectorFile

Stage = Callable[[str], Progress]
"""Given the name of a stage, returns what reports its progress."""


def silent_stage(name: str) -> Progress:
    """Return a progress report that nobody sees."""
    del name
    return lambda share, what: None


def create_project(
    config: ProjectConfig,
    config_path: Path,
    *,
    base: Path | None = None,
    stage: Stage = silent_stage,
    fill: Callable[[Project], None] | None = None,
) -> Project:
    """Make a project: import its pool, make its database, write its file, compute vectors and projection.

    Args:
        config: the configuration to write; its pool hash is filled in.
        config_path: the YAML file to write; one that is there already describes the project to make.
        base: the folder that a relative pool path starts from; the file's own folder if None.
        stage: reports the progress of each stage.
        fill: puts annotations into the new database before there is a project that could be opened without them.

    Returns:
        The opened project.

    Raises:
        ProjectExistsError: the file or its data folder is there already.
        PoolMovedError: the configuration names a hash and the pool has another.
    """
    ensure_loaded(*PROJECT_KINDS)
    paths = project_paths(config_path)
    _refuse_to_replace(paths, paths.config, paths.folder)
    with _taken_back(paths.folder, paths.config, whole=paths.config, pool=paths.pool):
        _make_folder(paths.folder)
        filled, pool = _make_parts(config, paths, base=base or paths.config.parent, stage=stage, fill=fill)
        save_config(filled, paths.config)
        compute_vectors(filled, paths, pool, stage=stage)
    return open_project(paths.config)


def create_described_project(config_path: Path, *, stage: Stage = silent_stage) -> Project:
    """Make the project that a configuration file describes; the file is kept whatever happens.

    Raises:
        ConfigError: the file is missing or wrong.
        ProjectExistsError: the project has been made already.
        PoolMovedError: the file names a hash and the pool has another.
    """
    ensure_loaded(*PROJECT_KINDS)
    config = load_config(config_path)
    paths = project_paths(config_path)
    _refuse_to_replace(paths, paths.folder)
    with _taken_back(paths.folder, whole=paths.snapshot, pool=paths.pool):
        _make_folder(paths.folder)
        filled, pool = _make_parts(config, paths, base=paths.config.parent, stage=stage, fill=None)
        compute_vectors(filled, paths, pool, stage=stage)
        save_config(filled, paths.config)
    return open_project(paths.config)


def compute_vectors(
    config: ProjectConfig,
    paths: ProjectPaths,
    pool: Pool,
    *,
    stage: Stage = silent_stage,
    before: EncodedPool | None = None,
) -> None:
    """Compute the vectors and the projection of a pool where they are missing or belong to another pool.

    Args:
        config: the project's settings.
        paths: where its parts lie.
        pool: the pool.
        stage: reports the progress of each stage.
        before: the pool as it was; items that are the same keep their vectors where the encoder still gives them.
    """
    from models.errors import ProjectionError
    from models.projection import open_projection, write_projection
    from models.vectors import open_vectors, write_vectors

    try:
        vectors = open_vectors(paths.vectors, expected_rows=pool.n, pool_hash=pool.hash)
    except Exception as problem:
        if not _may_be_computed_anew(problem):
            raise
        vectors = write_vectors(
            pool,
            section=config.encoder,
            seed=config.project.seed,
            folder=paths.vectors,
            pool_hash=pool.hash,
            progress=stage("Computing the vectors"),
            known=None if before is None else before.known(pool),
            elsewhere=_encoder_elsewhere(config, pool),
        )
    try:
        open_projection(paths.vectors, expected_rows=pool.n, vectors_hash=vectors.hash)
    except ProjectionError:
        write_projection(
            vectors.array,
            seed=config.project.seed,
            folder=paths.vectors,
            progress=stage("Drawing the map"),
            vectors_hash=vectors.hash,
            pool_hash=pool.hash,
            place=_place_elsewhere(config, vectors),
        )


def resume_preparation(config_path: Path, *, stage: Stage = silent_stage) -> Project:
    """Open a project and compute what an interrupted `init` left undone.

    Raises:
        PoolMovedError: the pool's source was changed since the project was made.
    """
    project = open_project(config_path)
    compute_vectors(project.config, project.paths, project.pool, stage=stage)
    _fill_record(project)
    return project


def describe_pool_change(project: Project) -> PoolChange | None:
    """Say how the pool's source differs from the snapshot; None where it does not or is out of reach."""
    return pool_changed(project.pool, project.config.pool, base=project.paths.config.parent)


def settings_changed(project: Project) -> bool:
    """Return whether the configuration says other things of columns, joins or formulas than when the pool was read."""
    group = project.config.pool.group
    if group is not None and group not in {column.name for column in project.pool.columns}:
        return True
    known = project.pool.snapshot.source.settings
    return known not in {"", settings_hash(project.config.pool)}


def refresh_pool(project: Project, *, stage: Stage = silent_stage) -> Pool:
    """Take a new snapshot of a changed source and compute its vectors; annotations stay, by item key."""
    return restore_pool(project.config, project.paths, stage=stage)


def restore_pool(config: ProjectConfig, paths: ProjectPaths, *, stage: Stage = silent_stage) -> Pool:
    """Take a new snapshot of the source, also where the old one is damaged; annotations stay, by item key."""
    ensure_loaded(*PROJECT_KINDS)
    if paths.pool.is_dir() and not paths.snapshot.is_file():
        shutil.rmtree(paths.pool)
    section = config.pool.model_copy(update={"hash": None})
    progress = stage("Importing the pool")
    known, before = remember_places(paths), remember_vectors(paths)
    # The old snapshot is replaced once the new one is whole: a source that cannot be read changes nothing.
    pool = make_snapshot(section, folder=paths.pool, base=paths.config.parent, progress=progress)
    filled = config.model_copy(update={"pool": section.model_copy(update={"hash": pool.hash})})
    save_config(filled, paths.config)
    compute_vectors(filled, paths, pool, stage=stage, before=before)
    if known is not None:
        hand_over_places(known, pool, paths)
    project = open_project(paths.config)
    write_record(project, pool_hash=pool.hash)
    _note_refresh(project)
    project.close()
    return pool


def _make_parts(
    config: ProjectConfig,
    paths: ProjectPaths,
    *,
    base: Path,
    stage: Stage,
    fill: Callable[[Project], None] | None,
) -> tuple[ProjectConfig, Pool]:
    """Make the snapshot and the database of a project whose configuration is not written yet."""
    pool = make_snapshot(config.pool, folder=paths.pool, base=base, progress=stage("Importing the pool"))
    _refuse_another_pool(config, pool)
    filled = config.model_copy(update={"pool": config.pool.model_copy(update={"hash": pool.hash})})
    database = open_store(filled, paths)
    project = Project(config=filled, paths=paths, pool=pool, database=database)
    try:
        _refuse_another_project(project, fill=fill is not None)
        add_configured_classes(project)
        _fill_record(project)
        if fill is not None:
            fill(project)
    finally:
        project.close()
    return filled, pool


def _refuse_another_project(project: Project, *, fill: bool) -> None:
    """Refuse a database that holds another project; a second machine may join the project of the same pool."""
    with project.database.reading() as session:
        known = get_project(session)
    if known is None:
        return
    if fill or known.pool_hash != project.pool.hash:
        which = "the same" if known.pool_hash == project.pool.hash else "another"
        raise ProjectExistsError(
            f"the database {project.database.url} holds the project {known.name!r} already, of {which} pool; give an "
            "empty database or schema"
        )


def _note_refresh(project: Project) -> None:
    with project.database.transaction() as session:
        record_event(
            session,
            kind=EventKind.POOL_REFRESHED,
            annotator_id=ensure_annotator(session, name=annotator_name(project.config)),
            now=database_now(session),
            subject=project.pool.hash,
            details={"items": project.pool.n},
        )


def _fill_record(project: Project) -> None:
    """Write the database's one row about its project where it is not there yet."""
    with project.database.reading() as session:
        record = get_project(session)
    if record is None:
        write_record(project, pool_hash=project.pool.hash)


def write_record(project: Project, *, pool_hash: str) -> None:
    """Write or renew the database's one row about its project."""
    with project.database.transaction() as session:
        known = get_project(session)
        record = ProjectRecord(
            uuid=known.uuid if known is not None else str(uuid.uuid4()),
            name=project.config.project.name,
            pool_hash=pool_hash,
            seed=project.config.project.seed,
            created_at=known.created_at if known is not None else now(),
        )
        set_project(session, project=record)


def _refuse_another_pool(config: ProjectConfig, pool: Pool) -> None:
    if config.pool.hash is not None and config.pool.hash != pool.hash:
        raise PoolMovedError(
            f"the pool at {config.pool.path} has hash {pool.hash[:12]}…, the configuration was made with "
            f"{config.pool.hash[:12]}…; give the same pool with --pool, or start anew on this one with `goldpan init`"
        )


def _encoder_elsewhere(config: ProjectConfig, pool: Pool) -> Elsewhere | None:
    """Return what encodes the pool on the project's cluster; None without one, or where there is nothing to encode."""
    if config.rounds.scheduler is None or pool.kind == "vectors":
        return None
    from app.cluster.encode import ClusterEncoder

    return ClusterEncoder(config.rounds.scheduler, pool.folder, pool.hash)


def _place_elsewhere(config: ProjectConfig, vectors: VectorFile) -> Place | None:
    """Return what puts the items onto the map's axes on the project's cluster; None without one."""
    if config.rounds.scheduler is None:
        return None
    from app.cluster.place import ClusterPlace

    return ClusterPlace(config.rounds.scheduler, vectors.path, vectors.hash)


def _may_be_computed_anew(problem: Exception) -> bool:
    """Vectors that are missing, cut short or of another pool are computed anew; anything else is a real error."""
    from models.errors import ModelError

    return isinstance(problem, ModelError | FileNotFoundError)


def _refuse_to_replace(paths: ProjectPaths, *taken: Path) -> None:
    """Say what stands where a project should be made, and what to do about it."""
    if paths.config.suffix == paths.folder.suffix:
        raise ProjectExistsError(
            f"{paths.config} is the name of a data folder; choose one such as project.yaml"
        )
    found = next((path for path in taken if path.exists() or path.is_symlink()), None)
    if found is None or (found == paths.folder and _holds_a_stopped_import(paths)):
        return
    ways = "choose another name, or remove it if it is no longer needed"
    if paths.config.is_file() and not paths.folder.exists():
        ways = f"`goldpan init {paths.config.name}` alone makes the project that it describes; or choose another name"
    elif paths.config.is_file() and paths.snapshot.is_file():
        ways = f"`goldpan serve` opens it, and finishes what was left undone; or {ways}"
    elif paths.config.is_file() and paths.folder.is_dir():
        ways = f"`goldpan refresh` takes the pool in again; or {ways}"
    elif not paths.config.exists() and not (paths.folder / "labels.sqlite").exists():
        ways = "an import that was stopped left it: remove it and try again, or choose another name"
    raise ProjectExistsError(f"{found} exists; {ways}")


def _holds_a_stopped_import(paths: ProjectPaths) -> bool:
    """Return whether a project's folder holds nothing but an import of its pool that can be gone on with."""
    return can_go_on(paths.pool) and [entry.name for entry in paths.folder.iterdir()] == [
        part_of(paths.pool).name
    ]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ProjectError(
            f"{folder} cannot be made: {problem.strerror}; put the project into a folder that you can write to"
        ) from problem


@contextmanager
def _taken_back(*places: Path, whole: Path, pool: Path) -> Iterator[None]:
    """Remove what was made if a project cannot be made.

    Args:
        places: files and folders to remove.
        whole: once it is there, being stopped (Ctrl-C, images that do not come) leaves all as it is, to be resumed.
        pool: where the snapshot goes; likewise once a part of it can be gone on with.
    """
    try:
        yield
    except BaseException as problem:
        failed = isinstance(problem, Exception) and not isinstance(problem, FetchError)
        if failed or not (whole.is_file() or can_go_on(pool)):
            for place in places:
                if place.is_dir():
                    shutil.rmtree(place, ignore_errors=True)
                elif place.exists():
                    place.unlink()
        raise
