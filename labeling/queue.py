"""What is offered for labelling next, and to whom: proposals of the rounds, leases of the annotators.

An item is open when no act counts on it. An open item that a round proposed is handed to one annotator at a
time; the lease ends when its time is over, or when it is released. The newest round's proposals come first;
where they are used up, older rounds' follow, so that the queue does not run dry while a round runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, aliased

from labeling.checks import KEY_MAX, checked_integer, checked_text, is_storable
from labeling.current import is_open
from labeling.errors import ProposalError
from labeling.tables import AnnotatorTable, LabelClassTable, LeaseTable, ProposalTable

COUNT_MAX = 1_000
"""Items leased at once, at most."""

REASON_MAX = 1_000

NEWEST_ROUNDS = 20
"""Rounds that nearly always hold enough open items; with a thousand rounds, sorting all of them takes 50 ms."""


@dataclass(frozen=True)
class Proposal:
    """An item that a round offers for labelling.

    Attributes:
        item_key: the item's key in the pool.
        round_number: the round that offers it.
        rank: its place in the round, from 0, best first.
        score: higher is more worth a person's time; comparable within a round only.
        kind: why it is offered: discover, balance or refine.
        reason: one sentence for the person.
        strategy: the strategy's name.
        class_id: the class the model suggests, None where it suggests none.
        probability: of that class, 0 to 1.
        runner_up_class_id: the second likeliest class.
        runner_up_probability: of that class.
    """

    item_key: str
    round_number: int
    rank: int
    score: float
    kind: str
    reason: str
    strategy: str
    class_id: int | None = None
    probability: float | None = None
    runner_up_class_id: int | None = None
    runner_up_probability: float | None = None


def store_proposals(session: Session, *, proposals: Sequence[Proposal]) -> None:
    """Store what a round offers.

    Raises:
        ProposalError: a value cannot be stored, a class is unknown, or an item or rank comes twice.
    """
    for proposal in proposals:
        _check(proposal)
    for name in ("item_key", "rank"):
        _refuse_repeats(session, proposals, name)
    wanted = {proposal.class_id for proposal in proposals} | {
        proposal.runner_up_class_id for proposal in proposals
    }
    unknown = wanted - {None} - set(session.execute(sa.select(LabelClassTable.id)).scalars())
    if unknown:
        raise ProposalError(f"there is no class with id {', '.join(map(str, sorted(unknown, key=str)))}")
    if proposals:
        session.execute(sa.insert(ProposalTable), [vars(proposal) for proposal in proposals])


def lease_next(
    session: Session,
    *,
    annotator_id: int,
    count: int,
    lease_s: float,
    now: datetime,
    keep: Sequence[str] = (),
) -> list[Proposal]:
    """Hand the next items to an annotator until `now + lease_s`, renewing leases that are the annotator's own.

    Args:
        session: of a write transaction.
        annotator_id: who gets them.
        count: how many at most, the kept ones included.
        lease_s: how long the leases last.
        now: the moment, in UTC; leases that ended by then are free.
        keep: keys of items to come first, in this order, as the one on the screen; those not proposed by any
            round, not open, or leased to somebody else by now are left out.

    Returns:
        Proposals of distinct open items that nobody else has a lease on: the kept ones, then the newest
        round's in the order of their ranks, then older rounds'.

    Raises:
        ProposalError: a value cannot be used, or there is no such annotator.
    """
    checked_integer(count, what="the number of items", error=ProposalError, least=1, most=COUNT_MAX)
    if not (math.isfinite(lease_s) and lease_s > 0):
        raise ProposalError(f"a lease lasts a finite number of seconds above 0, not {lease_s!r}")
    checked_integer(annotator_id, what="the annotator's id", error=ProposalError, least=1)
    if session.get(AnnotatorTable, annotator_id) is None:
        raise ProposalError(f"there is no annotator with id {annotator_id}")
    session.execute(sa.delete(LeaseTable).where(LeaseTable.expires_at <= now))
    chosen = _kept(session, annotator_id=annotator_id, now=now, keep=list(dict.fromkeys(keep))[:count])
    if len(chosen) < count:
        others = _best(session, annotator_id=annotator_id, count=count, now=now)
        known = {proposal.item_key for proposal in chosen}
        rest = [row for row in others if row.item_key not in known]
        chosen += rest[: count - len(chosen)]
    taken = _take(session, chosen, annotator_id=annotator_id, until=now + timedelta(seconds=lease_s), now=now)
    return [proposal for proposal in chosen if proposal.item_key in taken]


def release(session: Session, *, annotator_id: int, item_keys: Sequence[str] | None = None) -> int:
    """End an annotator's leases on some items, all of them for None; return how many there were."""
    statement = sa.delete(LeaseTable).where(LeaseTable.annotator_id == annotator_id)
    if item_keys is not None:
        statement = statement.where(LeaseTable.item_key.in_(_storable(item_keys)))
    return len(session.execute(statement.returning(LeaseTable.id)).all())


def waiting(session: Session, *, now: datetime) -> int:
    """Return how many proposed items are open and not leased to anybody."""
    # Distinct keys come from the index alone: an item that a hundred rounds proposed is looked at once.
    items = sa.select(ProposalTable.item_key).distinct().subquery("items")
    statement = sa.select(sa.func.count()).select_from(items)
    statement = statement.where(is_open(items.c.item_key), ~_leased_to_others(None, now, items.c.item_key))
    return session.execute(statement).scalar_one()


