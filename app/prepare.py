"""From a configuration to a project that can be served: snapshot → vectors → projection → database → first round.

Each step leaves either nothing or a whole result behind, so a run that was cut off is simply run again.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from app.errors import PoolMovedError, ProjectExistsError
from app.project import Progress, Project, ProjectPaths, now, open_project, project_paths
from config.files import save_config
from config.schema import ProjectConfig
from labeling.pools.changes import PoolChange, pool_changed
from labeling.pools.pool import Pool
from labeling.pools.snapshot import make_snapshot
from labeling.project_record import ProjectRecord, get_project, set_project

Stage = Callable[[str], Progress]
"""Given the name of a stage, returns what reports its progress."""


def silent_stage(name: str) -> Progress:
    """Return a progress report that nobody sees."""
    del name
    return lambda share, what: None


def create_project(
    config: ProjectConfig, config_path: Path, *, base: Path | None = None, stage: Stage = silent_stage
) -> Project:
    """Make a project: write its file, import its pool, compute vectors and projection, make its database.

    Args:
        config: the configuration to write; its pool hash is filled in.
        config_path: the YAML file to write.
        base: the folder that a relative pool path starts from; the file's own folder if None.
        stage: reports the progress of each stage.

    Returns:
        The opened project.

    Raises:
        ProjectExistsError: the file or its data folder is there already.
        PoolMovedError: the configuration names a hash and the pool has another.
    """
    paths = project_paths(config_path)
    for taken in (paths.config, paths.folder):
        if taken.exists():
            raise ProjectExistsError(
                f"{taken} exists; choose another name, or remove it if it is no longer needed"
            )
    paths.folder.mkdir(parents=True)
    try:
        pool = make_snapshot(
            config.pool,
            folder=paths.pool,
            base=base or paths.config.parent,
            progress=stage("Importing the pool"),
        )
        _refuse_another_pool(config, pool)
        filled = config.model_copy(update={"pool": config.pool.model_copy(update={"hash": pool.hash})})
        save_config(filled, paths.config)
    except BaseException:
        _remove_empty_project(paths)
        raise
    compute_vectors(filled, paths, pool, stage=stage)
    return _register(paths)


def compute_vectors(
    config: ProjectConfig, paths: ProjectPaths, pool: Pool, *, stage: Stage = silent_stage
) -> None:
    """Compute the vectors and the projection of a pool where they are missing or belong to another pool."""
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
        )
        (paths.vectors / "projection.npy").unlink(missing_ok=True)
    if not (paths.vectors / "projection.npy").is_file():
        write_projection(
            vectors.array, seed=config.project.seed, folder=paths.vectors, progress=stage("Drawing the map")
        )
    open_projection(paths.vectors)


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


def refresh_pool(project: Project, *, stage: Stage = silent_stage) -> Pool:
    """Take a new snapshot of a changed source and compute its vectors; annotations stay, by item key."""
    old = project.paths.pool.with_name("pool.old")
    shutil.rmtree(old, ignore_errors=True)
    project.paths.pool.rename(old)
    try:
        pool = make_snapshot(
            project.config.pool.model_copy(update={"hash": None}),
            folder=project.paths.pool,
            base=project.paths.config.parent,
            progress=stage("Importing the pool"),
        )
    except BaseException:
        shutil.rmtree(project.paths.pool, ignore_errors=True)
        old.rename(project.paths.pool)
        raise
    shutil.rmtree(old)
    config = project.config.model_copy(
        update={"pool": project.config.pool.model_copy(update={"hash": pool.hash})}
    )
    save_config(config, project.paths.config)
    compute_vectors(config, project.paths, pool, stage=stage)
    write_record(project, pool_hash=pool.hash)
    return pool


def _register(paths: ProjectPaths) -> Project:
    project = open_project(paths.config)
    _fill_record(project)
    return project


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
            f"{config.pool.hash[:12]}…; give the same pool with --pool, or remove `pool.hash` to start anew on this one"
        )


def _may_be_computed_anew(problem: Exception) -> bool:
    """Vectors that are missing, cut short or of another pool are computed anew; anything else is a real error."""
    from models.errors import ModelError

    return isinstance(problem, ModelError | FileNotFoundError)


def _remove_empty_project(paths: ProjectPaths) -> None:
    """Take back the data folder of a project that could not be made."""
    shutil.rmtree(paths.folder, ignore_errors=True)
