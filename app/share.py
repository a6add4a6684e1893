"""The shared config: the one file with which somebody else repeats or continues a project.

`write_shared_config` puts settings, classes, annotations, seeks, seeds and hashes into one YAML file; `import_project`
makes the same project from it beside the same pool, so that the next round proposes the same items.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from app.errors import ProjectError
from app.prepare import Stage, create_project, silent_stage
from app.project import Project, annotator_name, now
from app.share_audit import restore_draws, shared_draws
from app.version import VERSION
from config.files import load_config, save_config
from config.schema import (
    ClassSection,
    Kind,
    ProjectConfig,
    SharedAnnotation,
    SharedRound,
    SharedSection,
    SharedSeek,
)
from labeling.annotations import Act, Annotation, NewAnnotation, annotations_since
from labeling.annotators import ensure_annotator
from labeling.audit_set import list_draws
from labeling.classes import LabelClass, list_classes
from labeling.clock import database_now
from labeling.events import EventKind, record_event
from labeling.restoring import PastAnnotation, restore_annotations
from labeling.round_log import RoundRow, list_rounds, restore_round
from labeling.seeks import NewSeek, PastSeek, Seek, list_seeks, restore_seeks
from models.vectors import open_vectors
from strategies.contract import KINDS


def write_shared_config(project: Project, path: Path) -> Path:
    """Write the shared config of a project.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    save_config(shared_config(project), path)
    return path


def shared_config(project: Project) -> ProjectConfig:
    """Return the project's configuration with the classes as they are now and everything that was labelled."""
    with project.database.reading() as session:
        classes = list_classes(session, archived=True)
        entries = annotations_since(session, revision=0)
        rounds = [row for row in list_rounds(session) if row.state != "running"]
        seeks = list_seeks(session, withdrawn=True)
        draws = list_draws(session)
    ids = [entry.id for entry in entries]
    shared = SharedSection(
        goldpan_version=VERSION,
        created_at=now(),
        pool_hash=project.pool.hash,
        vectors_hash=open_vectors(project.paths.vectors).hash,
        revision=len(entries),
        rounds=tuple(_shared_round(row, ids) for row in rounds),
        seeks=_shared_seeks(seeks, classes),
        annotations=_shared_annotations(entries, classes),
        audit_draws=shared_draws(draws, ids),
    )
    # A database address may hold a password, and where the pool lies is this machine's own business.
    private = project.config.project.model_copy(update={"database": None})
    return project.config.model_copy(
        update={"project": private, "classes": class_sections(classes), "shared": shared}
    )


def import_project(
    shared_path: Path,
    config_path: Path,
    *,
    pool: Path | None = None,
    model: str | None = None,
    stage: Stage = silent_stage,
) -> Project:
    """Make a project from a shared config: same settings, classes, annotations and round numbers.

    Args:
        shared_path: the shared config.
        config_path: the YAML file of the new project.
        pool: where the pool lies on this machine; if None as the shared config says, where that stays in its folder.
        model: the encoder's weights, where the shared config names some; a name or a path.
        stage: reports progress.

    Returns:
        The opened project; its next round has the number and the seed that it would have had at its origin.

    Raises:
        ProjectError: the file has no shared part, an annotation in it does not fit, or it names a pool out of its
            folder or weights that the person at this machine has not named too.
        PoolMovedError: the pool is another one.
        ProjectExistsError: a project stands at `config_path`.
    """
    given = load_config(shared_path)
    if given.shared is None:
        raise ProjectError(
            f"{shared_path} is a plain configuration without labels; use `goldpan init {shared_path}` "
            "to make the project that it describes"
        )
    shared = given.shared
    plain = _disarmed(given, shared_path, pool=pool, model=model)
    return create_project(
        plain,
        config_path,
        base=shared_path.resolve().parent,
        stage=stage,
        fill=lambda project: _restore(project, shared),
    )


def class_sections(classes: Sequence[LabelClass]) -> tuple[ClassSection, ...]:
    """Return classes as a configuration file has them.

    Args:
        classes: all classes, archived ones too, in order.
    """
    names = {entry.id: entry.name for entry in classes}
    # A class out of use keeps its key only where no other class has it: a file may name each key once.
    keys: dict[str | None, int] = {}
    for entry in sorted(classes, key=lambda entry: entry.archived):
        keys.setdefault(entry.key, entry.id)
    return tuple(
        ClassSection(
            name=entry.name,
            key=entry.key if keys[entry.key] == entry.id else None,
            colour=entry.colour,
            parent=None if entry.parent_id is None else names[entry.parent_id],
            description=entry.description,
            target=entry.target,
            archived=entry.archived,
        )
        for entry in classes
    )


def _disarmed(
    given: ProjectConfig, shared_path: Path, *, pool: Path | None, model: str | None
) -> ProjectConfig:
    """Return the settings of a shared config without what is for the person at this machine to say.

    The file may come from anyone: it does not say which database is written, which files are read, whose weights are
    loaded or whom links lead to.
    """
    folder = shared_path.resolve().parent
    path = pool.resolve() if pool is not None else folder / Path(given.pool.path).expanduser()
    if pool is None and not path.resolve().is_relative_to(folder):
        raise ProjectError(
            f"{shared_path}: pool.path {given.pool.path!r} leads out of the file's folder; say where the pool lies on "
            "this machine with --pool FILE_OR_FOLDER"
        )
    if given.encoder.model != model and given.encoder.model is not None:
        raise ProjectError(
            f"{shared_path}: encoder.model names the weights {given.encoder.model!r}; if you know them and trust "
            f"where they come from, say so with --model {given.encoder.model}"
            + ("" if model is None else f" (given: {model!r})")
        )
    section = {"hash": given.shared.pool_hash if given.shared else None}
    if pool is not None:
        section["path"] = str(path)
    return given.model_copy(
        update={
            "project": given.project.model_copy(update={"database": None}),
            "pool": given.pool.model_copy(update=section),
            "views": given.views.model_copy(update={"lookup_hosts": ()}),
            "shared": None,
        }
    )