def proposals_of(session: Session, *, round_number: int) -> list[Proposal]:
    """Return all that a round offered, best first, whatever became of it."""
    statement = sa.select(ProposalTable).where(ProposalTable.round_number == round_number)
    return _read(session, statement.order_by(ProposalTable.rank))


def _available(*, annotator_id: int | None, now: datetime) -> sa.Select[Any]:
    """Return the newest proposal of each open item that nobody else has a lease on, best first."""
    newer = aliased(ProposalTable)
    statement = sa.select(ProposalTable).where(
        ~sa.exists().where(
            newer.item_key == ProposalTable.item_key, newer.round_number > ProposalTable.round_number
        ),
        is_open(ProposalTable.item_key),
        ~_leased_to_others(annotator_id, now, ProposalTable.item_key),
    )
    return statement.order_by(ProposalTable.round_number.desc(), ProposalTable.rank)


def _kept(session: Session, *, annotator_id: int, now: datetime, keep: list[str]) -> list[Proposal]:
    if not keep:
        return []
    statement = _available(annotator_id=annotator_id, now=now)
    found = _read(session, statement.where(ProposalTable.item_key.in_(_storable(keep))))
    by_key = {proposal.item_key: proposal for proposal in found}
    return [by_key[key] for key in keep if key in by_key]


def _best(session: Session, *, annotator_id: int, count: int, now: datetime) -> list[Proposal]:
    """Return the first `count` available proposals; looks at all rounds only where the newest do not suffice."""
    statement = _available(annotator_id=annotator_id, now=now).limit(count)
    newest = session.execute(sa.select(sa.func.max(ProposalTable.round_number))).scalar_one() or 0
    found = _read(session, statement.where(ProposalTable.round_number > newest - NEWEST_ROUNDS))
    return found if len(found) == count or newest <= NEWEST_ROUNDS else _read(session, statement)


def _leased_to_others(
    annotator_id: int | None,
    now: datetime,
    item_key: Any,  # noqa: ANN401 - any column or expression
) -> sa.ColumnElement[bool]:
    condition = sa.and_(LeaseTable.item_key == item_key, LeaseTable.expires_at > now)
    if annotator_id is not None:
        condition = sa.and_(condition, LeaseTable.annotator_id != annotator_id)
    return sa.exists().where(condition)


def _take(
    session: Session, proposals: list[Proposal], *, annotator_id: int, until: datetime, now: datetime
) -> set[str]:
    """Write the leases; return the keys of those that were not somebody else's at that moment."""
    if not proposals:
        return set()
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    # One order for all, so that two writers without the write lock cannot wait for each other in a circle.
    keys = sorted(proposal.item_key for proposal in proposals)
    statement = insert(LeaseTable).values(
        [{"item_key": key, "annotator_id": annotator_id, "expires_at": until} for key in keys]
    )
    statement = statement.on_conflict_do_update(
        index_elements=[LeaseTable.item_key],
        set_={"annotator_id": annotator_id, "expires_at": until},
        where=sa.or_(LeaseTable.annotator_id == annotator_id, LeaseTable.expires_at <= now),
    )
    return set(session.execute(statement.returning(LeaseTable.item_key)).scalars())


def _read(session: Session, statement: sa.Select[Any]) -> list[Proposal]:
    names = [entry.name for entry in fields(Proposal)]
    return [
        Proposal(**{name: getattr(row, name) for name in names})
        for row in session.execute(statement).scalars()
    ]


def _storable(item_keys: Sequence[str]) -> list[str]:
    """Leave out what no stored key can be, instead of asking a database that would refuse the text."""
    return [key for key in item_keys if len(key) <= KEY_MAX and is_storable(key)]


def _check(proposal: Proposal) -> None:
    invalid = ProposalError
    checked_text(proposal.item_key, what="the item's key", error=invalid, longest=KEY_MAX, shortest=1)
    checked_text(proposal.kind, what="the proposal's kind", error=invalid, longest=64)
    checked_text(proposal.strategy, what="the strategy's name", error=invalid, longest=64)
    checked_text(proposal.reason, what="the proposal's reason", error=invalid, longest=REASON_MAX)
    checked_integer(proposal.round_number, what="the round's number", error=invalid)
    checked_integer(proposal.rank, what="the proposal's rank", error=invalid)
    if not math.isfinite(proposal.score):
        raise invalid(f"the score of item {proposal.item_key!r} is {proposal.score}; it must be finite")
    for probability in (proposal.probability, proposal.runner_up_probability):
        if probability is not None and not 0 <= probability <= 1:
            raise invalid(
                f"a probability of item {proposal.item_key!r} is {probability}; it must be in 0 to 1"
            )


def _refuse_repeats(session: Session, proposals: Sequence[Proposal], name: str) -> None:
    seen: set[tuple[int, Any]] = set()
    for number in {proposal.round_number for proposal in proposals}:
        column = getattr(ProposalTable, name)
        stored = session.execute(sa.select(column).where(ProposalTable.round_number == number)).scalars()
        seen |= {(number, value) for value in stored}
    for proposal in proposals:
        pair = (proposal.round_number, getattr(proposal, name))
        if pair in seen:
            raise ProposalError(f"round {pair[0]} offers {name} {pair[1]!r} twice")
        seen.add(pair)
