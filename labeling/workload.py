"""What each annotator has done and holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.annotators import annotator_names
from labeling.current import undone
from labeling.gold import GoldScore, gold_scores
from labeling.labels import MERGED, label_times
from labeling.queue import open_leases
from labeling.tables import AnnotationTable


@dataclass(frozen=True)
class Workload:
    """One annotator's work.

    Attributes:
        annotator_id: who.
        name: as others see them.
        labels: labels given in all, those undone and merged classes left out.
        labels_today: of these, given since the day began.
        times: when the last ones were given, newest first.
        leases: items they hold and have not annotated.
        gold: how often they were right on gold items; None where they answered none.
    """

    annotator_id: int
    name: str
    labels: int
    labels_today: int
    times: tuple[datetime, ...]
    leases: int
    gold: GoldScore | None


def workloads(session: Session, *, today: datetime, times_read: int) -> list[Workload]:
    """Return the work of everybody who annotated or holds something, most labels first.

    Args:
        session: of a transaction.
        today: when the day began.
        times_read: how many times of labels are read of each.
    """
    given = dict(_counted(session, None))
    lately = dict(_counted(session, today))
    held, scores = open_leases(session), gold_scores(session)
    found = [
        Workload(
            annotator_id=number,
            name=name,
            labels=given.get(number, 0),
            labels_today=lately.get(number, 0),
            times=tuple(label_times(session, annotator_id=number, limit=times_read)),
            leases=held.get(number, 0),
            gold=scores.get(number),
        )
        for number, name in annotator_names(session).items()
        if number in given or number in held
    ]
    return sorted(found, key=lambda entry: (-entry.labels, entry.name))


def _counted(session: Session, since: datetime | None) -> list[tuple[int, int]]:
    statement = (
        sa.select(AnnotationTable.annotator_id, sa.func.count())
        .where(AnnotationTable.act == "label", AnnotationTable.strategy != MERGED)
        .where(~undone(AnnotationTable.id))
        .group_by(AnnotationTable.annotator_id)
    )
    if since is not None:
        statement = statement.where(AnnotationTable.created_at >= since)
    return [(row[0], row[1]) for row in session.execute(statement)]
