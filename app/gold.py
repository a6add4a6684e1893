"""Gold items among the others: when a person is shown one, and in what clothes.

Every so many items of a person one is a gold item: one in each block of 1 / `team.gold_share` items, at a place in the
block that the seed draws. So it does not matter which server answers, or how often a browser asks. A gold item looks
like one that a round proposed: it has a kind, a reason and what a model that did not learn its label makes of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from app.context import ServerContext
from app.guesses import RoundGuesses
from labeling.gold import annotations_of, gold_for
from labeling.overlap import lot
from labeling.queue import Proposal
from strategies.wording import boundary_reason


def with_gold(
    context: ServerContext,
    session: Any,  # noqa: ANN401 - a session of labeling.database
    proposals: Sequence[Proposal],
    *,
    kept: Sequence[str],
    count: int,
) -> list[Proposal]:
    """Return what a person is shown next, with gold items among it.

    Args:
        context: the running server; its person is who asks.
        session: of a transaction.
        proposals: what the queue handed out, the kept ones first.
        kept: keys that stay in front, as the one on the screen; gold items too.
        count: how many items are shown at most.
    """
    share, seed = context.project.config.team.gold_share, context.project.config.project.seed
    if not share or not proposals:
        return list(proposals)
    person = context.annotator_id
    # One more than can come up, since one may be on the screen.
    ready = gold_for(session, annotator_id=person, seed=seed, limit=math.ceil(count * share) + 1 + len(kept))
    if not ready:
        return list(proposals)
    guesses = RoundGuesses(context, max(proposal.round_number for proposal in proposals))
    queued = {proposal.item_key: proposal for proposal in proposals}
    front = {
        key: queued[key] if key in queued else dressed(key, proposals, guesses)
        for key in kept
        if key in queued or key in ready
    }
    spare = iter([key for key in ready if key not in front])
    found = list(front.values())
    begin = annotations_of(session, annotator_id=person)
    for proposal in proposals:
        if proposal.item_key in front or proposal.item_key in ready:
            continue
        if is_turn(begin + len(found), share, f"{seed}:{person}"):
            found += [dressed(key, proposals, guesses) for key in itertools.islice(spare, 1)]
        found.append(proposal)
    return found[:count]


def is_turn(place: int, share: float, seed: str) -> bool:
    """Return whether the item at a place in a person's queue, from 0, is a gold one.

    Args:
        place: how many items came before it.
        share: share of the items shown that are gold, above 0.
        seed: the places follow from it.
    """
    exact = Fraction(share).limit_denominator(10_000)
    block = int(place * exact)
    first, last = math.ceil(block / exact), math.ceil((block + 1) / exact) - 1
    return place == first + int(lot(f"{seed}:{block}") * (last - first + 1))


def dressed(item_key: str, beside: Sequence[Proposal], guesses: RoundGuesses) -> Proposal:
    """Return a gold item as if a round had proposed it.

    Args:
        item_key: the item.
        beside: proposals that a person is shown with it; one of them lends it what no model says.
        guesses: what the last round says of items.
    """
    like = beside[int(lot(item_key) * len(beside))]
    found = guesses.of(item_key)
    if not found:
        return replace(like, item_key=item_key)
    ids, (first, second) = guesses.class_ids, (found[0], found[1] if len(found) > 1 else None)
    shares = (first[1], 0.0 if second is None else second[1])
    return replace(
        like,
        item_key=item_key,
        round_number=guesses.number,
        kind="refine",
        reason=boundary_reason(guesses.class_names, first[0], -1 if second is None else second[0], shares),
        class_id=ids[first[0]],
        probability=first[1],
        runner_up_class_id=None if second is None else ids[second[0]],
        runner_up_probability=None if second is None else second[1],
    )
