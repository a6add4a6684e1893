"""What a reviewer is shown: the items that wait for a decision, each with its votes and what the model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.context import ServerContext
from app.cutouts import elsewhere
from app.guesses import RoundGuesses
from app.items import Json, class_list, finite, item_view
from labeling.classes import LabelClass, list_classes
from labeling.reviews import Reason, ReviewItem, Vote, waiting_reviews
from labeling.round_log import latest_round


@dataclass(frozen=True)
class ReviewWish:
    """What a browser asks for.

    Attributes:
        size: items, at most.
        keys: of items to have first, where they wait for review: the one on the screen, or one whose decision was
            taken back.
        without: keys of items that the person skipped.
    """

    size: int = 20
    keys: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def review_page(context: ServerContext, wish: ReviewWish) -> Json:
    """Return the next items to decide, the most pressing first; its cost grows with the annotations.

    Args:
        context: the running server.
        wish: how many, which first, which not.

    Returns:
        `items` as the label card has them, each with `votes` and `is_gold`; `reviews`, how many wait by reason; the
        rest as `app.api_store.next_items` answers.
    """
    project = context.project
    with project.database.reading() as session:
        classes = list_classes(session, archived=True)
        counts = context.counts.read(session)
        latest = latest_round(session)
        found = waiting_reviews(session, limit=wish.size, without=wish.without, first=wish.keys)
    by_id = {entry.id: entry for entry in classes}
    guesses = RoundGuesses(context, latest.number if latest else 0)
    items = [_item(context, entry, by_id, guesses) for entry in found.items]
    return {
        "instance": context.instance,
        "round": latest.number if latest else 0,
        "revision": counts.revision,
        "items": [item for item in items if item is not None],
        "reviews": {str(reason): count for reason, count in found.counts.items()},
        "left": sum(found.counts.values()),
        "classes": class_list([entry for entry in classes if not entry.archived], counts.classes),
    }


def reason_words(item: ReviewItem, classes: Mapping[int, LabelClass]) -> str:
    """Return why an item waits, in one sentence of plain text.

    Args:
        item: the item.
        classes: all classes by id.
    """
    if item.reason is Reason.DISAGREE:
        return f"People disagree: {_tally(item.votes, classes)}."
    if item.reason is Reason.GOLD:
        ruling = max(index for index, vote in enumerate(item.votes) if vote.act == "adjudicate")
        known = _name(item.votes[ruling].class_id, classes)
        answers = [vote for vote in item.votes[ruling:] if vote.gold]
        return f"A gold item known as {known}; the answers to it: {_tally(answers, classes)}."
    who = [vote.annotator for vote in item.votes if vote.act == item.reason]
    return f"{_listed(who)} {'flagged it' if item.reason is Reason.FLAG else 'could not decide'}."


def _item(
    context: ServerContext, entry: ReviewItem, classes: Mapping[int, LabelClass], guesses: RoundGuesses
) -> Json | None:
    pool = context.project.pool
    row = pool.row(entry.item_key)
    if row is None:  # it left the pool with `goldpan refresh`
        return None
    suggested = [
        _guess(guesses.class_ids[column], share, classes) for column, share in guesses.of(entry.item_key)
    ]
    return {
        "key": entry.item_key,
        "row": row,
        "round": None,
        "rank": 0,
        "kind": "",
        "reason": reason_words(entry, classes),
        "strategy": "",
        "score": None,
        "suggestion": suggested[0] if suggested else None,
        "runner_up": suggested[1] if len(suggested) > 1 else None,
        "why": str(entry.reason),
        "votes": [_vote(vote, classes) for vote in entry.votes],
        "is_gold": entry.is_gold,
        **elsewhere(pool, row, context.project.config.views),
        **item_view(pool, row),
    }


def _vote(vote: Vote, classes: Mapping[int, LabelClass]) -> Json:
    return {
        "annotator": vote.annotator,
        "act": vote.act,
        "class_id": vote.class_id,
        "class_name": None if vote.class_id is None else classes[vote.class_id].name,
        "created_at": vote.created_at.isoformat(),
        "comment": vote.comment,
        "gold": vote.gold,
    }


def _guess(class_id: int, share: float, classes: Mapping[int, LabelClass]) -> Json | None:
    if class_id not in classes or classes[class_id].archived:
        return None
    return {"class_id": class_id, "name": classes[class_id].name, "probability": finite(share)}


def _tally(votes: Sequence[Vote], classes: Mapping[int, LabelClass]) -> str:
    given = [vote.class_id for vote in votes if vote.class_id is not None]
    ordered = sorted(dict.fromkeys(given), key=lambda class_id: -given.count(class_id))
    return ", ".join(_said(given.count(class_id), _name(class_id, classes)) for class_id in ordered)


def _said(people: int, name: str) -> str:
    return f"1 says {name}" if people == 1 else f"{people} say {name}"


def _name(class_id: int | None, classes: Mapping[int, LabelClass]) -> str:
    return "nothing" if class_id is None else f"“{classes[class_id].name}”"


def _listed(names: Sequence[str]) -> str:
    first = list(dict.fromkeys(names))[:3]
    more = len(set(names)) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
