"""What the pages show of a project's state, read from the database in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.counts import RunningCounts
from app.easing import eased_words
from app.layouts import LayoutState
from app.project import now
from labeling.audit_set import count_audit_acts, count_open_audit
from labeling.classes import LabelClass, list_classes
from labeling.clock import database_now
from labeling.current import is_alone
from labeling.database import Database
from labeling.gold import has_gold
from labeling.queue import waiting
from labeling.round_log import RoundRow, latest_round
from labeling.seeks import Seek, list_seeks, seek_revision


@dataclass(frozen=True)
class Status:
    """The project at one moment.

    Attributes:
        revision: the label revision.
        classes: the open classes, in order.
        counts: (class id, labels) pairs of the present labels.
        acts: (act, items) pairs of what was said of items.
        latest: the last finished round.
        running: the round that runs.
        failed: the newest round, if it failed.
        waiting: proposals that wait for a label.
        seek_revision: grows with every seek that is added or taken back.
        seeks: what is sought, oldest first.
        layout: what becomes of the map's better layout; the supervisor fills it in.
        retry: after a failure, how the next round is made easier, in words; the supervisor fills it in, too.
        moment: the database's clock when this was read, while a round runs; it does not make a status another one.
        team: whether several people have annotated, or there are gold items.
        audit_left: items of the audit set that nobody has answered.
        audit_fresh: acts since the last round that are about the audit set: no round learns from them.
        renewing: whether the server is about to start again; it says so itself.
    """

    revision: int
    classes: tuple[LabelClass, ...]
    counts: tuple[tuple[int, int], ...]
    acts: tuple[tuple[str, int], ...]
    latest: RoundRow | None
    running: RoundRow | None
    failed: RoundRow | None
    waiting: int
    seek_revision: int = 0
    seeks: tuple[Seek, ...] = ()
    layout: LayoutState = field(default_factory=LayoutState)
    retry: str = ""
    moment: datetime | None = field(default=None, compare=False)
    team: bool = False
    audit_left: int = 0
    audit_fresh: int = 0
    renewing: bool = False

    @property
    def round_number(self) -> int:
        """The number of the last finished round; 0 before the first."""
        return self.latest.number if self.latest is not None else 0

    @property
    def fresh(self) -> int:
        """Acts since the last finished round that another one can learn from."""
        since = self.latest.revision if self.latest is not None else 0
        return max(self.revision - since - self.audit_fresh, 0)

    @property
    def labelled(self) -> int:
        """Items that have a label now."""
        return sum(count for _, count in self.counts)

    def count_of(self, class_id: int) -> int:
        """Return how many items have a label of that class."""
        return dict(self.counts).get(class_id, 0)


def read_status(
    database: Database, *, counts: RunningCounts | None = None, known: Status | None = None
) -> Status:
    """Read the status of a project.

    Args:
        database: the opened database.
        counts: the server's running counts, so that not every label is counted at every look.
        known: the status last read; what cannot have changed since is taken from it.
    """
    with database.reading() as session:
        newest = latest_round(session, state=None)
        latest = newest if newest is None or newest.state == "done" else latest_round(session)
        classes = tuple(list_classes(session))
        tally = (counts or RunningCounts()).read(session)
        sought = seek_revision(session)
        same_seeks = known is not None and known.seek_revision == sought
        same_labels = known is not None and known.revision == tally.revision
        audit_left = count_open_audit(session)
        same_queue = known is not None and (known.revision, known.latest, known.audit_left) == (
            tally.revision,
            latest,
            audit_left,
        )
        running = newest if newest is not None and newest.state == "running" else None
        return Status(
            revision=tally.revision,
            classes=classes,
            counts=tuple(tally.classes.items()),
            acts=tuple((str(act), count) for act, count in tally.acts.items()),
            latest=latest,
            running=running,
            failed=newest if newest is not None and newest.state == "failed" else None,
            waiting=known.waiting if known is not None and same_queue else waiting(session),
            seek_revision=sought,
            team=known.team
            if known is not None and (known.team or same_labels)
            else not is_alone(session) or has_gold(session),
            seeks=known.seeks if known is not None and same_seeks else tuple(list_seeks(session)),
            moment=None if running is None else database_now(session),
            audit_left=audit_left,
            audit_fresh=_audit_fresh(session, tally.revision, latest),
        )


def _audit_fresh(session: Any, revision: int, latest: RoundRow | None) -> int:  # noqa: ANN401 - a session
    since = 0 if latest is None else latest.revision
    return count_audit_acts(session, since=since) if revision > since else 0


def describe_round(status: Status) -> str:
    """Return one line about what the worker is doing, for the page's status line."""
    if status.running is not None:
        row = status.running
        passed_s = max(((status.moment or now()) - row.started_at).total_seconds(), 0.0)
        share = round(100 * (row.progress or 0))
        stage = row.stage or "starting"
        line = f"Round {row.number}: {stage} · {share} % · {passed_s:.1f} s · {status.labelled} labels"
        return line + _eased(row)
    arranged = status.layout.share
    arranging = "" if arranged is None else f" · arranging the map {100 * arranged:.0f} %"
    return _describe_last(status) + arranging


def _describe_last(status: Status) -> str:
    """Return one line about the last round while none runs."""
    if status.failed is not None:
        row = status.failed
        again = f" with {status.retry}" if status.retry else ""
        return (
            f"Round {row.number} failed: {row.error}. Labelling goes on; the next round tries again{again}."
        )
    if status.latest is None:
        return "The first proposals are being computed"
    row = status.latest
    labels = "1 label" if row.labels_used == 1 else f"{row.labels_used} labels"
    since = f" · {status.fresh} new since" if status.fresh else ""
    passed_s = max(row.seconds or 0.0, 0.0)
    return f"Round {row.number} finished in {passed_s:.1f} s with {labels}{_eased(row)}{since}"


def _eased(row: RoundRow) -> str:
    words = eased_words(row)
    return f" · made easier after a failure: {words}" if words else ""
