"""The shared config: the one file with which somebody else repeats or continues a project.

`share_project` puts settings, classes, annotations, seeks, gold items, rounds with their seeds and figures, and hashes
into one YAML file; `import_project` makes the same project from it beside the same pool, so that the next round
proposes the same items; `app.replay` runs all rounds again and compares.
"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from app.errors import ProjectError, ProjectExistsError
from app.prepare import Stage, create_project, silent_stage
from app.project import Project, now
from app.shared_restore import check_pool, restore_rounds, restore_work
from app.shared_sections import (
    Held,
    annotation_sections,
    class_sections,
    draw_sections,
    gold_sections,
    print_sections,
    read_held,
    round_sections,
    seek_sections,
)
from app.version import VERSION
from config.fetching import is_address
from config.files import load_config, save_config
from config.schema import PoolSection, ProjectConfig, ProjectSection
from config.shared import SharedSection
from labeling.fetching.fetcher import name_of
from labeling.pools.shards import is_pattern
from models.vectors import open_vectors

Level = Literal["layout", "settings", "all"]
"""How much of a project: what the pages look like; all settings; settings and everything that was labelled."""

_LIBRARIES = ("torch", "numpy", "scikit-learn", "pandas", "pyarrow")
"""What computes vectors and rounds."""


def write_shared_config(project: Project, path: Path) -> Path:
    """Write the shared config of a project, everything in it.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    save_config(shared_config(project), path)
    return path


