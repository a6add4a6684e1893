"""How several people are getting on: labels, pace, what they hold, how often they are right on gold items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from app.context import ServerContext
from app.progress import pace_of
from labeling.gold import GoldScore
from labeling.workload import workloads
from models.prior import wilson_interval

TIMES_READ = 300


@dataclass(frozen=True)
class GoldAccuracy:
    """How often a person is right on gold items.

    Attributes:
        share: right answers among those that give a class, 0 to 1.
        low: lower end of the 95 % interval by Wilson (1927).
        high: upper end.
        answered: how many answers give a class.
    """

    share: float
    low: float
    high: float
    answered: int


@dataclass(frozen=True)
class PersonRow:
    """A person in the table.

    Attributes:
        name: as others see them.
        labels: labels given in all.
        labels_today: of these, since midnight of the server.
        pace: labels a minute lately; None with too few.
        leases: items they hold and have not answered.
        gold: how often they are right on gold items; None where they answered none.
    """

    name: str
    labels: int
    labels_today: int
    pace: float | None
    leases: int
    gold: GoldAccuracy | None


def read_team(context: ServerContext) -> list[PersonRow]:
    """Return a row for each person, most labels first; its cost grows with the labels, for a reader's thread."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    with context.project.database.reading() as session:
        found = workloads(session, today=midnight.astimezone(UTC), times_read=TIMES_READ)
    return [
        PersonRow(
            name=entry.name,
            labels=entry.labels,
            labels_today=entry.labels_today,
            pace=pace_of(entry.times),
            leases=entry.leases,
            gold=None if entry.gold is None else gold_accuracy(entry.gold),
        )
        for entry in found
    ]


def gold_accuracy(score: GoldScore) -> GoldAccuracy:
    """Return the share of right answers with its interval.

    Args:
        score: of a person who answered one gold item at least.
    """
    low, high = wilson_interval(np.array([float(score.right)]), np.array([float(score.answered)]))
    return GoldAccuracy(score.right / score.answered, float(low[0]), float(high[0]), score.answered)
