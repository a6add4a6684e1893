"""What the annotations add up to: the label of each item, and how many items have which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.current import is_alone, standing, standing_of, undone
from labeling.tables import AnnotationTable

MERGED = "merge"
"""The strategy of annotations that a merge of classes appended (`labeling.merging`)."""

_NEWEST = sa.select(sa.func.coalesce(sa.func.max(AnnotationTable.__table__.c.id), 0))


@dataclass(frozen=True)
class LabelTable:
    """What counts on each annotated item, oldest annotation first; m items.

    Attributes:
        item_keys: m keys, each once.
        acts: m entries of label, skip, unsure, flag or adjudicate.
        class_ids: (m,) int64; the class of a label or adjudication, -1 for the other acts.
        annotation_ids: (m,) int64; the annotation that counts, ascending.
        revision: the label revision this is the state of.
    """

    item_keys: tuple[str, ...]
    acts: tuple[str, ...]
    class_ids: npt.NDArray[np.int64]
    annotation_ids: npt.NDArray[np.int64]
    revision: int


@dataclass(frozen=True)
class Counts:
    """How many items have which class, and which act, at a label revision.

    Attributes:
        revision: the label revision; 0 and no counts is where every project starts.
        classes: items whose label is the class, by class id; classes without any are left out.
        acts: items by the act that counts on them; acts without any are left out.
    """

    revision: int = 0
    classes: Mapping[int, int] = field(default_factory=dict)
    acts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ProposalOutcome:
    """What a person made of an item that a round had proposed, for one of the kinds of proposals.

    Attributes:
        item_key: the item.
        round_number: the round that proposed it, None where the annotation does not say.
        kind: why it was proposed.
        class_id: the class it was given; None for skip, unsure and flag.
        suggested_class_id: the class the model suggested, None where it suggested none.
    """

    item_key: str
    round_number: int | None
    kind: str
    class_id: int | None
    suggested_class_id: int | None


def revision(session: Session) -> int:
    """Return the label revision: the highest annotation number, 0 where there is none."""
    return _newest(session)


def current_labels(session: Session, *, revision: int | None = None) -> LabelTable:
    """Return what the annotations add up to, item by item.

    Args:
        session: of a transaction.
        revision: as it was after that annotation, the same for ever; None for now.
    """
    at = _newest(session) if revision is None else revision
    rows = sorted(session.execute(standing(revision=at, alone=is_alone(session))), key=lambda row: row[3])
    return _table(rows, revision=at)


def changed_labels(session: Session, *, since: int, until: int) -> LabelTable:
    """Return what counts at revision `until` on the items annotated after revision `since`, and on those alone.

    An item on which nothing counts any more is in it with the act "" and the class -1, so that applying the table
    to what was known at `since` gives what is known at `until`.
    """
    span = {"since": since, "until": until}
    touched = sa.select(AnnotationTable.item_key).distinct().where(*_touched_between())
    found = {row[0]: row for row in session.execute(_standing_of_touched(), {**span, "at": until})}
    rows = [found.get(key, (key, "", None, 0)) for key in session.execute(touched, span).scalars()]
    rows.sort(key=lambda row: (row[3], row[0]))
    return _table(rows, revision=until)


def proposal_outcomes(session: Session, *, revision: int) -> list[ProposalOutcome]:
    """Return what came of the proposals until a label revision, in the order in which they were first answered.

    An item proposed by one round counts once, as it was last answered; undone answers do not count, nor does
    what no round proposed.
    """
    statement = _answers(revision).where(AnnotationTable.id <= revision).order_by(AnnotationTable.id)
    found = {(row[0], row[1]): ProposalOutcome(*row) for row in session.execute(statement)}
    return list(found.values())


def latest_outcomes(session: Session, *, kinds: Sequence[str], limit: int) -> list[ProposalOutcome]:
    """Return what came of the last proposals of some kinds, oldest first: the end of `proposal_outcomes`, read alone.

    Args:
        session: of a transaction.
        kinds: the kinds of proposals.
        limit: how many answers are looked at.
    """
    statement = (
        _answers().where(AnnotationTable.kind.in_(kinds)).order_by(AnnotationTable.id.desc()).limit(limit)
    )
    found: dict[tuple[str, int | None], ProposalOutcome] = {}
    for row in session.execute(statement):
        found.setdefault((row[0], row[1]), ProposalOutcome(*row))
    return list(found.values())[::-1]


def label_times(session: Session, *, annotator_id: int, limit: int) -> list[datetime]:
    """Return when an annotator gave the last labels that count, newest first; merged classes are no labels given.

    Args:
        session: of a transaction.
        annotator_id: whose.
        limit: how many at most.
    """
    statement = (
        sa.select(AnnotationTable.created_at)
        .where(AnnotationTable.annotator_id == annotator_id, AnnotationTable.act == "label")
        .where(AnnotationTable.strategy != MERGED, ~undone(AnnotationTable.id))
        .order_by(AnnotationTable.id.desc())
        .limit(limit)
    )
    return list(session.execute(statement).scalars())


def merged_into(
    session: Session, *, open_ids: Collection[int], revision: int | None = None
) -> dict[int, int]:
    """Return which class stands now for each class that was merged, by ids; through several merges where need be.

    What people said of an item before a merge still names the merged class.

    Args:
        session: of a transaction.
        open_ids: the classes that are in use: they stand for themselves, and no other class is looked for.
        revision: as it was after that annotation; None for now.
    """
    statement = (
        sa.select(AnnotationTable.suggested_class_id, AnnotationTable.class_id)
        .where(AnnotationTable.strategy == MERGED, AnnotationTable.act != "undo")
        .where(~undone(AnnotationTable.id, revision=revision))
        .group_by(AnnotationTable.suggested_class_id, AnnotationTable.class_id)
        .order_by(sa.func.max(AnnotationTable.id))
    )
    if revision is not None:
        statement = statement.where(AnnotationTable.id <= revision)
    rows: list[Any] = [row for row in session.execute(statement) if row[0] not in open_ids]
    merged: dict[int, int] = {row[0]: row[1] for row in rows}
    found: dict[int, int] = {}
    for class_id, into in merged.items():
        seen = {class_id}
        while into in merged and into not in seen:
            seen.add(into)
            into = merged[into]
        if into in open_ids:
            found[class_id] = into
    return found


def class_counts(session: Session) -> dict[int, int]:
    """Return how many items have each class as their label now, by class id; those without any are left out."""
    return dict(update_counts(session, known=Counts()).classes)


def act_counts(session: Session) -> dict[str, int]:
    """Return how many items each act counts on now (label, skip, …); acts without any are left out."""
    return dict(update_counts(session, known=Counts()).acts)


def update_counts(session: Session, *, known: Counts) -> Counts:
    """Bring counts up to date, looking only at the items annotated since: cheap enough for every label.

    Args:
        session: of a transaction.
        known: counts of an earlier label revision of the same database; `Counts()` to start.
    """
    now = revision(session)
    if now == known.revision:
        return known
    classes, acts = dict(known.classes), dict(known.acts)
    if known.revision == 0:
        _add(session.execute(_tally(standing(revision=now, alone=is_alone(session)))), classes, acts, sign=1)
    else:
        span = {"since": known.revision, "until": now}
        _add(session.execute(_tally_of_touched(), {**span, "at": known.revision}), classes, acts, sign=-1)
        _add(session.execute(_tally_of_touched(), {**span, "at": now}), classes, acts, sign=1)
    return Counts(
        revision=now,
        classes={key: count for key, count in sorted(classes.items()) if count},
        acts={key: count for key, count in sorted(acts.items()) if count},
    )


def _answers(revision: int | None = None) -> sa.Select[*tuple[Any, ...]]:
    """Return the select of what a ProposalOutcome holds, for each answer to a proposal that is not undone."""
    return (
        sa.select(
            AnnotationTable.item_key,
            AnnotationTable.round_number,
            AnnotationTable.kind,
            AnnotationTable.class_id,
            AnnotationTable.suggested_class_id,
        )
        .where(AnnotationTable.kind != "", AnnotationTable.act != "undo")
        .where(~undone(AnnotationTable.id, revision=revision))
    )


def _newest(session: Session) -> int:
    return session.execute(_NEWEST).scalar_one()


@cache
def _tally_of_touched() -> sa.Select[Any]:
    """Return the tally, at revision `at`, of the items annotated after `since` and up to `until`.

    Built once: building it takes longer than running it, and it runs for every label.
    """
    return _tally(_standing_of_touched())


@cache
def _standing_of_touched() -> sa.Select[Any]:
    """Return what counts, at revision `at`, on the items annotated after `since` and up to `until`."""
    touched = sa.select(AnnotationTable.item_key).where(*_touched_between())
    return standing_of(touched, revision=sa.bindparam("at", type_=sa.Integer))


def _touched_between() -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (
        AnnotationTable.id > sa.bindparam("since", type_=sa.Integer),
        AnnotationTable.id <= sa.bindparam("until", type_=sa.Integer),
    )


def _table(rows: Sequence[Any], *, revision: int) -> LabelTable:
    return LabelTable(
        item_keys=tuple(row[0] for row in rows),
        acts=tuple(row[1] for row in rows),
        class_ids=np.array([-1 if row[2] is None else row[2] for row in rows], dtype=np.int64),
        annotation_ids=np.array([row[3] for row in rows], dtype=np.int64),
        revision=revision,
    )


def _tally(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Return how many items each act and class counts on, of the items of a `standing` statement."""
    counted = statement.subquery("counted")
    return sa.select(counted.c.act, counted.c.class_id, sa.func.count()).group_by(
        counted.c.act, counted.c.class_id
    )


def _add(groups: Iterable[Any], classes: dict[int, int], acts: dict[str, int], *, sign: int) -> None:
    for act, class_id, count in groups:
        acts[act] = acts.get(act, 0) + sign * count
        if class_id is not None:
            classes[class_id] = classes.get(class_id, 0) + sign * count
