"""Items as the browser gets them: a proposal with its view, ready for the label card."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from labeling.annotations import Act, Annotation
from labeling.audit_set import AUDIT
from labeling.class_tree import class_tree, counts_with_children
from labeling.classes import LabelClass
from labeling.groups import LastGroup
from labeling.pools.pool import Pool
from labeling.queue import Proposal

Json = dict[str, Any]

TEXT_AHEAD = 20_000
"""Characters of a text that travel ahead with the queue: it holds twenty items."""


def queue_item(pool: Pool, proposal: Proposal, classes: Mapping[int, LabelClass]) -> Json:
    """Return a proposal as the card shows it.

    Args:
        pool: the opened pool.
        proposal: what to show.
        classes: the classes by id.
    """
    row = pool.row(proposal.item_key)
    return {
        "key": proposal.item_key,
        "row": row,
        "round": proposal.round_number,
        "rank": proposal.rank,
        "kind": proposal.kind,
        "reason": proposal.reason,
        "strategy": proposal.strategy,
        "score": finite(proposal.score),
        "suggestion": _guess(proposal.class_id, proposal.probability, classes),
        "runner_up": _guess(proposal.runner_up_class_id, proposal.runner_up_probability, classes),
        **item_view(pool, row),
    }


def picked_item(pool: Pool, row: int, *, label: LabelClass | None = None) -> Json:
    """Return an item that the person chose on the map: nobody proposed it, so it has no reason but that.

    Args:
        pool: the opened pool.
        row: the item.
        label: the class of its label, where it has one.
    """
    known = f" It is labelled {label.name!r}; another answer replaces that." if label is not None else ""
    return {
        "key": pool.key(row),
        "row": row,
        "round": None,
        "rank": 0,
        "kind": "",
        "reason": f"You picked this item.{known}",
        "strategy": "",
        "score": None,
        "suggestion": None,
        "runner_up": None,
        **item_view(pool, row),
    }


def audit_item(pool: Pool, row: int) -> Json:
    """Return an item of the audit set: nothing that anybody or the model makes of it, nor where the map has it."""
    return picked_item(pool, row) | {
        "row": None,
        "kind": AUDIT,
        "reason": "From the audit set: judge it by itself. Nothing is suggested, so that the figures are honest.",
    }


def item_view(pool: Pool, row: int | None) -> Json:
    """Return how to show an item: `view` and `extra`.

    A long text is cut, and `text_length` then says how long it is; the rest is asked for by those who read on.
    """
    if row is None:
        return {"view": {"type": "unreadable", "problem": "This item is no longer in the pool."}, "extra": []}
    seen = pool.view(row)
    text = seen.text
    return {
        "view": {
            "type": seen.type,
            "text": text if text is None else text[:TEXT_AHEAD],
            "text_length": len(text) if text is not None and len(text) > TEXT_AHEAD else None,
            "image": f"/media/{row}?v={pool_version(pool)}" if seen.has_image else None,
            "series": f"/api/series/{row}?v={pool_version(pool)}" if seen.has_series else None,
            "fields": [[name, value] for name, value in seen.fields],
            "problem": seen.problem,
        },
        "extra": [[name, value] for name, value in seen.extra],
    }


def pool_version(pool: Pool) -> str:
    """Return the beginning of the pool's hash, for addresses of what may be cached."""
    return pool.hash[:12]


def class_list(classes: Sequence[LabelClass], counts: Mapping[int, int]) -> list[Json]:
    """Return the classes as the browser needs them, each followed by those under it.

    Args:
        classes: in order; a class whose parent is not among them stands at the top.
        counts: labels by class id.
    """
    nodes = class_tree(classes)
    totals = counts_with_children(nodes, counts)
    return [
        {
            "id": entry.id,
            "name": entry.name,
            "key": entry.key,
            "colour": entry.colour,
            "description": entry.description,
            "count": counts.get(entry.id, 0),
            "total": totals[entry.id],
            "parent_id": node.parent_id,
            "depth": node.depth,
            "path": node.path_text,
            "target": entry.target,
        }
        for node in nodes
        for entry in (node.label_class,)
    ]


def history_item(entry: Annotation, *, classes: Mapping[int, LabelClass]) -> Json:
    """Return an annotation as the card's undo needs it."""
    label_class = classes.get(entry.class_id) if entry.class_id is not None else None
    return {
        "uid": entry.uid,
        "item_key": entry.item_key,
        "act": str(Act(entry.act)),
        "class_id": entry.class_id,
        "class_name": label_class.name if label_class else None,
        "comment": entry.comment,
        "undone": entry.undone,
        "created_at": entry.created_at.isoformat(),
    }


def history_group(group: LastGroup, *, classes: Mapping[int, LabelClass]) -> Json:
    """Return labels that were given at once as one step of the card's undo."""
    label_class = classes.get(group.class_id) if group.class_id is not None else None
    return {
        "uid": group.uid,
        "item_key": "",
        "act": "group",
        "class_id": group.class_id,
        "class_name": label_class.name if label_class else None,
        "count": group.count,
        "undone": group.count == 0,
    }


def finite(value: float | None) -> float | None:
    """Return the value, or None for what JSON has no word for."""
    return value if value is not None and math.isfinite(value) else None


def _guess(class_id: int | None, probability: float | None, classes: Mapping[int, LabelClass]) -> Json | None:
    # Archived since the round chose the item: it can be suggested no more.
    if class_id is None or class_id not in classes or classes[class_id].archived:
        return None
    return {"class_id": class_id, "name": classes[class_id].name, "probability": finite(probability)}
