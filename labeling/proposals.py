"""What the rounds offer for labelling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import KEY_MAX, checked_integer, checked_text
from labeling.errors import ProposalError
from labeling.tables import LabelClassTable, ProposalTable

REASON_MAX = 1_000


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


def proposals_of(session: Session, *, round_number: int) -> list[Proposal]:
    """Return all that a round offered, best first, whatever became of it."""
    statement = sa.select(ProposalTable).where(ProposalTable.round_number == round_number)
    return read_proposals(session, statement.order_by(ProposalTable.rank))


def read_proposals(session: Session, statement: sa.Select[Any]) -> list[Proposal]:
    """Return what a select of proposals finds, in its order."""
    names = [entry.name for entry in fields(Proposal)]
    return [
        Proposal(**{name: getattr(row, name) for name in names})
        for row in session.execute(statement).scalars()
    ]


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
