"""What is offered for labelling next, and to whom: proposals of the rounds, leases of the annotators.

An item waits for as many people as the project wants labels of it, one unless `labeling.overlap` says otherwise. It is
open for a person who has not annotated it while those who have, and those who hold a lease on it, are fewer. A lease
ends when its time is over, or when it is released; a label that arrives later is stored and counts all the same.

What others have begun comes first, oldest first, so that it is finished; then the newest round's proposals; where they
are used up, older rounds' follow, so that the queue does not run dry while a round runs. Each tab of a person's browser
has leases of its own: what one tab holds comes in another one only when nothing else is left.

Whoever leases holds the database's write lock (`Database.transaction`); so two people never take the last place of an
item at once. The time is one clock's: the database server's on PostgreSQL, however wrong the clocks of the servers
before it are, and the machine's on SQLite. After that one was set back, no lease lasts longer than one made now.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, aliased

from labeling.audit_set import held_out, open_audit_keys
from labeling.checks import KEY_MAX, checked_integer, checked_text, is_storable
from labeling.clock import database_now
from labeling.current import is_open
from labeling.errors import ProposalError
from labeling.overlap import Begun, Overlap
from labeling.proposals import Proposal, proposals_of, read_proposals, store_proposals
from labeling.tables import AnnotationTable, AnnotatorTable, LeaseTable, ProposalTable

__all__ = [
    "Proposal",
    "lease_audit",
    "lease_next",
    "open_leases",
    "proposals_of",
    "release",
    "renew_audit",
    "store_proposals",
    "waiting",
]

AUDIT_TAB = "audit-set"
"""Stands in for the tab of leases on the audit set: what a tab fetches next must not give them back."""

COUNT_MAX = 1_000
"""Items leased at once, at most."""

NEWEST_ROUNDS = 20
"""Rounds that nearly always hold enough open items; with a thousand rounds, sorting all of them takes 50 ms."""

LOOKED_UP_AT_ONCE = 200


@dataclass(frozen=True)
class _Desk:
    """What is leased at the moment, as one tab of one person sees it.

    Attributes:
        annotator_id: who asks.
        tab: in which tab.
        overlap: how many people shall annotate an item.
        begun: the items that some have annotated.
        others: who else holds a lease on each item.
        elsewhere: keys of items that the person holds in another tab.
    """

    annotator_id: int
    tab: str
    overlap: Overlap
    begun: Begun
    others: dict[str, set[int]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)

    def full(self) -> set[str]:
        """Return the keys of items that nobody annotated yet and as many others hold as may."""
        return {key for key, people in self.others.items() if len(people) >= self.overlap.wanted(key)}

    def may_finish(self, item_key: str) -> bool:
        """Return whether the person may annotate an item that others have begun."""
        voters = self.begun.voters.get(item_key)
        if voters is None or self.annotator_id in voters:
            return False
        return len(voters | self.others.get(item_key, set())) < self.overlap.wanted(item_key)


def lease_next(
    session: Session,
    *,
    annotator_id: int,
    count: int,
    lease_s: float,
    now: datetime | None = None,
    keep: Sequence[str] = (),
    tab: str = "",
    overlap: Overlap | None = None,
    begun: Begun | None = None,
) -> list[Proposal]:
    """Hand the next items to an annotator until `now + lease_s`, renewing leases that are the annotator's own.

    Args:
        session: of a write transaction.
        annotator_id: who gets them.
        count: how many at most, the kept ones included.
        lease_s: how long the leases last.
        now: the moment, in UTC; leases that ended by then are free. None for the leases' own clock.
        keep: keys of items to come first, in this order, as the one on the screen; those not proposed by any
            round, not open, or leased to somebody else by now are left out.
        tab: which tab of the annotator's browser asks.
        overlap: how many people shall annotate an item; None for one.
        begun: the items that some have annotated, of this moment; needed where several shall.

    Returns:
        Proposals of distinct items that are open for the annotator: the kept ones, those that others have begun, the
        newest round's in the order of their ranks, older rounds', then those that another tab holds.

    Raises:
        ProposalError: a value cannot be used, or there is no such annotator.
    """
    checked_integer(count, what="the number of items", error=ProposalError, least=1, most=COUNT_MAX)
    checked_text(tab, what="the tab's name", error=ProposalError, longest=64)
    if not (math.isfinite(lease_s) and lease_s > 0):
        raise ProposalError(f"a lease lasts a finite number of seconds above 0, not {lease_s!r}")
    checked_integer(annotator_id, what="the annotator's id", error=ProposalError, least=1)
    if session.get(AnnotatorTable, annotator_id) is None:
        raise ProposalError(f"there is no annotator with id {annotator_id}")
    moment = now or database_now(session)
    until = moment + timedelta(seconds=lease_s)
    session.execute(sa.delete(LeaseTable).where(LeaseTable.expires_at <= moment))
    desk = _look(session, _Desk(annotator_id, tab, overlap or Overlap(), begun or Begun()), until)
    chosen: dict[str, Proposal] = {}
    for found in _offers(session, desk, count, list(dict.fromkeys(keep))[:count]):
        for proposal in found:
            chosen.setdefault(proposal.item_key, proposal)
        if len(chosen) >= count:
            break
    taken = list(chosen.values())[:count]
    _take(session, [proposal.item_key for proposal in taken], desk, until)
    return taken


def lease_audit(
    session: Session, *, annotator_id: int, count: int, lease_s: float, now: datetime | None = None
) -> list[str]:
    """Hand items of the audit set that nobody has answered to an annotator, so that two people never get the same.

    What the annotator holds already comes again, in its order: any beginning of a draw is spread as the whole is.

    Args:
        session: of a write transaction.
        annotator_id: who gets them.
        count: how many at most.
        lease_s: how long the leases last, unless `renew_audit` prolongs them.
        now: the moment, in UTC; None for the leases' own clock.

    Returns:
        Item keys, first to answer first; none where others hold all that is left.

    Raises:
        ProposalError: the count cannot be used.
    """
    checked_integer(count, what="the number of items", error=ProposalError, least=1, most=COUNT_MAX)
    moment = now or database_now(session)
    until = moment + timedelta(seconds=lease_s)
    session.execute(sa.delete(LeaseTable).where(LeaseTable.expires_at <= moment))
    desk = _look(session, _Desk(annotator_id, AUDIT_TAB, Overlap(), Begun()), until)
    keys = open_audit_keys(session, limit=count, without=desk.others.keys())
    _take(session, keys, desk, until)
    return keys


def renew_audit(session: Session, *, annotator_id: int, lease_s: float, now: datetime | None = None) -> None:
    """Prolong an annotator's leases on the audit set, while they are at it.

    Args:
        session: of a write transaction.
        annotator_id: whose leases.
        lease_s: how long they last from now.
        now: the moment, in UTC; None for the leases' own clock.
    """
    moment = now or database_now(session)
    statement = sa.update(LeaseTable).where(
        LeaseTable.annotator_id == annotator_id, LeaseTable.tab == AUDIT_TAB, LeaseTable.expires_at > moment
    )
    session.execute(statement.values(expires_at=moment + timedelta(seconds=lease_s)))


def release(
    session: Session, *, annotator_id: int, item_keys: Sequence[str] | None = None, tab: str | None = None
) -> int:
    """End an annotator's leases; return how many there were.

    Args:
        session: of a write transaction.
        annotator_id: whose leases.
        item_keys: on which items; None for all.
        tab: those that one tab holds; None for all tabs'.
    """
    statement = sa.delete(LeaseTable).where(LeaseTable.annotator_id == annotator_id)
    if item_keys is not None:
        statement = statement.where(LeaseTable.item_key.in_(_storable(item_keys)))
    if tab is not None:
        statement = statement.where(LeaseTable.tab == tab)
    return len(session.execute(statement.returning(LeaseTable.id)).all())


def waiting(session: Session, *, now: datetime | None = None) -> int:
    """Return how many proposed items nobody has annotated and nobody holds.

    Args:
        session: of a transaction.
        now: the moment, in UTC; None for the leases' own clock.
    """
    moment = now or database_now(session)
    # Distinct keys come from the index alone: an item that a hundred rounds proposed is looked at once.
    items = sa.select(ProposalTable.item_key).distinct().subquery("items")
    leased = sa.exists().where(LeaseTable.item_key == items.c.item_key, LeaseTable.expires_at > moment)
    free = sa.and_(is_open(items.c.item_key), ~leased, ~held_out(items.c.item_key))
    statement = sa.select(sa.func.count()).select_from(items).where(free)
    return session.execute(statement).scalar_one()


def open_leases(session: Session, *, now: datetime | None = None) -> dict[int, int]:
    """Return how many items each annotator holds and has not annotated yet, by annotator id.

    Args:
        session: of a transaction.
        now: the moment, in UTC; None for the leases' own clock.
    """
    moment = now or database_now(session)
    annotated = sa.exists().where(
        AnnotationTable.item_key == LeaseTable.item_key,
        AnnotationTable.annotator_id == LeaseTable.annotator_id,
        AnnotationTable.act != "undo",
    )
    statement = (
        sa.select(LeaseTable.annotator_id, sa.func.count())
        .where(LeaseTable.expires_at > moment, ~annotated)
        .group_by(LeaseTable.annotator_id)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def _look(session: Session, desk: _Desk, until: datetime) -> _Desk:
    """Fill the desk; a lease that lasts longer than one made now is of before the clock was set back, and is cut."""
    statement = sa.select(LeaseTable.item_key, LeaseTable.annotator_id, LeaseTable.tab, LeaseTable.expires_at)
    rows = session.execute(statement).all()
    if any(row[3] > until for row in rows):
        session.execute(sa.update(LeaseTable).where(LeaseTable.expires_at > until).values(expires_at=until))
    for key, annotator_id, tab, _ in rows:
        if annotator_id != desk.annotator_id:
            desk.others.setdefault(key, set()).add(annotator_id)
        elif tab != desk.tab:
            desk.elsewhere.add(key)
    return desk


def _offers(session: Session, desk: _Desk, count: int, keep: list[str]) -> Iterator[Sequence[Proposal]]:
    """Yield what may be handed out, best first, until nobody asks for more."""
    if keep:
        yield _kept(session, desk, keep)
    yield from _to_finish(session, desk)
    yield _fresh(session, count, without=desk.full() | desk.elsewhere)
    if desk.elsewhere:
        yield _fresh(session, count, without=desk.full())


def _kept(session: Session, desk: _Desk, keep: list[str]) -> list[Proposal]:
    fresh = _newest(desk.full()).where(is_open(ProposalTable.item_key))
    finishing = [key for key in keep if desk.may_finish(key)]
    found = read_proposals(session, fresh.where(ProposalTable.item_key.in_(_storable(keep))))
    if finishing:
        found += read_proposals(session, _newest(()).where(ProposalTable.item_key.in_(finishing)))
    by_key = {proposal.item_key: proposal for proposal in found}
    return [by_key[key] for key in keep if key in by_key]


def _to_finish(session: Session, desk: _Desk) -> Iterator[list[Proposal]]:
    """Yield the items that others have begun, about the oldest first; those that no round proposed are left out."""
    keys = [key for key in desk.begun.voters if key not in desk.elsewhere and desk.may_finish(key)]
    for start in range(0, len(keys), LOOKED_UP_AT_ONCE):
        part = keys[start : start + LOOKED_UP_AT_ONCE]
        found = read_proposals(session, _newest(()).where(ProposalTable.item_key.in_(part)))
        by_key = {proposal.item_key: proposal for proposal in found}
        yield [by_key[key] for key in part if key in by_key]


def _fresh(session: Session, count: int, *, without: Collection[str]) -> list[Proposal]:
    """Return the first `count` items nobody annotated; looks at all rounds only where the newest do not suffice."""
    statement = _newest(without).where(is_open(ProposalTable.item_key)).limit(count)
    newest = session.execute(sa.select(sa.func.max(ProposalTable.round_number))).scalar_one() or 0
    found = read_proposals(session, statement.where(ProposalTable.round_number > newest - NEWEST_ROUNDS))
    return found if len(found) == count or newest <= NEWEST_ROUNDS else read_proposals(session, statement)


def _newest(without: Collection[str]) -> sa.Select[Any]:
    """Return the newest proposal of each item, best first.

    Args:
        without: keys of items that are left out.
    """
    newer = aliased(ProposalTable)
    statement = sa.select(ProposalTable).where(
        ~sa.exists().where(
            newer.item_key == ProposalTable.item_key, newer.round_number > ProposalTable.round_number
        ),
        # Proposed before it was drawn for the audit set.
        ~held_out(ProposalTable.item_key),
    )
    if without:
        statement = statement.where(ProposalTable.item_key.not_in(sorted(without)))
    return statement.order_by(ProposalTable.round_number.desc(), ProposalTable.rank)


def _take(session: Session, item_keys: Sequence[str], desk: _Desk, until: datetime) -> None:
    """Write the leases; the write lock keeps others from taking one of the items meanwhile."""
    if not item_keys:
        return
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    changed = {"expires_at": until, "tab": desk.tab}
    statement = insert(LeaseTable).values(
        [{"item_key": key, "annotator_id": desk.annotator_id, **changed} for key in item_keys]
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[LeaseTable.item_key, LeaseTable.annotator_id], set_=changed
        )
    )


def _storable(item_keys: Sequence[str]) -> list[str]:
    """Leave out what no stored key can be, instead of asking a database that would refuse the text."""
    return [key for key in item_keys if len(key) <= KEY_MAX and is_storable(key)]
