"""From the rows of a shared config to what the database of a new project holds, in one transaction: all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import ValidationError

from app.easing import Easing
from app.errors import PoolMovedError, ProjectError
from app.project import Project, annotator_name
from app.share_audit import restore_draws
from config.round_settings import recorded_settings, with_settings
from config.schema import ProjectConfig
from config.shared import SharedAnnotation, SharedRound, SharedSection, SharedSeek
from labeling.annotations import Act, NewAnnotation
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.clock import database_now
from labeling.events import EventKind, record_event
from labeling.gold import GoldMark, restore_gold
from labeling.pools.prints import compare_prints
from labeling.restoring import PastAnnotation, restore_annotations
from labeling.round_log import restore_round
from labeling.seeks import NewSeek, PastSeek, restore_seeks

SeenClass: TypeAlias = tuple[int, str, float | None]
"""A class as a round saw it: id, name, target."""

SHOWN = 5
"""Keys that a message names."""


@dataclass(frozen=True)
class Numbers:
    """What the parts of a shared config are called in the database they were restored into.

    Attributes:
        classes: name → class id.
        open_classes: those that are not archived, in order.
        annotations: number of each annotation, in the order of the file.
        seeks: number of each seek, likewise.
    """

    classes: Mapping[str, int]
    open_classes: tuple[SeenClass, ...]
    annotations: tuple[int, ...]
    seeks: tuple[int, ...]

    def revision(self, place: int) -> int:
        """Return the label revision after so many annotations of the file."""
        return ([0, *self.annotations])[min(place, len(self.annotations))]


def check_pool(project: Project, shared: SharedSection) -> None:
    """Refuse a pool that is another one than that of a shared config, and annotations of items it does not have.

    Raises:
        PoolMovedError: the pool is another one; the message says which items differ, as far as the file tells.
        ProjectError: annotations are about items that the pool does not have and did not have there.
    """
    keys = list(dict.fromkeys(entry.item for entry in shared.annotations))
    if project.pool.hash != shared.pool_hash:
        proposed = [key for row in shared.rounds for key in row.proposals]
        known = [key for key in [*keys, *proposed] if key not in set(shared.gone)]
        raise PoolMovedError(
            f"the pool at {project.config.pool.path} has hash {project.pool.hash[:12]}…, the shared file was made with "
            f"{shared.pool_hash[:12]}…{_differences(project, shared, known)}; give the same pool with --pool, or start "
            "anew on this one with `goldpan init`"
        )
    rows = project.pool.rows(keys)
    gone = set(shared.gone)
    unknown = [key for key, row in zip(keys, rows, strict=True) if row < 0 and key not in gone]
    if unknown:
        more = ", …" if len(unknown) > SHOWN else ""
        raise ProjectError(
            f"the file annotates {len(unknown)} items that the pool does not have "
            f"({', '.join(unknown[:SHOWN])}{more}); was it edited by hand? Take "
            "these lines out of shared.annotations, or list the keys under shared.gone to keep them"
        )


def restore_work(project: Project, shared: SharedSection) -> Numbers:
    """Store all but the rounds as it was: annotations, seeks, gold items, draws of the audit set.

    Raises:
        ProjectError: an annotation or a seek names a class that the file does not list.
        LabelingError: something does not fit what is before it.
    """
    with project.database.transaction() as session:
        classes = list_classes(session, archived=True)
        ids = {entry.name: entry.id for entry in classes}
        annotators = {name: ensure_annotator(session, name=name) for name in dict.fromkeys(_names_of(shared))}
        seeks = restore_seeks(session, entries=[_past_seek(entry, ids, annotators) for entry in shared.seeks])
        past = [
            PastAnnotation(_new_annotation(entry, ids), annotators[entry.annotator], entry.created_at)
            for entry in shared.annotations
        ]
        annotations = restore_annotations(session, entries=past)
        restore_draws(session, shared.audit_draws, numbers=[0, *annotations], annotators=annotators)
        restore_gold(
            session,
            marks=[GoldMark(entry.item, entry.annotator, entry.created_at) for entry in shared.gold],
            annotators=annotators,
        )
        record_event(
            session,
            kind=EventKind.PROJECT_IMPORTED,
            annotator_id=ensure_annotator(session, name=annotator_name(project.config)),
            now=database_now(session),
            subject=project.config.project.name,
            details={"annotations": len(past), "rounds": len(shared.rounds)},
        )
    seen = tuple((entry.id, entry.name, entry.target) for entry in classes if not entry.archived)
    return Numbers(ids, seen, tuple(annotations), tuple(seeks))


def restore_rounds(project: Project, shared: SharedSection, numbers: Numbers) -> None:
    """Enter the rounds as they were run elsewhere, so that the next one goes on from them."""
    with project.database.transaction() as session:
        for row in shared.rounds:
            enter_round(session, project, shared, row, numbers)


def enter_round(
    session: Any,  # noqa: ANN401 - a session of labeling.database
    project: Project,
    shared: SharedSection,
    row: SharedRound,
    numbers: Numbers,
) -> None:
    """Enter one round as it was run elsewhere.

    Raises:
        ProjectError: its settings cannot be.
    """
    restore_round(
        session,
        number=row.number,
        revision=numbers.revision(row.revision),
        seed=row.seed,
        labels_used=int(row.figures.get("labels") or 0),
        hashes=_hashes(shared, row) if row.proposals_hash else {},
        metrics=_metrics(project, row, numbers),
        now=database_now(session),
        error="" if row.proposals_hash else "it failed where it ran first",
    )


def config_then(project: Project, row: SharedRound) -> ProjectConfig:
    """Return the configuration as a round had it.

    Raises:
        ProjectError: a value of its settings cannot be.
    """
    try:
        return with_settings(project.config, row.settings)
    except ValidationError as problem:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problem.errors())
        raise ProjectError(
            f"round {row.number} of the shared file has settings that cannot be: {told}"
        ) from problem


def classes_then(row: SharedRound, numbers: Numbers) -> tuple[SeenClass, ...]:
    """Return the classes that a round saw, in order."""
    if row.classes is None:
        return numbers.open_classes
    return tuple(
        (numbers.classes[entry.name], entry.was or entry.name, entry.target) for entry in row.classes
    )


def easing_then(row: SharedRound) -> Easing:
    """Return how far a round was made easier."""
    return Easing(dict(row.easing))


def _hashes(shared: SharedSection, row: SharedRound) -> dict[str, str]:
    found = {
        "proposals": row.proposals_hash,
        "pool": row.pool_hash or shared.pool_hash,
        "vectors": row.vectors_hash or shared.vectors_hash,
    }
    return {name: value for name, value in found.items() if value}


def _metrics(project: Project, row: SharedRound, numbers: Numbers) -> dict[str, Any]:
    """Return what the log keeps, so that the round can be shared once more and the next one is eased as there."""
    easing = easing_then(row)
    told: dict[str, Any] = {
        "settings": recorded_settings(config_then(project, row)),
        "classes": [list(entry) for entry in classes_then(row, numbers)],
        "figures": dict(row.figures),
        "proposals": list(row.proposals),
    }
    if row.seeks is not None:
        told["seeks"] = [numbers.seeks[place - 1] for place in row.seeks]
    if row.device:
        told["device"] = row.device
    if row.cause:
        told["cause"] = row.cause
    if easing:
        told["easing"] = easing.to_dict(project.config.head)
    return told


def _differences(project: Project, shared: SharedSection, known: list[str]) -> str:
    if not shared.prints:
        return " (the file has no fingerprints of the items, so that it cannot be said which differ)"
    found = compare_prints([entry.items for entry in shared.prints], project.pool, known=known)
    return f": {found.describe()}"


def _names_of(shared: SharedSection) -> Iterator[str]:
    yield from (entry.annotator for entry in shared.annotations)
    yield from (entry.annotator for entry in shared.gold)
    yield from (draw.annotator for draw in shared.audit_draws)
    for said in shared.seeks:
        yield said.annotator
        if said.withdrawn_by is not None:
            yield said.withdrawn_by


def _past_seek(entry: SharedSeek, ids: Mapping[str, int], annotators: Mapping[str, int]) -> PastSeek:
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


def _new_annotation(entry: SharedAnnotation, ids: Mapping[str, int]) -> NewAnnotation:
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