def _restore(project: Project, shared: SharedSection) -> None:
    """Store annotations, seeks and rounds as they were, in one transaction: all or nothing."""
    with project.database.transaction() as session:
        ids = {entry.name: entry.id for entry in list_classes(session, archived=True)}
        annotators = {name: ensure_annotator(session, name=name) for name in dict.fromkeys(_names_of(shared))}
        restore_seeks(session, entries=[_past_seek(entry, ids, annotators) for entry in shared.seeks])
        past = [
            PastAnnotation(_new_annotation(entry, ids), annotators[entry.annotator], entry.created_at)
            for entry in shared.annotations
        ]
        numbers = [0, *restore_annotations(session, entries=past)]
        restore_draws(session, shared.audit_draws, numbers=numbers, annotators=annotators)
        for row in shared.rounds:
            restore_round(
                session,
                number=row.number,
                revision=numbers[min(row.revision, len(past))],
                seed=row.seed,
                labels_used=0,
                hashes={"proposals": row.proposals_hash} if row.proposals_hash else {},
                now=database_now(session),
                error="" if row.proposals_hash else "it failed where it ran first",
            )
        details = {"annotations": len(past), "rounds": len(shared.rounds)}
        record_event(
            session,
            kind=EventKind.PROJECT_IMPORTED,
            annotator_id=ensure_annotator(session, name=annotator_name(project.config)),
            now=database_now(session),
            subject=project.config.project.name,
            details=details,
        )


def _names_of(shared: SharedSection) -> Iterator[str]:
    yield from (entry.annotator for entry in shared.annotations)
    yield from (draw.annotator for draw in shared.audit_draws)
    for said in shared.seeks:
        yield said.annotator
        if said.withdrawn_by is not None:
            yield said.withdrawn_by


def _past_seek(entry: SharedSeek, ids: dict[str, int], annotators: dict[str, int]) -> PastSeek:
    if entry.class_name is not None and entry.class_name not in ids:
        raise ProjectError(
            f"what is sought names class {entry.class_name!r}, which the file's classes do not list"
        )
    return PastSeek(
        new=NewSeek(
            kind=entry.kind,
            class_id=None if entry.class_name is None else ids[entry.class_name],
            text=entry.text,
            item_keys=entry.items,
        ),
        annotator_id=annotators[entry.annotator],
        created_at=entry.created_at,
        withdrawn_at=entry.withdrawn_at,
        withdrawn_by_id=None if entry.withdrawn_by is None else annotators[entry.withdrawn_by],
    )


def _new_annotation(entry: SharedAnnotation, ids: dict[str, int]) -> NewAnnotation:
    for name in (entry.class_name, entry.suggested_class):
        if name is not None and name not in ids:
            raise ProjectError(
                f"annotation {entry.uid} names class {name!r}, which the file's classes do not list"
            )
    return NewAnnotation(
        uid=entry.uid,
        item_key=entry.item,
        act=Act(entry.act),
        class_id=None if entry.class_name is None else ids[entry.class_name],
        undoes_uid=entry.undoes,
        comment=entry.comment,
        round_number=entry.round_number,
        strategy=entry.strategy,
        kind=entry.kind or "",
        suggested_class_id=None if entry.suggested_class is None else ids[entry.suggested_class],
    )


def _shared_annotations(
    entries: Sequence[Annotation], classes: Sequence[LabelClass]
) -> tuple[SharedAnnotation, ...]:
    names = {entry.id: entry.name for entry in classes}
    uids = {entry.id: entry.uid for entry in entries}
    return tuple(
        SharedAnnotation(
            uid=entry.uid,
            item=entry.item_key,
            act=str(entry.act),
            class_name=None if entry.class_id is None else names[entry.class_id],
            annotator=entry.annotator,
            created_at=entry.created_at,
            undoes=None if entry.undoes_id is None else uids[entry.undoes_id],
            comment=entry.comment,
            round_number=entry.round_number,
            strategy=entry.strategy,
            # A plug-in may have kinds of its own; the file knows those that the strategies learn from.
            kind=cast("Kind", entry.kind) if entry.kind in KINDS else None,
            suggested_class=None if entry.suggested_class_id is None else names[entry.suggested_class_id],
        )
        for entry in entries
    )


def _shared_seeks(seeks: Sequence[Seek], classes: Sequence[LabelClass]) -> tuple[SharedSeek, ...]:
    names = {entry.id: entry.name for entry in classes}
    return tuple(
        SharedSeek(
            kind=entry.kind.value,
            class_name=None if entry.class_id is None else names[entry.class_id],
            text=entry.text,
            items=entry.item_keys,
            annotator=entry.annotator,
            created_at=entry.created_at,
            withdrawn_at=entry.withdrawn_at,
            withdrawn_by=entry.withdrawn_by or None,
        )
        for entry in seeks
    )


def _shared_round(row: RoundRow, ids: Sequence[int]) -> SharedRound:
    return SharedRound(
        number=row.number,
        # How many annotations it saw: their numbers may have gaps here and will be others elsewhere.
        revision=bisect_right(ids, row.revision),
        seed=row.seed,
        proposals_hash=row.hashes.get("proposals", "") if row.hashes else "",
    )
