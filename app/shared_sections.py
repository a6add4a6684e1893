"""From what the database holds to the rows of a shared config."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.easing import easing_of
from app.project import Project
from app.round_files import read_meaning
from app.round_record import figures_of
from app.share_audit import shared_draws
from config.round_settings import changed_settings, recorded_settings
from config.schema import ClassSection
from config.shared import (
    SharedAnnotation,
    SharedClass,
    SharedGold,
    SharedKind,
    SharedPrints,
    SharedRound,
    SharedSeek,
)
from config.shared_audit import SharedAuditDraw
from labeling.annotations import Annotation, annotations_since
from labeling.audit_set import AUDIT, AuditDraw, list_draws
from labeling.classes import LabelClass, list_classes
from labeling.gold import GOLD, GoldMark, gold_marks
from labeling.pools.prints import pool_prints
from labeling.proposals import proposals_of
from labeling.round_log import RoundRow, list_rounds
from labeling.seeks import Seek, list_seeks
from strategies.contract import KINDS

_SHARED_KINDS = (*KINDS, GOLD, AUDIT)


@dataclass(frozen=True)
class Held:
    """What a project's database holds, read in one moment.

    Attributes:
        classes: all, archived ones too, in order.
        annotations: all, oldest first.
        rounds: those that ended, oldest first.
        proposals: round number → keys of the items it proposed, best first.
        seeks: all, those that were taken back too, oldest first.
        gold: the gold items.
        draws: of the audit set, oldest first.
    """

    classes: tuple[LabelClass, ...]
    annotations: tuple[Annotation, ...]
    rounds: tuple[RoundRow, ...]
    proposals: Mapping[int, tuple[str, ...]]
    seeks: tuple[Seek, ...]
    gold: tuple[GoldMark, ...]
    draws: tuple[AuditDraw, ...]

    @property
    def names(self) -> dict[int, str]:
        """The name of each class by its id."""
        return {entry.id: entry.name for entry in self.classes}


def read_held(project: Project) -> Held:
    """Read everything that a shared config tells of a project."""
    with project.database.reading() as session:
        rounds = tuple(row for row in list_rounds(session) if row.state != "running")
        return Held(
            classes=tuple(list_classes(session, archived=True)),
            annotations=tuple(annotations_since(session, revision=0)),
            rounds=rounds,
            proposals={
                row.number: tuple(entry.item_key for entry in proposals_of(session, round_number=row.number))
                # A round that was taken over from another project has its proposals in the log alone.
                or tuple(row.metrics.get("proposals", ()))
                for row in rounds
            },
            seeks=tuple(list_seeks(session, withdrawn=True)),
            gold=tuple(gold_marks(session)),
            draws=tuple(list_draws(session)),
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


def annotation_sections(held: Held) -> tuple[SharedAnnotation, ...]:
    """Return the annotations, oldest first."""
    names = held.names
    uids = {entry.id: entry.uid for entry in held.annotations}
    return tuple(
        SharedAnnotation(
            uid=entry.uid,
            item=entry.item_key,
            act=cast("Any", str(entry.act)),
            class_name=None if entry.class_id is None else names[entry.class_id],
            annotator=entry.annotator,
            created_at=entry.created_at,
            undoes=None if entry.undoes_id is None else uids[entry.undoes_id],
            comment=entry.comment,
            round_number=entry.round_number,
            strategy=entry.strategy,
            # A plug-in may have kinds of its own; the file knows those that goldpan itself makes use of.
            kind=cast("SharedKind", entry.kind) if entry.kind in _SHARED_KINDS else None,
            suggested_class=None if entry.suggested_class_id is None else names[entry.suggested_class_id],
        )
        for entry in held.annotations
    )


def draw_sections(held: Held) -> tuple[SharedAuditDraw, ...]:
    """Return the draws of the audit set, oldest first."""
    return shared_draws(held.draws, [entry.id for entry in held.annotations])


def seek_sections(held: Held) -> tuple[SharedSeek, ...]:
    """Return what was sought, oldest first."""
    names = held.names
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
        for entry in held.seeks
    )


def gold_sections(held: Held) -> tuple[SharedGold, ...]:
    """Return the gold items, by key."""
    return tuple(
        SharedGold(item=entry.item_key, annotator=entry.annotator, created_at=entry.created_at)
        for entry in held.gold
    )


def print_sections(project: Project) -> tuple[SharedPrints, ...]:
    """Return the fingerprints of the pool's items."""
    return tuple(SharedPrints(items=line) for line in pool_prints(project.pool))


def round_sections(project: Project, held: Held, *, vectors_hash: str) -> tuple[SharedRound, ...]:
    """Return the rounds with all that they depended on and reached, oldest first.

    Args:
        project: the opened project.
        held: what its database holds.
        vectors_hash: content hash of the present vectors.
    """
    ids = [entry.id for entry in held.annotations]
    places = {entry.id: place for place, entry in enumerate(held.seeks, 1)}
    settings = recorded_settings(project.config)
    return tuple(
        SharedRound(
            number=row.number,
            # How many annotations it saw: their numbers may have gaps here and will be others elsewhere.
            revision=bisect_right(ids, row.revision),
            seed=row.seed,
            proposals_hash="" if row.state == "failed" else row.hashes.get("proposals", ""),
            cause=str(row.metrics.get("cause", "")) if row.state == "failed" else "",
            easing=dict(easing_of(row).levels),
            device=str(row.metrics.get("device", "")),
            pool_hash=_other(row.hashes.get("pool", ""), project.pool.hash),
            vectors_hash=_other(row.hashes.get("vectors", ""), vectors_hash),
            settings=changed_settings(row.metrics.get("settings", {}), settings),
            classes=_classes_then(project, held, row),
            seeks=_seeks_then(row, places),
            figures=_figures(row),
            proposals=held.proposals[row.number],
        )
        for row in held.rounds
    )


def _other(then: str, now: str) -> str:
    return "" if then == now else then


def _classes_then(project: Project, held: Held, row: RoundRow) -> tuple[SharedClass, ...] | None:
    """Return the classes that a round saw; None where they are those that are open now, or it is not known."""
    seen = row.metrics.get("classes")
    if seen is None:
        meaning = read_meaning(project.paths.rounds, row.number)
        if meaning is None:
            return None
        # Rounds of earlier versions kept no targets: those of now are the best there is.
        targets = {entry.id: entry.target for entry in held.classes}
        named = zip(meaning.class_ids, meaning.class_names, strict=True)
        seen = [[class_id, name, targets.get(class_id)] for class_id, name in named]
    open_now = [[entry.id, entry.name, entry.target] for entry in held.classes if not entry.archived]
    names = held.names
    if seen == open_now or any(class_id not in names for class_id, _, _ in seen):
        return None
    return tuple(
        SharedClass(
            name=names[class_id],
            was=None if name == names[class_id] else name,
            target=None if target is None else float(target),
        )
        for class_id, name, target in seen
    )


def _seeks_then(row: RoundRow, places: Mapping[int, int]) -> tuple[int, ...] | None:
    seen = row.metrics.get("seeks")
    if seen is None:
        # Where nothing ever was sought, nothing was sought then.
        return () if not places or not row.hashes.get("seeks") else None
    return tuple(places[number] for number in seen if number in places)


def _figures(row: RoundRow) -> dict[str, float | int | None]:
    if row.state == "failed":
        return {}
    found: dict[str, float | int | None] | None = row.metrics.get("figures")
    if found is not None:
        return found
    return figures_of(row.metrics.get("quality"), labels=row.labels_used)