def share_project(
    project: Project, path: Path, *, level: Level = "all", with_labels: bool = True
) -> SharedSection:
    """Write a shared config into a file.

    Args:
        project: the opened project.
        path: the file; an older shared config there is replaced, anything else is not.
        level: how much of the project.
        with_labels: whether annotations and gold items go with it.

    Returns:
        What the file holds beside the settings.

    Raises:
        ProjectExistsError: the file is there and is no shared config.
    """
    if path.exists() and (path.is_dir() or load_config(path).shared is None):
        raise ProjectExistsError(f"{path} exists and is no shared config; choose another name with --to")
    config = at_level(shared_config(project, with_labels=with_labels), level)
    assert config.shared is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written anew, not on top of an older one: its comments are of another day.
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        save_config(config, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return config.shared


def shared_config(project: Project, *, with_labels: bool = True) -> ProjectConfig:
    """Return the project's configuration with the classes as they are now and everything that was labelled.

    Args:
        project: the opened project.
        with_labels: whether annotations and gold items are in it.
    """
    held = read_held(project)
    vectors_hash = open_vectors(project.paths.vectors).hash
    shared = SharedSection(
        goldpan_version=VERSION,
        created_at=now(),
        versions=library_versions(),
        pool_hash=project.pool.hash,
        vectors_hash=vectors_hash,
        revision=len(held.annotations),
        gone=_gone(project, held) if with_labels else (),
        rounds=round_sections(project, held, vectors_hash=vectors_hash),
        seeks=seek_sections(held),
        gold=gold_sections(held) if with_labels else (),
        annotations=annotation_sections(held) if with_labels else (),
        audit_draws=draw_sections(held),
        prints=print_sections(project),
    )
    # A database address may hold a password; where the pool lies and who computes is this machine's own business.
    private = project.config.project.model_copy(update={"database": None})
    section = project.config.pool
    joins = tuple(each.model_copy(update={"path": _portable(each.path)}) for each in section.join)
    pool = section.model_copy(
        update={"path": _portable(section.path), "join": joins, "hash": project.pool.hash}
    )
    public: dict[str, Any] = {"project": private, "pool": pool, "classes": class_sections(held.classes)}
    public["rounds"] = project.config.rounds.model_copy(update={"scheduler": None})
    return project.config.model_copy(update={**public, "shared": shared})


def at_level(config: ProjectConfig, level: Level) -> ProjectConfig:
    """Return a shared config with no more in it than a level has.

    Args:
        config: the whole shared config.
        level: "layout" keeps the views, and what every file must have; "settings" leaves out what people did.

    Raises:
        ProjectError: it holds less than that level has.
    """
    shared = config.shared
    assert shared is not None
    levels = ("layout", "settings", "all")
    if levels.index(level) > levels.index(shared.level):
        raise ProjectError(
            f"the file was shared with --level {shared.level} and holds no more than that; ask for one with {level}"
        )
    if level == "all":
        return config
    update: dict[str, Any] = {"level": level, "revision": 0}
    update |= dict.fromkeys(("gone", "rounds", "seeks", "gold", "annotations", "audit_draws"), ())
    if level == "layout":
        update["prints"] = ()
    bare = shared.model_copy(update=update)
    if level == "settings":
        return config.model_copy(update={"shared": bare})
    return ProjectConfig(
        version=config.version,
        project=ProjectSection(name=config.project.name, title=config.project.title),
        pool=PoolSection(path=config.pool.path, url=config.pool.url),
        views=config.views,
        shared=bare,
    )


def import_project(
    shared_path: Path,
    config_path: Path,
    *,
    pool: Path | None = None,
    model: str | None = None,
    level: Level | None = None,
    stage: Stage = silent_stage,
) -> Project:
    """Make a project from a shared config: same settings, classes, annotations and round numbers.

    Args:
        shared_path: the shared config.
        config_path: the YAML file of the new project.
        pool: where the pool lies on this machine; if None as the shared config says, where that stays in its folder.
        model: the encoder's weights, where the shared config names some; a name or a path.
        level: how much of it to take; None for all that the file has. With "layout" the pool may be another one.
        stage: reports progress.

    Returns:
        The opened project; its next round has the number and the seed that it would have had at its origin.

    Raises:
        ProjectError: the file has no shared part, an annotation in it does not fit, or it names a pool out of its
            folder or weights that the person at this machine has not named too.
        PoolMovedError: the pool is another one.
        ProjectExistsError: a project stands at `config_path`.
    """
    given, shared = read_shared(shared_path, level=level)

    def fill(project: Project) -> None:
        if shared.level == "layout":
            return
        check_pool(project, shared)
        restore_rounds(project, shared, restore_work(project, shared))

    safe = disarmed(given, shared_path, pool=pool, model=model)
    return create_project(
        _found_from(safe, shared_path.resolve().parent, config_path.resolve().parent),
        config_path,
        base=shared_path.resolve().parent,
        stage=stage,
        fill=fill,
    )


def read_shared(shared_path: Path, *, level: Level | None = None) -> tuple[ProjectConfig, SharedSection]:
    """Read a shared config.

    Args:
        shared_path: the file.
        level: how much of it; None for all that it has.

    Raises:
        ProjectError: the file has no shared part, or less than that level.
        ConfigError: it cannot be read, or is wrong.
    """
    given = load_config(shared_path)
    if given.shared is None:
        raise ProjectError(
            f"{shared_path} is a plain configuration without labels; use `goldpan init {shared_path}` "
            "to make the project that it describes"
        )
    taken = given if level is None else at_level(given, level)
    assert taken.shared is not None
    return taken, taken.shared


def disarmed(
    given: ProjectConfig, shared_path: Path, *, pool: Path | None, model: str | None
) -> ProjectConfig:
    """Return the settings of a shared config without what is for the person at this machine to say.

    The file may come from anyone: it does not say which database is written, which files are read, whose weights are
    loaded, whom links lead to or which cluster computes. Whether the pool is the same one is for
    `app.shared_restore.check_pool` to tell.

    Raises:
        ProjectError: it names a pool or a joined source out of its folder, a pool that is not there, or weights that
            are not named here.
    """
    folder = shared_path.resolve().parent
    path = pool.resolve() if pool is not None else folder / Path(given.pool.path).expanduser()
    if pool is None and is_address(given.pool.path):
        raise ProjectError(
            f"{shared_path}: pool.path {given.pool.path!r} is an address, and a file from somebody else fetches "
            "nothing; download the pool if you trust it, and say where it lies with --pool FILE_OR_FOLDER"
        )
    if pool is None and not path.resolve().is_relative_to(folder):
        raise ProjectError(
            f"{shared_path}: pool.path {given.pool.path!r} leads out of the file's folder; say where the pool lies on "
            "this machine with --pool FILE_OR_FOLDER"
        )
    if not path.exists() and not is_pattern(path):
        source = f"; the file says that it can be downloaded from {given.pool.url}" if given.pool.url else ""
        raise ProjectError(
            f"the pool {path} is not there{source}; say where it lies on this machine with --pool FILE_OR_FOLDER"
        )
    _refuse_foreign_joins(given, shared_path)
    if given.encoder.model != model and given.encoder.model is not None:
        raise ProjectError(
            f"{shared_path}: encoder.model names the weights {given.encoder.model!r}; if you know them and trust "
            f"where they come from, say so with --model {given.encoder.model}"
            + ("" if model is None else f" (given: {model!r})")
        )
    section: dict[str, str | None] = {"hash": None}
    if pool is not None:
        section["path"] = str(path)
    return given.model_copy(
        update={
            "project": given.project.model_copy(update={"database": None}),
            "pool": given.pool.model_copy(update=section),
            "views": given.views.model_copy(update={"lookup_hosts": (), "image_hosts": ()}),
            "rounds": given.rounds.model_copy(update={"scheduler": None}),
            "shared": None,
        }
    )


def _found_from(given: ProjectConfig, folder: Path, place: Path) -> ProjectConfig:
    """Return the settings of a file in one folder for a file in another, where relative paths would mean others."""
    if folder == place:
        return given

    def moved(path: str) -> str:
        return str(folder / Path(path).expanduser())

    joins = tuple(each.model_copy(update={"path": moved(each.path)}) for each in given.pool.join)
    section = given.pool.model_copy(update={"path": moved(given.pool.path), "join": joins})
    return given.model_copy(update={"pool": section})


def _refuse_foreign_joins(given: ProjectConfig, shared_path: Path) -> None:
    folder = shared_path.resolve().parent
    for join in given.pool.join:
        path = folder / Path(join.path).expanduser()
        if not path.resolve().is_relative_to(folder):
            raise ProjectError(
                f"{shared_path}: pool.join.path {join.path!r} leads out of the file's folder; put that file beside the "
                "shared config, and name it so there"
            )


def _portable(path: str) -> str:
    """Return a pool's path as others may know it: where it does not lie below the project's file, its name alone."""
    if is_address(path):  # it may hold what lets its reader in
        return name_of(path)
    given = Path(path)
    outside = given.is_absolute() or ".." in given.parts or path.startswith("~")
    return given.name if outside and given.name not in ("", "..") else path


def _gone(project: Project, held: Held) -> tuple[str, ...]:
    keys = list(dict.fromkeys(entry.item_key for entry in held.annotations))
    rows = project.pool.rows(keys)
    return tuple(key for key, row in zip(keys, rows, strict=True) if row < 0)


def library_versions() -> dict[str, str]:
    """Return the versions here of what computes vectors and rounds, by name."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
